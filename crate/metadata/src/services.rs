//! Programs that write JSON of their own: InvokeAI, NovelAI, Fooocus.

use serde_json::Value;

use super::{Metadata, automatic1111, json, texts::Texts};

/// InvokeAI: `invokeai_metadata` since version 3, `sd-metadata` before.
pub(super) fn invokeai(texts: &Texts) -> Option<Metadata> {
    if let Some(found) = texts.get("invokeai_metadata").and_then(json::object) {
        let model = &found["model"];
        return Some(Metadata {
            generator: "invokeai",
            prompt: json::text(&found["positive_prompt"]),
            negative_prompt: json::text(&found["negative_prompt"]),
            seed: json::seed(&found["seed"]),
            model: json::text(&model["name"]).or_else(|| json::text(&model["model_name"])),
            steps: json::number(&found["steps"]),
            guidance: json::number(&found["cfg_scale"]),
            sampler: None,
            scheduler: json::text(&found["scheduler"]),
            width: json::number(&found["width"]),
            height: json::number(&found["height"]),
        });
    }
    let found = texts.get("sd-metadata").and_then(json::object)?;
    let image = &found["image"];
    // What not to draw stood in brackets within the prompt.
    let prompt = json::text(&image["prompt"]).or_else(|| json::text(&image["prompt"][0]["prompt"]));
    Some(Metadata {
        generator: "invokeai",
        prompt,
        negative_prompt: None,
        seed: json::seed(&image["seed"]),
        model: json::text(&found["model_weights"]),
        steps: json::number(&image["steps"]),
        guidance: json::number(&image["cfg_scale"]),
        sampler: json::text(&image["sampler"]),
        scheduler: None,
        width: json::number(&image["width"]),
        height: json::number(&image["height"]),
    })
}

/// NovelAI: `Software`, `Source`, `Description`, and `Comment` with the rest.
pub(super) fn novelai(texts: &Texts) -> Option<Metadata> {
    let comment = texts.get("Comment").and_then(json::object);
    let is_its = texts.get("Software") == Some("NovelAI")
        || comment.as_ref().is_some_and(|comment| comment.get("uc").is_some());
    is_its.then_some(())?;
    let comment = comment.unwrap_or(Value::Null);
    let description = texts.get("Description").map(Value::from).unwrap_or_default();
    Some(Metadata {
        generator: "novelai",
        prompt: json::text(&comment["prompt"]).or_else(|| json::text(&description)),
        negative_prompt: json::text(&comment["uc"]),
        seed: json::seed(&comment["seed"]),
        model: texts.get("Source").filter(|source| !source.is_empty()).map(str::to_owned),
        steps: json::number(&comment["steps"]),
        guidance: json::number(&comment["scale"]),
        sampler: json::text(&comment["sampler"]),
        scheduler: json::text(&comment["noise_schedule"]),
        width: json::number(&comment["width"]),
        height: json::number(&comment["height"]),
    })
}

/// Fooocus: `parameters` and `fooocus_scheme` in PNG, a user comment and the scheme as maker's note elsewhere. Its scheme is JSON, or
/// Automatic1111's text.
pub(super) fn fooocus(texts: &Texts) -> Option<Metadata> {
    let text = texts.get("parameters").or_else(|| texts.get("Exif.UserComment"))?;
    let scheme = texts.get("fooocus_scheme").or_else(|| texts.get("Exif.MakerNote"));
    let by_software = texts.get("Exif.Software").is_some_and(|software| software.starts_with("Fooocus"));
    if scheme == Some("a1111") {
        return Some(Metadata { generator: "fooocus", ..automatic1111::parse(text)? });
    }
    let found = json::object(text)?;
    let by_version = found["version"].as_str().is_some_and(|version| version.starts_with("Fooocus"));
    (by_version || by_software || scheme == Some("fooocus")).then_some(())?;
    // Written as Python writes a tuple: "(1152, 896)".
    let resolution = found["resolution"].as_str().unwrap_or_default();
    let side = |at: usize| {
        let number = resolution.trim_matches(['(', ')']).split(',').nth(at)?;
        number.trim().parse::<u32>().ok().map(f64::from)
    };
    Some(Metadata {
        generator: "fooocus",
        prompt: json::text(&found["prompt"]),
        negative_prompt: json::text(&found["negative_prompt"]),
        seed: json::seed(&found["seed"]),
        model: json::text(&found["base_model"]),
        steps: json::number(&found["steps"]),
        guidance: json::number(&found["guidance_scale"]),
        sampler: json::text(&found["sampler"]),
        scheduler: json::text(&found["scheduler"]),
        width: side(0),
        height: side(1),
    })
}
