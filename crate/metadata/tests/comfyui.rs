//! ComfyUI graphs, each as small as its test allows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use common::png_texts as png;
use pickscore_metadata::Metadata;
use serde_json::{Value, json};

/// The base graph of all tests, with some nodes replaced and others added.
fn graph(changes: Value) -> Value {
    let mut nodes = json!({
        "3": {"class_type": "KSampler", "inputs": {
            "seed": 5, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
            "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "m.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "ComfyUI"}},
    });
    for (id, node) in changes.as_object().unwrap() {
        nodes[id] = node.clone();
    }
    nodes
}

fn node(kind: &str, inputs: Value) -> Value {
    json!({"class_type": kind, "inputs": inputs})
}

fn sampler(changes: Value) -> Value {
    let mut sampler = graph(json!({}))["3"].clone();
    for (name, value) in changes.as_object().unwrap() {
        sampler["inputs"][name] = value.clone();
    }
    sampler
}

fn read(nodes: &Value) -> Metadata {
    Metadata::of(&png(&[("prompt", &nodes.to_string())])).unwrap()
}

fn texts(changes: Value) -> (Option<String>, Option<String>) {
    let found = read(&graph(changes));
    assert_eq!(found.generator, "comfyui");
    (found.prompt, found.negative_prompt)
}

fn some(prompt: &str, negative: &str) -> (Option<String>, Option<String>) {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (text(prompt), text(negative))
}

#[test]
fn everything_is_found_in_a_plain_graph() {
    let expected = Metadata {
        generator: "comfyui",
        prompt: Some("a fox".into()),
        negative_prompt: Some("blurry".into()),
        seed: Some("5".into()),
        model: Some("m.safetensors".into()),
        steps: Some(20.0),
        guidance: Some(8.0),
        sampler: Some("euler".into()),
        scheduler: Some("normal".into()),
        width: Some(512.0),
        height: Some(768.0),
    };
    assert_eq!(read(&graph(json!({}))), expected);
}

#[test]
fn an_empty_negative_prompt_is_none() {
    for text in [json!(""), json!("  "), json!(["20", 0])] {
        let found = texts(json!({
            "7": node("CLIPTextEncode", json!({"text": text, "clip": ["4", 1]})),
            "20": node("PrimitiveString", json!({"value": ""})),
        }));
        assert_eq!(found, some("a fox", ""));
    }
}

#[test]
fn a_condition_that_is_set_to_zero_has_no_text() {
    let found = texts(json!({"7": node("ConditioningZeroOut", json!({"conditioning": ["6", 0]}))}));
    assert_eq!(found, some("a fox", ""));
}

#[test]
fn links_to_clip_models_and_images_are_not_followed_for_prompts() {
    let found = texts(json!({
        "7": node("SomeEncoder", json!({"clip": ["20", 0], "model": ["20", 0], "image": ["20", 0], "vae": ["20", 0]})),
        "20": node("SomeLoader", json!({"text": "not this", "prompt": "nor this", "clip": ["4", 1]})),
    }));
    assert_eq!(found, some("a fox", ""));
}

#[test]
fn the_output_decides_which_condition_of_a_control_net_it_is() {
    let control = |positive: u8, negative: u8| {
        texts(json!({
            "3": sampler(json!({"positive": ["12", positive], "negative": ["12", negative]})),
            "12": node("ControlNetApplyAdvanced", json!({
                "strength": 1.0, "positive": ["6", 0], "negative": ["7", 0], "control_net": ["13", 0], "image": ["14", 0]})),
        }))
    };
    assert_eq!(control(0, 1), some("a fox", "blurry"));
    assert_eq!(control(1, 0), some("blurry", "a fox"));
    assert_eq!(control(0, 0), some("a fox", "a fox"));
}

#[test]
fn control_nets_in_a_row_keep_the_sides() {
    let found = texts(json!({
        "3": sampler(json!({"positive": ["13", 0], "negative": ["13", 1]})),
        "12": node("SomethingOfSomeone", json!({"positive": ["6", 0], "negative": ["7", 0]})),
        "13": node("InpaintModelConditioning", json!({"positive": ["12", 0], "negative": ["12", 1], "pixels": ["14", 0]})),
    }));
    assert_eq!(found, some("a fox", "blurry"));
}

#[test]
fn a_loader_that_holds_both_texts() {
    let nodes = graph(json!({
        "3": node("KSampler (Efficient)", json!({
            "seed": 9, "steps": 30, "cfg": 6, "sampler_name": "dpmpp_2m", "scheduler": "karras",
            "model": ["20", 0], "positive": ["20", 1], "negative": ["20", 2], "latent_image": ["20", 3], "optional_vae": ["20", 4]})),
        "8": node("VAEDecode", json!({"samples": ["3", 3], "vae": ["3", 4]})),
        "20": node("Efficient Loader", json!({
            "ckpt_name": "e.safetensors", "vae_name": "Baked VAE", "lora_name": "None", "positive": "a wolf", "negative": ["21", 0],
            "empty_latent_width": 640, "empty_latent_height": 832, "batch_size": 1})),
        "21": node("Text Multiline", json!({"text": "lowres"})),
    }));
    let found = read(&nodes);
    assert_eq!((found.prompt.clone(), found.negative_prompt.clone()), some("a wolf", "lowres"));
    assert_eq!(
        (found.model.as_deref(), found.width, found.height),
        (Some("e.safetensors"), Some(640.0), Some(832.0))
    );
    assert_eq!((found.seed.as_deref(), found.sampler.as_deref()), (Some("9"), Some("dpmpp_2m")));
    // Swapped outputs give swapped prompts.
    let mut swapped = nodes;
    swapped["3"]["inputs"]["positive"] = json!(["20", 2]);
    swapped["3"]["inputs"]["negative"] = json!(["20", 1]);
    let found = read(&swapped);
    assert_eq!((found.prompt, found.negative_prompt), some("lowres", "a wolf"));
}

#[test]
fn contexts_of_rgthree() {
    let changes = |positive: Value| {
        json!({
            "3": sampler(json!({"model": ["20", 1], "positive": ["20", 4], "negative": ["20", 5], "latent_image": ["20", 6],
                "seed": ["20", 8]})),
            "20": node("Context (rgthree)", positive),
            "21": node("Context Switch (rgthree)", json!({"ctx_01": ["22", 0], "ctx_02": ["23", 0]})),
            "22": node("Context Big (rgthree)", json!({"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent": ["5", 0], "seed": ["24", 0]})),
            "23": node("Context (rgthree)", json!({"positive": ["7", 0], "negative": ["6", 0]})),
            "24": node("Seed (rgthree)", json!({"seed": 77})),
            "25": node("CLIPTextEncode", json!({"text": "a bear", "clip": ["4", 1]})),
        })
    };
    let found = read(&graph(changes(json!({"base_ctx": ["21", 0]}))));
    assert_eq!((found.prompt, found.negative_prompt), some("a fox", "blurry"));
    assert_eq!(
        (found.seed.as_deref(), found.width, found.model.as_deref()),
        (Some("77"), Some(512.0), Some("m.safetensors"))
    );
    // An input of a context overrides its previous value, but only on the same side.
    let found = texts(changes(json!({"base_ctx": ["21", 0], "positive": ["25", 0]})));
    assert_eq!(found, some("a bear", "blurry"));
    let found = texts(changes(json!({"base_ctx": ["21", 0], "negative": ["25", 0]})));
    assert_eq!(found, some("a fox", "a bear"));
}

#[test]
fn pipes_of_the_impact_pack() {
    let found = read(&graph(json!({
        "3": node("ImpactKSamplerBasicPipe", json!({
            "basic_pipe": ["20", 0], "seed": 6, "steps": 12, "cfg": 4, "sampler_name": "ddim", "scheduler": "simple", "latent_image": ["5", 0]})),
        "20": node("ToBasicPipe", json!({"model": ["4", 0], "clip": ["4", 1], "vae": ["4", 2], "positive": ["6", 0], "negative": ["7", 0]})),
        "8": node("VAEDecode", json!({"samples": ["3", 1], "vae": ["4", 2]})),
    })));
    assert_eq!((found.prompt, found.negative_prompt), some("a fox", "blurry"));
    assert_eq!(
        (found.seed.as_deref(), found.steps, found.model.as_deref()),
        (Some("6"), Some(12.0), Some("m.safetensors"))
    );
    let found = texts(json!({
        "3": sampler(json!({"model": ["21", 0], "positive": ["21", 3], "negative": ["21", 4]})),
        "20": node("ToBasicPipe", json!({"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0]})),
        "21": node("FromBasicPipe", json!({"basic_pipe": ["20", 0]})),
    }));
    assert_eq!(found, some("a fox", "blurry"));
}

#[test]
fn pipes_of_easy_use() {
    let found = read(&graph(json!({
        "3": node("easy kSampler", json!({"pipe": ["20", 0], "image_output": "Save", "link_id": 0})),
        "8": node("VAEDecode", json!({"samples": ["3", 0]})),
        "9": node("SaveImage", json!({"images": ["3", 1]})),
        "20": node("easy preSampling", json!({"steps": 15, "cfg": 3, "sampler_name": "lcm", "scheduler": "sgm_uniform", "denoise": 1, "seed": 8, "pipe": ["21", 0]})),
        "21": node("easy fullLoader", json!({
            "ckpt_name": "e.safetensors", "positive": "a cat", "negative": "ugly", "empty_latent_width": 1024, "empty_latent_height": 512})),
    })));
    let expected = Metadata {
        generator: "comfyui",
        prompt: Some("a cat".into()),
        negative_prompt: Some("ugly".into()),
        seed: Some("8".into()),
        model: Some("e.safetensors".into()),
        steps: Some(15.0),
        guidance: Some(3.0),
        sampler: Some("lcm".into()),
        scheduler: Some("sgm_uniform".into()),
        width: Some(1024.0),
        height: Some(512.0),
    };
    assert_eq!(found, expected);
}

#[test]
fn names_of_outputs_in_the_workflow_decide() {
    let nodes = graph(json!({
        "3": sampler(json!({"positive": ["20", 1], "negative": ["20", 3]})),
        "20": node("SomeLoader", json!({"positive": "a fox", "negative": "blurry", "clip": ["4", 1]})),
    }));
    let workflow = json!({"nodes": [{"id": 20, "type": "SomeLoader", "outputs": [
        {"name": "MODEL"}, {"name": "NEGATIVE", "type": "CONDITIONING"}, {"name": "x"}, {"name": "CONDITIONING+"}]}], "links": []});
    let found =
        Metadata::of(&png(&[("prompt", &nodes.to_string()), ("workflow", &workflow.to_string())])).unwrap();
    assert_eq!((found.prompt, found.negative_prompt), some("blurry", "a fox"));
    // Without the workflow, the first of two outputs is the positive one.
    let found = read(&nodes);
    assert_eq!((found.prompt, found.negative_prompt), some("a fox", "blurry"));
}

#[test]
fn conditions_that_are_combined_give_all_texts_in_order() {
    let other = node("CLIPTextEncode", json!({"text": "in the snow", "clip": ["4", 1]}));
    for combined in [
        node("ConditioningConcat", json!({"conditioning_to": ["6", 0], "conditioning_from": ["20", 0]})),
        node("ConditioningCombine", json!({"conditioning_1": ["6", 0], "conditioning_2": ["20", 0]})),
        node(
            "ConditioningAverage",
            json!({"conditioning_to": ["6", 0], "conditioning_from": ["20", 0], "conditioning_to_strength": 0.5}),
        ),
    ] {
        let found = texts(json!({"3": sampler(json!({"positive": ["21", 0]})), "20": other, "21": combined}));
        assert_eq!(found, some("a fox\nin the snow", "blurry"));
    }
}

#[test]
fn conditions_that_are_changed_keep_their_text() {
    for (kind, inputs) in [
        (
            "ConditioningSetArea",
            json!({"conditioning": ["6", 0], "width": 64, "height": 64, "x": 0, "y": 0, "strength": 1}),
        ),
        ("FluxGuidance", json!({"conditioning": ["6", 0], "guidance": 3.5})),
        ("ReferenceLatent", json!({"conditioning": ["6", 0], "latent": ["5", 0]})),
        (
            "GLIGENTextboxApply",
            json!({"conditioning_to": ["6", 0], "clip": ["4", 1], "text": "a hat", "width": 64}),
        ),
        (
            "StyleModelApply",
            json!({"conditioning": ["6", 0], "style_model": ["4", 0], "clip_vision_output": ["4", 0]}),
        ),
        ("Reroute", json!({"": ["6", 0]})),
        ("SomeRelay", json!({"anything": ["6", 0], "strength": 0.5})),
    ] {
        let found = texts(json!({"3": sampler(json!({"positive": ["21", 0]})), "21": node(kind, inputs)}));
        assert_eq!(found, some("a fox", "blurry"), "{kind}");
    }
}

#[test]
fn both_texts_of_an_encoder() {
    for (kind, inputs, expected) in [
        (
            "CLIPTextEncodeSDXL",
            json!({"width": 1024, "height": 64, "text_g": "a fox", "text_l": "in the snow", "clip": ["4", 1]}),
            "a fox\nin the snow",
        ),
        ("CLIPTextEncodeSDXL", json!({"text_g": "a fox", "text_l": "a fox", "clip": ["4", 1]}), "a fox"),
        (
            "CLIPTextEncodeFlux",
            json!({"clip_l": "fox, snow", "t5xxl": "a fox in the snow", "guidance": 3.5}),
            "fox, snow\na fox in the snow",
        ),
        (
            "CLIPTextEncodeFlux",
            json!({"clip_l": "", "t5xxl": "a fox in the snow", "guidance": 3.5}),
            "a fox in the snow",
        ),
        ("CLIPTextEncodeSD3", json!({"clip_l": "one", "clip_g": "two", "t5xxl": "three"}), "one\ntwo\nthree"),
        (
            "smZ CLIPTextEncode",
            json!({"text": "a fox", "parser": "A1111", "text_g": "", "text_l": ""}),
            "a fox",
        ),
        (
            "TextEncodeQwenImageEdit",
            json!({"prompt": "make it snow", "clip": ["4", 1], "vae": ["4", 2], "image": ["30", 0]}),
            "make it snow",
        ),
        (
            "ImpactWildcardEncode",
            json!({"wildcard_text": "a {fox|wolf}", "populated_text": "a wolf", "model": ["4", 0]}),
            "a wolf",
        ),
        (
            "Power Prompt (rgthree)",
            json!({"prompt": "a fox", "insert_lora": "CHOOSE", "opt_clip": ["4", 1]}),
            "a fox",
        ),
    ] {
        assert_eq!(texts(json!({"6": node(kind, inputs)})), some(expected, "blurry"), "{kind}");
    }
}

#[test]
fn texts_that_arrive_through_other_nodes() {
    for (nodes, expected) in [
        (json!({"20": node("PrimitiveStringMultiline", json!({"value": "a wolf"}))}), "a wolf"),
        (json!({"20": node("DF_Text_Box", json!({"Text": "a wolf"}))}), "a wolf"),
        (
            json!({"20": node("ShowText|pysssss", json!({"text": ["21", 0], "text_0": "old"})), "21": node("CR Text", json!({"text": "a wolf"}))}),
            "a wolf",
        ),
        (
            json!({"20": node("PromptStashSaver", json!({"use_input_text": false, "prompt_text": "a wolf", "text": ["21", 0]})), "21": node("TextBox", json!({"text": "other"}))}),
            "a wolf",
        ),
        (
            json!({"20": node("Reroute", json!({"": ["21", 0]})), "21": node("PrimitiveString", json!({"value": "a wolf"}))}),
            "a wolf",
        ),
        (
            json!({"20": node("PreviewAny", json!({"source": ["21", 0]})), "21": node("PrimitiveString", json!({"value": "a wolf"}))}),
            "a wolf",
        ),
        (
            json!({"20": node("StringConcatenate", json!({"string_a": "a", "string_b": ["21", 0], "delimiter": " "})), "21": node("PrimitiveString", json!({"value": "wolf"}))}),
            "a wolf",
        ),
        (
            json!({"20": node("Text Concatenate", json!({"delimiter": ", ", "clean_whitespace": "true", "text_a": ["21", 0], "text_b": ["22", 0], "text_c": ["23", 0]})),
            "21": node("Text Multiline", json!({"text": "a wolf"})), "22": node("Text Multiline", json!({"text": ""})), "23": node("Text Multiline", json!({"text": "snow"}))}),
            "a wolf, snow",
        ),
        (
            json!({"20": node("JoinStringMulti", json!({"inputcount": 10, "string_1": "1", "string_10": "10", "string_2": "2", "delimiter": "\\n", "return_list": false}))}),
            "1\n2\n10",
        ),
        (
            json!({"20": node("StringReplace", json!({"string": "a fox", "find": "fox", "replace": "wolf"}))}),
            "a wolf",
        ),
        (
            json!({"20": node("ComfySwitchNode", json!({"switch": ["23", 0], "on_true": ["21", 0], "on_false": ["22", 0]})),
            "21": node("PrimitiveString", json!({"value": "a wolf"})), "22": node("PrimitiveString", json!({"value": "no"})), "23": node("PrimitiveBoolean", json!({"value": true}))}),
            "a wolf",
        ),
        (
            json!({"20": node("ImpactSwitch", json!({"select": 2, "sel_mode": false, "input1": ["22", 0], "input2": ["21", 0]})),
            "21": node("PrimitiveString", json!({"value": "a wolf"})), "22": node("PrimitiveString", json!({"value": "no"}))}),
            "a wolf",
        ),
        (
            json!({"20": node("Any Switch (rgthree)", json!({"any_02": ["21", 0], "any_03": ["22", 0]})),
            "21": node("PrimitiveString", json!({"value": "a wolf"})), "22": node("PrimitiveString", json!({"value": "no"}))}),
            "a wolf",
        ),
    ] {
        let mut changes = nodes;
        changes["6"] = node("CLIPTextEncode", json!({"text": ["20", 0], "clip": ["4", 1]}));
        assert_eq!(texts(changes.clone()), some(expected, "blurry"), "{changes}");
    }
}

#[test]
fn a_styler_with_two_texts() {
    let found = texts(json!({
        "6": node("CLIPTextEncode", json!({"text": ["20", 0], "clip": ["4", 1]})),
        "7": node("CLIPTextEncode", json!({"text": ["20", 1], "clip": ["4", 1]})),
        "20": node("SDXLPromptStyler", json!({"text_positive": "a fox", "text_negative": "ugly", "style": "base", "log_prompt": "No"})),
    }));
    assert_eq!(found, some("a fox", "ugly"));
}

#[test]
fn computed_text_is_not_found() {
    let found = texts(json!({
        "6": node("CLIPTextEncode", json!({"text": ["20", 0], "clip": ["4", 1]})),
        "20": node("OllamaGenerate", json!({"prompt": "Describe a fox.", "model": "llama"})),
    }));
    assert_eq!(found, some("", "blurry"));
}

#[test]
fn the_sampler_whose_image_is_saved_counts() {
    let second = |save: &str| {
        read(&graph(json!({
            "9": node("SaveImage", json!({"images": [save, 0]})),
            "30": node("KSampler", json!({
                "seed": 99, "steps": 4, "cfg": 1, "sampler_name": "lcm", "scheduler": "simple",
                "model": ["4", 0], "positive": ["7", 0], "negative": ["6", 0], "latent_image": ["5", 0]})),
            "31": node("VAEDecode", json!({"samples": ["30", 0], "vae": ["4", 2]})),
            "32": node("PreviewImage", json!({"images": ["31", 0]})),
        })))
    };
    assert_eq!(second("8").seed.as_deref(), Some("5"));
    assert_eq!(second("31").seed.as_deref(), Some("99"));
    assert_eq!(second("31").prompt.as_deref(), Some("blurry"));
}

#[test]
fn the_second_pass_counts_with_its_own_size() {
    let found = |between: Value| {
        read(&graph(json!({
            "30": node("KSampler", json!({
                "seed": 99, "steps": 10, "cfg": 5, "sampler_name": "euler", "scheduler": "simple", "denoise": 0.5,
                "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["31", 0]})),
            "31": between,
            "8": node("VAEDecode", json!({"samples": ["30", 0], "vae": ["4", 2]})),
        })))
    };
    let scaled = found(node(
        "LatentUpscale",
        json!({"samples": ["3", 0], "width": 1024, "height": 1536, "crop": "disabled"}),
    ));
    assert_eq!(
        (scaled.seed.as_deref(), scaled.width, scaled.height),
        (Some("99"), Some(1024.0), Some(1536.0))
    );
    let scaled = found(node("LatentUpscaleBy", json!({"samples": ["3", 0], "scale_by": 1.5})));
    assert_eq!((scaled.width, scaled.height), (Some(768.0), Some(1152.0)));
    let unknown = found(node("SomeLatentScaler", json!({"samples": ["3", 0]})));
    assert_eq!((unknown.seed.as_deref(), unknown.width), (Some("99"), None));
}

#[test]
fn a_face_detailer_does_not_change_the_metadata() {
    let found = read(&graph(json!({
        "9": node("SaveImage", json!({"images": ["30", 0]})),
        "30": node("FaceDetailer", json!({
            "image": ["8", 0], "model": ["4", 0], "clip": ["4", 1], "vae": ["4", 2], "positive": ["31", 0], "negative": ["7", 0],
            "seed": 1, "steps": 5, "cfg": 2, "sampler_name": "ddim", "scheduler": "simple", "wildcard": ""})),
        "31": node("CLIPTextEncode", json!({"text": "a face", "clip": ["4", 1]})),
    })));
    assert_eq!((found.prompt.as_deref(), found.seed.as_deref()), (Some("a fox"), Some("5")));
}

#[test]
fn numbers_that_are_links() {
    let found = read(&graph(json!({
        "3": sampler(json!({"seed": ["20", 0], "steps": ["21", 0], "cfg": ["22", 0], "sampler_name": ["23", 0], "scheduler": ["24", 0]})),
        "5": node("EmptyLatentImage", json!({"width": ["25", 0], "height": ["26", 0], "batch_size": 1})),
        "20": node("CR Seed", json!({"seed": 18446744073709551615_u64})),
        "21": node("PrimitiveInt", json!({"value": 33})),
        "22": node("FloatConstant", json!({"value": 4.5})),
        "23": node("String Literal", json!({"string": "uni_pc"})),
        "24": node("PrimitiveString", json!({"value": "karras"})),
        "25": node("INTConstant", json!({"value": 832})),
        "26": node("Int Literal", json!({"int": 1216})),
    })));
    assert_eq!(found.seed.as_deref(), Some("18446744073709551615"));
    assert_eq!((found.steps, found.guidance), (Some(33.0), Some(4.5)));
    assert_eq!((found.sampler.as_deref(), found.scheduler.as_deref()), (Some("uni_pc"), Some("karras")));
    assert_eq!((found.width, found.height), (Some(832.0), Some(1216.0)));
}

#[test]
fn samplers_in_parts() {
    let parts = json!({
        "22": node("CFGGuider", json!({"cfg": 5.0, "model": ["20", 0], "positive": ["6", 0], "negative": ["7", 0]})),
        "25": node("RandomNoise", json!({"noise_seed": 99})),
        "16": node("KSamplerSelect", json!({"sampler_name": "heun"})),
        "17": node("SplitSigmas", json!({"sigmas": ["18", 0], "step": 3})),
        "18": node("BasicScheduler", json!({"scheduler": "beta", "steps": 21, "denoise": 1.0, "model": ["20", 0]})),
        "20": node("LoraLoader", json!({"lora_name": "l.safetensors", "model": ["21", 0], "clip": ["4", 1]})),
        "21": node("ModelSamplingFlux", json!({"max_shift": 1, "width": 64, "height": 64, "model": ["4", 0]})),
        "4": node("UNETLoader", json!({"unet_name": "flux.safetensors", "weight_dtype": "default"})),
    });
    let mut advanced = parts.clone();
    advanced["3"] = node(
        "SamplerCustomAdvanced",
        json!({
        "noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0], "latent_image": ["5", 0]}),
    );
    let mut custom = parts;
    custom["3"] = node(
        "SamplerCustom",
        json!({
        "add_noise": true, "noise_seed": 99, "cfg": 5.0, "model": ["20", 0], "positive": ["6", 0], "negative": ["7", 0],
        "sampler": ["16", 0], "sigmas": ["17", 0], "latent_image": ["5", 0]}),
    );
    for changes in [advanced, custom] {
        let expected = Metadata {
            generator: "comfyui",
            prompt: Some("a fox".into()),
            negative_prompt: Some("blurry".into()),
            seed: Some("99".into()),
            model: Some("flux.safetensors".into()),
            steps: Some(21.0),
            guidance: Some(5.0),
            sampler: Some("heun".into()),
            scheduler: Some("beta".into()),
            width: Some(512.0),
            height: Some(768.0),
        };
        assert_eq!(read(&graph(changes)), expected);
    }
}

#[test]
fn a_service_s_node_without_a_sampler() {
    let nodes = json!({
        "1": node("FluxProUltraImageNode", json!({"prompt": "a fox", "seed": 4, "aspect_ratio": "16:9"})),
        "2": node("SaveImage", json!({"images": ["1", 0]})),
    });
    let found = read(&nodes);
    assert_eq!((found.prompt.as_deref(), found.seed.as_deref()), (Some("a fox"), Some("4")));
}

#[test]
fn cycles_and_doubling_text_terminate() {
    let mut nodes = graph(json!({
        "3": sampler(json!({"positive": ["20", 0], "negative": ["40", 0], "model": ["30", 0], "latent_image": ["31", 0]})),
        "30": node("LoraLoader", json!({"model": ["30", 0]})),
        "31": node("LatentFlip", json!({"samples": ["31", 0]})),
        "40": node("ConditioningCombine", json!({"conditioning_1": ["40", 0], "conditioning_2": ["40", 0]})),
    }));
    for number in 20..30 {
        let next = json!([(number + 1).to_string(), 0]);
        nodes[number.to_string()] =
            node("StringConcatenate", json!({"string_a": next, "string_b": next, "delimiter": ""}));
    }
    nodes["30"] = node("PrimitiveString", json!({"value": "x".repeat(100_000)}));
    let found = read(&nodes);
    assert_eq!((found.prompt, found.negative_prompt, found.width), (None, None, None));
    assert_eq!(found.seed.as_deref(), Some("5"));
}

#[test]
fn chains_of_thousands_of_nodes_terminate() {
    let mut nodes = graph(json!({"3": sampler(json!({"positive": ["100", 0], "model": ["100", 0]}))}));
    for number in 100..20_000 {
        let next = json!([(number + 1).to_string(), 0]);
        nodes[number.to_string()] = node("Relay", json!({"conditioning": next, "model": next}));
    }
    assert_eq!(read(&nodes).negative_prompt.as_deref(), Some("blurry"));
}

#[test]
fn links_to_nothing_and_values_of_other_types() {
    let found = read(&graph(json!({
        "3": sampler(json!({"positive": ["99", 0], "negative": ["7", "0"], "model": [], "seed": 5, "steps": [1, 2, 3], "cfg": null,
            "latent_image": ["5", 0], "scheduler": 7})),
        "5": node("EmptyLatentImage", json!({"width": -1, "height": 1.5})),
        "6": json!("no node"),
        "10": json!({"class_type": 5, "inputs": []}),
    })));
    let expected = Metadata {
        generator: "comfyui",
        seed: Some("5".into()),
        sampler: Some("euler".into()),
        ..Metadata::default()
    };
    assert_eq!(found, expected);
}

/// The base graph in the editor's format.
fn workflow() -> Value {
    json!({
        "last_node_id": 9,
        "nodes": [
            {"id": 3, "type": "KSampler", "inputs": [
                {"name": "model", "type": "MODEL", "link": 1}, {"name": "positive", "type": "CONDITIONING", "link": 4},
                {"name": "negative", "type": "CONDITIONING", "link": 6}, {"name": "latent_image", "type": "LATENT", "link": 2}],
             "outputs": [{"name": "LATENT", "type": "LATENT", "links": [7]}],
             "widgets_values": [5, "randomize", 20, 8, "euler", "normal", 1]},
            {"id": 4, "type": "CheckpointLoaderSimple", "outputs": [{"name": "MODEL", "links": [1]}], "widgets_values": ["m.safetensors"]},
            {"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 768, 1]},
            {"id": 6, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": 3}], "widgets_values": ["a fox"]},
            {"id": 7, "type": "CLIPTextEncode", "inputs": [{"name": "clip", "type": "CLIP", "link": 5}], "widgets_values": ["blurry"]},
            {"id": 8, "type": "VAEDecode", "inputs": [{"name": "samples", "type": "LATENT", "link": 7}]},
            {"id": 9, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 9}], "widgets_values": ["ComfyUI"]}
        ],
        "links": [[1, 4, 0, 3, 0, "MODEL"], [2, 5, 0, 3, 3, "LATENT"], [3, 4, 1, 6, 0, "CLIP"], [4, 6, 0, 3, 1, "CONDITIONING"],
            [5, 4, 1, 7, 0, "CLIP"], [6, 7, 0, 3, 2, "CONDITIONING"], [7, 3, 0, 8, 0, "LATENT"], [9, 8, 0, 9, 0, "IMAGE"]],
        "version": 0.4
    })
}

fn read_workflow(workflow: &Value) -> Option<Metadata> {
    Metadata::of(&png(&[("workflow", &workflow.to_string())]))
}

#[test]
fn the_workflow_alone_is_enough() {
    assert_eq!(read_workflow(&workflow()), Some(read(&graph(json!({})))));
}

#[test]
fn links_of_a_workflow_as_objects_and_values_with_names() {
    let mut workflow = workflow();
    let links = workflow["links"].as_array().unwrap().iter();
    workflow["links"] = links
        .map(|link| json!({"id": link[0], "origin_id": link[1], "origin_slot": link[2], "target_id": link[3], "target_slot": link[4], "type": link[5]}))
        .collect();
    workflow["nodes"][3]["type"] = json!("SomeEncoder");
    workflow["nodes"][3]["inputs"] =
        json!([{"name": "clip", "link": 3}, {"name": "text", "widget": {"name": "text"}, "link": null}]);
    workflow["nodes"][4]["widgets_values"] = json!({"text": "blurry"});
    assert_eq!(read_workflow(&workflow), Some(read(&graph(json!({})))));
}

#[test]
fn values_of_a_workflow_without_names_are_not_guessed() {
    let mut workflow = workflow();
    workflow["nodes"][3]["type"] = json!("SomeEncoder");
    assert_eq!(read_workflow(&workflow).unwrap().prompt, None);
}

#[test]
fn bypassed_nodes_pass_on_and_muted_ones_do_not_count() {
    let mut workflow = workflow();
    let bypassed = json!({"id": 20, "type": "ConditioningZeroOut", "mode": 4, "inputs": [{"name": "conditioning", "type": "CONDITIONING", "link": 4}]});
    let muted = json!({"id": 21, "type": "SaveImage", "mode": 2, "inputs": [{"name": "images", "type": "IMAGE", "link": 21}]});
    workflow["nodes"].as_array_mut().unwrap().extend([bypassed, muted]);
    workflow["nodes"][0]["inputs"][1]["link"] = json!(20);
    workflow["links"].as_array_mut().unwrap().push(json!([20, 20, 0, 3, 1, "CONDITIONING"]));
    assert_eq!(read_workflow(&workflow), Some(read(&graph(json!({})))));
}

#[test]
fn options_with_prompt_in_their_name_are_not_prompts() {
    let styler = node(
        "SDXLPromptStylerAdvanced",
        json!({"text_positive_g": "a fox", "text_positive_l": "a fox", "text_negative": "blurry",
            "style": "base", "negative_prompt_to": "Both", "log_prompt": "No"}),
    );
    let encoders = json!({
        "6": node("CLIPTextEncode", json!({"text": ["10", 0], "clip": ["4", 1]})),
        "7": node("CLIPTextEncode", json!({"text": ["10", 4], "clip": ["4", 1]})),
        "10": styler,
    });
    let (prompt, negative) = texts(encoders);
    assert_eq!(prompt.as_deref(), Some("a fox"));
    assert!(negative.is_none_or(|text| text == "blurry"));
    let file =
        node("PromptFromFile", json!({"prompt_mode": "line", "prompt_type": "tags", "prompt_file": "a.txt"}));
    let (prompt, _) = texts(json!({
        "6": node("CLIPTextEncode", json!({"text": ["10", 0], "clip": ["4", 1]})),
        "10": file,
    }));
    assert_eq!(prompt, None);
}

#[test]
fn an_empty_text_is_not_replaced_by_another_input_of_its_node() {
    let lumina = |text: &str| {
        node(
            "CLIPTextEncodeLumina2",
            json!({"system_prompt": "superior", "user_prompt": text, "clip": ["4", 1]}),
        )
    };
    assert_eq!(texts(json!({"6": lumina("a fox"), "7": lumina("")})), some("a fox", ""));
}
