//! Compares configurations with the models that transformers and open_clip build from them, and
//! tests which ones are refused.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use pickscore_checkpoint::config::{Activation, ClipConfig, ConfigError, TextPooling, Transformer};
use serde_json::{Value, json};

fn tower(transformer: &Transformer) -> Value {
    json!({
        "width": transformer.width,
        "layers": transformer.layers,
        "heads": transformer.heads,
        "mlp": transformer.mlp,
        "activation": match transformer.activation {
            Activation::Gelu => "gelu",
            Activation::QuickGelu => "quick_gelu",
        },
        "layer_norm_eps": transformer.layer_norm_eps,
    })
}

fn described(config: &ClipConfig) -> Value {
    json!({
        "text": tower(&config.text.transformer),
        "vision": tower(&config.vision.transformer),
        "context": config.text.context,
        "vocabulary": config.text.vocabulary,
        "pooling": match config.text.pooling {
            TextPooling::HighestId => json!("highest"),
            TextPooling::FirstOf(id) => json!(id),
        },
        "image_size": config.vision.image_size,
        "patch_size": config.vision.patch_size,
        "positions": config.vision.positions(),
        "projection": config.projection,
        "parameters": config.parameter_count() as u64,
    })
}

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("fixtures/config.json")).unwrap()
}

#[test]
fn equals_the_reference() {
    let cases = cases();
    assert!(cases.len() >= 26);
    for case in cases {
        let config = ClipConfig::from_json(case["source"].to_string().as_bytes()).unwrap();
        assert_eq!(described(&config), case["model"], "{}", case["name"]);
    }
}

#[test]
fn knows_open_clips_names() {
    for case in cases() {
        let Some(name) = case.get("known_as") else { continue };
        let config = ClipConfig::open_clip(name.as_str().unwrap()).unwrap();
        assert_eq!(described(&config), case["model"], "{name}");
    }
    let error = ClipConfig::open_clip("ViT-Q-14").unwrap_err().to_string();
    assert!(error.contains("\"ViT-Q-14\"") && error.contains("ViT-H-14, ViT-H-14-quickgelu"), "{error}");
}

#[test]
fn lists_as_many_parameters_as_it_counts() {
    for case in cases() {
        let config = ClipConfig::from_json(case["source"].to_string().as_bytes()).unwrap();
        let listed = pickscore_checkpoint::weights::parameters(&config);
        let count: u128 = listed.iter().map(|p| p.shape.iter().product::<usize>() as u128).sum();
        assert_eq!(count, config.parameter_count(), "{}", case["name"]);
    }
}

fn refusal(source: &Value) -> String {
    ClipConfig::from_json(source.to_string().as_bytes()).unwrap_err().to_string()
}

fn hugging_face(text: Value, vision: Value) -> Value {
    json!({ "text_config": text, "vision_config": vision })
}

#[test]
fn refuses_what_is_not_json() {
    let error = ClipConfig::from_json(b"{\"text_config\": ").unwrap_err();
    assert!(matches!(error, ConfigError::NotJson { .. }), "{error}");
    assert!(error.to_string().contains("line 1 column 16"), "{error}");
    assert!(matches!(ClipConfig::from_json(b""), Err(ConfigError::NotJson { .. })));
    assert!(matches!(ClipConfig::from_json(&[0xff, 0xfe]), Err(ConfigError::NotJson { .. })));
}

#[test]
fn refuses_deep_nesting_and_long_files() {
    let deep = "[".repeat(100_000);
    assert!(matches!(ClipConfig::from_json(deep.as_bytes()), Err(ConfigError::NotJson { .. })));
    let long = vec![b' '; (1 << 20) + 1];
    assert!(matches!(ClipConfig::from_json(&long), Err(ConfigError::TooLong { .. })));
}

#[test]
fn refuses_other_models() {
    assert!(refusal(&json!({})).contains("not a CLIP model"));
    assert!(refusal(&json!({"model_type": "bert", "hidden_size": 768})).contains("not a CLIP model"));
    assert!(refusal(&json!([1, 2])).contains("a list; expected an object"));
    let mut siglip = hugging_face(json!({}), json!({}));
    siglip["model_type"] = json!("siglip");
    assert_eq!(
        refusal(&siglip),
        "`model_type` of the model's configuration is \"siglip\"; supported is \"clip\""
    );
}

#[test]
fn names_the_missing_field() {
    assert!(refusal(&json!({"text_config": {}})).contains("`vision_config`"));
    assert_eq!(
        refusal(&json!({"vision_cfg": {}, "text_cfg": {}})),
        "the model's configuration lacks `embed_dim`; expected a whole number"
    );
    assert_eq!(
        refusal(&json!({"embed_dim": 8, "text_cfg": {}, "vision_cfg": null, "model_cfg": null})),
        "the model's configuration lacks `vision_cfg`; expected an object"
    );
}

#[test]
fn names_the_wrong_field() {
    let cases = [
        (
            json!({"hidden_size": "wide"}),
            "`text_config.hidden_size` of the model's configuration is \"wide\"; expected a whole number",
        ),
        (
            json!({"hidden_size": 0}),
            "`text_config.hidden_size` of the model's configuration is 0; expected 1 to 65536",
        ),
        (json!({"hidden_size": -1}), "is -1; expected 1 to 65536"),
        (json!({"hidden_size": 1.5}), "is 1.5; expected a whole number"),
        (
            json!({"num_hidden_layers": 18446744073709551615u64}),
            "is 18446744073709551615; expected 1 to 1024",
        ),
        (
            json!({"num_attention_heads": 7}),
            "`text_config.hidden_size` of the model's configuration is 512; expected a multiple of its 7 heads",
        ),
        (json!({"hidden_act": "relu"}), "is \"relu\"; supported is \"gelu\" or \"quick_gelu\""),
        (
            json!({"hidden_act": 3}),
            "`text_config.hidden_act` of the model's configuration is 3; expected text",
        ),
        (json!({"max_position_embeddings": 2}), "is 2; expected 3 to 16384"),
        (json!({"layer_norm_eps": "small"}), "expected a number"),
        (json!({"layer_norm_eps": -1e-5}), "supported is a number in the supported range"),
    ];
    for (text, expected) in cases {
        let error = refusal(&hugging_face(text, json!({})));
        assert!(error.contains(expected), "{error}");
    }
    assert!(refusal(&hugging_face(json!({}), json!({"num_channels": 4}))).contains("num_channels"));
    assert!(refusal(&hugging_face(json!({}), json!({"patch_size": 225}))).contains("expected 1 to 224"));
    let small = refusal(&hugging_face(json!({}), json!({"image_size": 16})));
    assert!(small.contains("patch_size") && small.contains("32 (its default); expected 1 to 16"), "{small}");
    assert!(
        refusal(&hugging_face(json!(7), json!({})))
            .contains("`text_config` of the model's configuration is 7")
    );
}

#[test]
fn refuses_unsupported_operations() {
    let model = |vision: Value, text: Value| json!({"embed_dim": 8, "vision_cfg": vision, "text_cfg": text});
    let cases = [
        (model(json!({"timm_model_name": "convnext_base"}), json!({})), "vision_cfg.timm_model_name"),
        (model(json!({"attentional_pool": true}), json!({})), "vision_cfg.attentional_pool"),
        (model(json!({"pool_type": "avg"}), json!({})), "vision_cfg.pool_type"),
        (model(json!({"layers": [3, 4, 6, 3]}), json!({})), "vision_cfg.layers"),
        (model(json!({"image_size": [224, 336]}), json!({})), "vision_cfg.image_size"),
        (model(json!({}), json!({"hf_model_name": "roberta-base"})), "text_cfg.hf_model_name"),
        (model(json!({}), json!({"pool_type": "last"})), "text_cfg.pool_type"),
        (model(json!({}), json!({"no_causal_mask": true})), "text_cfg.no_causal_mask"),
        (model(json!({}), json!({"act_kwargs": {"approximate": "tanh"}})), "text_cfg.act_kwargs"),
    ];
    for (source, field) in cases {
        let error = refusal(&source);
        assert!(error.contains(&format!("`{field}`")), "{error}");
    }
}

#[test]
fn refuses_models_that_are_too_large() {
    let wide = json!({"hidden_size": 65536, "intermediate_size": 262144, "num_attention_heads": 64, "num_hidden_layers": 1024});
    let error = refusal(&hugging_face(wide, json!({})));
    assert!(error.contains("expected at most 34359738368"), "{error}");
}
