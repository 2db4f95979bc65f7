//! open_clip's JSON (`open_clip_config.json`, or only its model part) and its model names.

use serde_json::Value;

use super::{
    bounds,
    clip::{Activation, ClipConfig, TextConfig, TextPooling, Transformer, VisionConfig},
    error::ConfigError,
    fields::Fields,
};

/// A model known by its open_clip name: (name, projection, image size, patch size, vision, text),
/// with each tower as (width, layers, heads).
type Named = (&'static str, usize, usize, usize, (usize, usize, usize), (usize, usize, usize));

const NAMED: [Named; 5] = [
    ("ViT-H-14", 1024, 224, 14, (1280, 32, 16), (1024, 24, 16)),
    ("ViT-L-14", 768, 224, 14, (1024, 24, 16), (768, 12, 12)),
    ("ViT-L-14-336", 768, 336, 14, (1024, 24, 16), (768, 12, 12)),
    ("ViT-B-32", 512, 224, 32, (768, 12, 12), (512, 12, 8)),
    ("ViT-B-16", 512, 224, 16, (768, 12, 12), (512, 12, 8)),
];

/// Suffix of the names of models with [`Activation::QuickGelu`].
const QUICK: &str = "-quickgelu";

/// Settings that change what a tower computes, each with the only supported value.
const VISION_SWITCHES: [(&str, Switch); 16] = [
    ("timm_model_name", Switch::Absent),
    ("ls_init_value", Switch::Absent),
    ("attentional_pool", Switch::Off),
    ("no_ln_pre", Switch::Off),
    ("pos_embed_type", Switch::Is("learnable")),
    ("final_ln_after_pool", Switch::Off),
    ("pool_type", Switch::Is("tok")),
    ("act_kwargs", Switch::Absent),
    ("block_type", Switch::Is("default")),
    ("qk_norm", Switch::Off),
    ("scaled_cosine_attn", Switch::Off),
    ("scale_heads", Switch::Off),
    ("scale_attn_inner", Switch::Off),
    ("scale_attn", Switch::Off),
    ("scale_fc", Switch::Off),
    ("output_tokens", Switch::Ignored),
];

const TEXT_SWITCHES: [(&str, Switch); 17] = [
    ("hf_model_name", Switch::Absent),
    ("hf_tokenizer_name", Switch::Absent),
    ("tokenizer_kwargs", Switch::Absent),
    ("ls_init_value", Switch::Absent),
    ("embed_cls", Switch::Off),
    ("no_causal_mask", Switch::Off),
    ("final_ln_after_pool", Switch::Off),
    ("proj_bias", Switch::Off),
    ("proj_type", Switch::Is("linear")),
    ("act_kwargs", Switch::Absent),
    ("block_type", Switch::Is("default")),
    ("qk_norm", Switch::Off),
    ("scaled_cosine_attn", Switch::Off),
    ("scale_heads", Switch::Off),
    ("scale_attn_inner", Switch::Off),
    ("scale_attn", Switch::Off),
    ("scale_fc", Switch::Off),
];

/// The only supported value of a setting.
#[derive(Clone, Copy)]
enum Switch {
    Absent,
    Off,
    Is(&'static str),
    /// Any value: the setting does not change the embedding.
    Ignored,
}

/// Whether a configuration is in this format.
pub(super) fn matches(file: &Fields<'_>) -> bool {
    file.get("model_cfg").is_some() || file.get("vision_cfg").is_some() || file.get("text_cfg").is_some()
}

/// Reads a configuration.
pub(super) fn read(file: &Fields<'_>) -> Result<ClipConfig, ConfigError> {
    let model = file.section("model_cfg")?.unwrap_or(*file);
    let missing = |field: &str| ConfigError::Missing { field: model.name(field), expected: "an object" };
    let vision = model.section("vision_cfg")?.ok_or_else(|| missing("vision_cfg"))?;
    let text = model.section("text_cfg")?.ok_or_else(|| missing("text_cfg"))?;
    check(&vision, &VISION_SWITCHES)?;
    check(&text, &TEXT_SWITCHES)?;
    if model.get("multimodal_cfg").is_some() {
        return Err(model.unsupported("multimodal_cfg", &"set".into(), "none"));
    }
    let activation = if model.flag("quick_gelu")? { Activation::QuickGelu } else { Activation::Gelu };
    Ok(ClipConfig {
        text: text_tower(&text, activation)?,
        vision: vision_tower(&vision, activation)?,
        projection: model.required_count("embed_dim", 1, bounds::WIDTH)?,
    })
}

fn text_tower(text: &Fields<'_>, activation: Activation) -> Result<TextConfig, ConfigError> {
    let width = text.count("width", 512, 1, bounds::WIDTH)?;
    let heads = text.count("heads", 8, 1, bounds::WIDTH)?;
    let pooling = match text.text("pool_type", "argmax")? {
        "argmax" => TextPooling::HighestId,
        "eos" => {
            let id = text.count("eos_id", 2, 0, bounds::VOCABULARY)?;
            u32::try_from(id).map_or(TextPooling::HighestId, TextPooling::FirstOf)
        }
        other => return Err(text.unsupported("pool_type", &other.into(), "\"argmax\" or \"eos\"")),
    };
    Ok(TextConfig {
        transformer: transformer(text, width, heads, activation)?,
        context: text.count("context_length", 77, bounds::CONTEXT.0, bounds::CONTEXT.1)?,
        vocabulary: text.count("vocab_size", 49408, 1, bounds::VOCABULARY)?,
        pooling,
    })
}

fn vision_tower(vision: &Fields<'_>, activation: Activation) -> Result<VisionConfig, ConfigError> {
    let width = vision.count("width", 768, 1, bounds::WIDTH)?;
    let head_width = vision.count("head_width", 64, 1, width as u64)?;
    // open_clip rounds down too; if the width is not divisible, its attention raises an error.
    let heads = width / head_width;
    let image_size = match vision.get("image_size") {
        Some(Value::Array(sides)) if matches!(sides.as_slice(), [height, width] if height == width) => {
            let side = sides[0].as_u64().filter(|side| (1..=bounds::IMAGE).contains(side));
            let side = side.and_then(|side| usize::try_from(side).ok());
            side.ok_or_else(|| vision.unsupported("image_size", &sides[0], "a side of 1 to 4096 pixels"))?
        }
        Some(list @ Value::Array(_)) => {
            return Err(vision.unsupported("image_size", list, "one number, or two equal ones"));
        }
        _ => vision.count("image_size", 224, 1, bounds::IMAGE)?,
    };
    Ok(VisionConfig {
        transformer: transformer(vision, width, heads, activation)?,
        image_size,
        patch_size: vision.count("patch_size", 16, 1, image_size as u64)?,
    })
}

fn transformer(
    tower: &Fields<'_>,
    width: usize,
    heads: usize,
    activation: Activation,
) -> Result<Transformer, ConfigError> {
    if !width.is_multiple_of(heads) {
        return Err(ConfigError::NotDivisible { field: tower.name("width"), width, parts: heads });
    }
    let eps = match tower.section("norm_kwargs")? {
        Some(norm) => norm.number("eps", 1e-5, 0.0, 1.0)?,
        None => 1e-5,
    };
    let mlp = tower.number("mlp_ratio", 4.0, 1e-3, 64.0)? * width as f64;
    Ok(Transformer {
        width,
        heads,
        layers: tower.count("layers", 12, 1, bounds::LAYERS)?,
        mlp: (mlp as usize).max(1),
        activation,
        layer_norm_eps: eps,
    })
}

fn check(tower: &Fields<'_>, switches: &[(&str, Switch)]) -> Result<(), ConfigError> {
    for &(name, switch) in switches {
        let Some(value) = tower.get(name) else { continue };
        match switch {
            Switch::Ignored => {}
            Switch::Off if value == &Value::Bool(false) => {}
            Switch::Is(only) if value == only => {}
            Switch::Absent => return Err(tower.unsupported(name, value, "none")),
            Switch::Off => return Err(tower.unsupported(name, value, "false")),
            Switch::Is(only) => return Err(tower.unsupported(name, value, only)),
        }
    }
    Ok(())
}

/// The model with this open_clip name.
pub(super) fn named(name: &str) -> Result<ClipConfig, ConfigError> {
    let (plain, activation) = match name.strip_suffix(QUICK) {
        Some(plain) => (plain, Activation::QuickGelu),
        None => (name, Activation::Gelu),
    };
    let found = NAMED.iter().find(|(known, ..)| *known == plain);
    let Some(&(_, projection, image_size, patch_size, vision, text)) = found else {
        let known: Vec<_> =
            NAMED.iter().flat_map(|(known, ..)| [(*known).into(), format!("{known}{QUICK}")]).collect();
        return Err(ConfigError::UnknownName { name: name.into(), known: known.join(", ") });
    };
    let transformer = |(width, layers, heads): (usize, usize, usize)| Transformer {
        width,
        layers,
        heads,
        mlp: 4 * width,
        activation,
        layer_norm_eps: 1e-5,
    };
    Ok(ClipConfig {
        text: TextConfig {
            transformer: transformer(text),
            context: 77,
            vocabulary: 49408,
            pooling: TextPooling::HighestId,
        },
        vision: VisionConfig { transformer: transformer(vision), image_size, patch_size },
        projection,
    })
}
