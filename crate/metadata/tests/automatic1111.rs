//! The format of Automatic1111's web UI and its forks, one feature per test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use common::png_texts;
use pickscore_metadata::Metadata;

const SETTINGS: &str = "Steps: 28, Sampler: Euler a, CFG scale: 7, Seed: 33, Size: 832x1216, Model: m";

fn of(text: &str) -> Option<Metadata> {
    Metadata::of(&png_texts(&[("parameters", text)]))
}

/// Parses text followed by the settings above, and returns the prompt and the negative prompt.
fn prompts(text: &str) -> (String, String) {
    let found = of(text).unwrap_or_else(|| panic!("{text}"));
    let expected = Metadata {
        generator: "automatic1111",
        prompt: found.prompt.clone(),
        negative_prompt: found.negative_prompt.clone(),
        seed: Some("33".into()),
        model: Some("m".into()),
        steps: Some(28.0),
        guidance: Some(7.0),
        sampler: Some("Euler a".into()),
        scheduler: None,
        width: Some(832.0),
        height: Some(1216.0),
    };
    assert_eq!(found, expected, "{text}");
    (found.prompt.unwrap_or_default(), found.negative_prompt.unwrap_or_default())
}

fn pair(prompt: &str, negative: &str) -> (String, String) {
    (prompt.into(), negative.into())
}

#[test]
fn prompts_of_several_lines() {
    assert_eq!(
        prompts(&format!("a fox\n\n in snow \nNegative prompt: blurry\nlowres\n{SETTINGS}")),
        pair("a fox\n\nin snow", "blurry\nlowres")
    );
    assert_eq!(
        prompts(&format!("a fox\r\n\r\nNegative prompt: blurry\r\n\r\n{SETTINGS}\r\n")),
        pair("a fox", "blurry")
    );
}

#[test]
fn prompts_that_are_missing() {
    assert_eq!(prompts(SETTINGS), pair("", ""));
    assert_eq!(prompts(&format!("Negative prompt: blurry\n{SETTINGS}")), pair("", "blurry"));
    assert_eq!(prompts(&format!("a fox\nNegative prompt:\n{SETTINGS}")), pair("a fox", ""));
    assert_eq!(prompts(&format!("a fox\nNegative prompt: \n{SETTINGS}")), pair("a fox", ""));
}

#[test]
fn prompts_with_colons() {
    let words = "(bad:1.2), quality: low, style: ugly, Size: small, Seed: no";
    assert_eq!(
        prompts(&format!("how to: draw, a fox: easy\nNegative prompt: {words}\n{SETTINGS}")),
        pair("how to: draw, a fox: easy", words)
    );
    let found = of(&format!("a fox\nNegative prompt: {words}")).unwrap();
    assert_eq!((found.prompt.as_deref(), found.negative_prompt.as_deref()), (Some("a fox"), Some(words)));
    assert_eq!(found.seed, None);
    let found = of("a fox\nNegative prompt: blurry\nmood: dark, light: low, time: night").unwrap();
    assert_eq!(found.negative_prompt.as_deref(), Some("blurry\nmood: dark, light: low, time: night"));
}

#[test]
fn settings_on_the_line_of_a_prompt() {
    assert_eq!(
        prompts(&format!("a fox\nNegative prompt: blurry, lowres {SETTINGS}")),
        pair("a fox", "blurry, lowres")
    );
    assert_eq!(
        prompts(&format!("a fox\nNegative prompt: quality: low, Steps: 3, ugly, {SETTINGS}")),
        pair("a fox", "quality: low, Steps: 3, ugly")
    );
    assert_eq!(prompts(&format!("a fox in the snow. {SETTINGS}")), pair("a fox in the snow.", ""));
    assert_eq!(
        prompts(&format!("how to: draw, guide: fox, {SETTINGS}")),
        pair("how to: draw, guide: fox", "")
    );
    assert_eq!(prompts(&format!("a fox\nNegative prompt: {SETTINGS}")), pair("a fox", ""));
}

#[test]
fn a_line_that_starts_with_another_setting() {
    assert_eq!(prompts(&format!("a fox\nClip skip: 2, {SETTINGS}")), pair("a fox", ""));
    assert_eq!(prompts(&format!("a fox\nVersion: v1, {SETTINGS}")), pair("a fox", ""));
}

#[test]
fn json_without_quotes_is_one_value() {
    for json in [
        r#"Civitai resources: [{"type":"checkpoint","name":"Seed: 1, Steps: 2"},{"weight":0.65}], Civitai metadata: {"remixOfId":1}"#,
        r#"Hashes: {"model": "abc", "lora:x": "Model: other, Size: 1x1"}, Version: v1"#,
        r#"Civitai metadata: {}, Civitai resources: [], Template: [ __b__|__c__], x: {"open: 1"#,
    ] {
        assert_eq!(
            prompts(&format!("a fox\nNegative prompt: blurry\n{SETTINGS}, {json}")),
            pair("a fox", "blurry"),
            "{json}"
        );
        let before = SETTINGS.replace("Model: m", &format!("{json}, Model: m"));
        assert_eq!(prompts(&format!("a fox\n{before}")), pair("a fox", ""), "{json}");
    }
}

#[test]
fn values_that_span_several_lines() {
    for rest in [
        "Template: a {fox|wolf}\nin the snow",
        "Civitai metadata: {\n  \"steps\": 3,\n  \"seed\": 4\n}",
        "Version: v1\n\nUsed embeddings: easy [119b]",
    ] {
        assert_eq!(
            prompts(&format!("a fox\nNegative prompt: blurry\n{SETTINGS}, {rest}")),
            pair("a fox", "blurry"),
            "{rest}"
        );
    }
}

#[test]
fn settings_of_extensions_do_not_override_the_program_s() {
    let more = r#"ADetailer prompt: "a face, detailed", ADetailer negative prompt: teeth, ADetailer steps: 3, Hires steps: 5, Hires prompt: "x: 1", Hires CFG Scale: 2, Seed: 7, Template: "a fox, Seed: 8", Negative Template: bad, Lora hashes: "x: ab, y: cd""#;
    assert_eq!(
        prompts(&format!("a fox\nNegative prompt: blurry\n{SETTINGS}, {more}")),
        pair("a fox", "blurry")
    );
}

#[test]
fn values_in_quotes() {
    let found = of("a fox\nSteps: 1, Sampler: \"a, \\\"b\\\": c\", Seed: 2, Model: \"x: y\"").unwrap();
    assert_eq!((found.sampler.as_deref(), found.model.as_deref()), (Some("a, \"b\": c"), Some("x: y")));
}

#[test]
fn other_forks() {
    let sd_cpp = "a fox\nNegative prompt: blurry\nSteps: 20, CFG scale: 7.000000, Guidance: 3.500000, Eta: 0.000000, Seed: 42, \
                  Size: 512x768, Model: sd.gguf, RNG: cuda, Sampler: euler_a, Version: stable-diffusion.cpp";
    let found = of(sd_cpp).unwrap();
    assert_eq!(
        (found.guidance, found.width, found.sampler.as_deref()),
        (Some(7.0), Some(512.0), Some("euler_a"))
    );
    let sd_next = "a fox\nNegative prompt: blurry\nSteps: 20, Size: 1024x1024, Sampler: DDIM, Seed: 2, CFG scale: 6, App: SD.Next, \
                   Version: 56a8aea, Operations: txt2img; hires, Model: m, Sampler sigma: exponential";
    let found = of(sd_next).unwrap();
    assert_eq!(
        (found.model.as_deref(), found.seed.as_deref(), found.steps),
        (Some("m"), Some("2"), Some(20.0))
    );
}

#[test]
fn other_text_is_not_metadata() {
    for text in [
        "just words",
        "a: 1, b: 2, c: 3",
        "ingredients: flour, Size: large, time: 1 h\nbake",
        "",
        "\n\n",
        "Steps:",
        "{",
        "[]",
    ] {
        assert_eq!(of(text), None, "{text}");
    }
}
