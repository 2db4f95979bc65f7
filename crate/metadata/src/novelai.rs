//! NovelAI: the fields `Title`, `Description`, `Software` and `Source`, and the other settings as
//! JSON in `Comment`. In WebP files, a user comment contains one JSON object with the same names.
//!
//! Since version 4 of its models, a prompt has a base caption and a caption for each character.

use serde_json::{Map, Value};

use super::{fields::TextFields, json, metadata::Metadata};

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    from_texts(fields).or_else(|| fields.candidate_objects().find_map(from_object))
}

fn from_texts(fields: &TextFields) -> Option<Metadata> {
    let comment = fields.object("Comment");
    let is_match = fields.get("Software").is_some_and(|software| software.starts_with("NovelAI"));
    (is_match || comment.is_some_and(is_comment)).then_some(())?;
    let description = fields.get("Description").map(Value::from);
    let source = fields.get("Source").map(Value::from);
    Some(metadata(comment.unwrap_or(&Map::new()), description.as_ref(), source.as_ref()))
}

fn from_object(object: &Map<String, Value>) -> Option<Metadata> {
    if is_comment(object) {
        return Some(metadata(object, None, None));
    }
    let is_match =
        object.get("Software").and_then(Value::as_str).is_some_and(|name| name.starts_with("NovelAI"));
    is_match.then_some(())?;
    let comment = object.get("Comment").and_then(Value::as_str).and_then(json::object).unwrap_or_default();
    Some(metadata(&comment, object.get("Description"), object.get("Source")))
}

/// Whether an object has the keys that NovelAI writes. Draw Things also writes `uc`, but together
/// with `c`.
fn is_comment(object: &Map<String, Value>) -> bool {
    let has = |name: &str| object.contains_key(name);
    has("v4_prompt") || has("uncond_scale") || (has("uc") && (has("prompt") || has("sampler")) && !has("c"))
}

fn metadata(comment: &Map<String, Value>, description: Option<&Value>, source: Option<&Value>) -> Metadata {
    let prompt = json::text(comment.get("prompt"));
    Metadata {
        generator: "novelai",
        prompt: with_characters(prompt, comment.get("v4_prompt")).or_else(|| json::text(description)),
        negative_prompt: with_characters(json::text(comment.get("uc")), comment.get("v4_negative_prompt")),
        seed: json::seed(comment.get("seed")),
        model: json::text(source),
        steps: json::number(comment.get("steps")),
        guidance: json::number(comment.get("scale")),
        sampler: json::text(comment.get("sampler")),
        scheduler: json::text(comment.get("noise_schedule")),
        width: json::side(comment.get("width")),
        height: json::side(comment.get("height")),
    }
}

/// The base caption and the captions of the characters, one per line.
fn with_characters(prompt: Option<String>, structured: Option<&Value>) -> Option<String> {
    let caption = structured.and_then(|prompt| prompt.get("caption"));
    let base = caption.and_then(|caption| json::text(caption.get("base_caption"))).or(prompt);
    let characters = caption.and_then(|caption| caption.get("char_captions")?.as_array());
    let characters = characters.into_iter().flatten().filter_map(|one| json::text(one.get("char_caption")));
    let all: Vec<String> = base.into_iter().chain(characters).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}
