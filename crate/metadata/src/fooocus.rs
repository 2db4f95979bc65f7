//! Fooocus: `parameters` and `fooocus_scheme` in PNG; in other formats a user comment, with the
//! scheme in the maker note (`modules/private_logger.py`, `modules/meta_parser.py`). The scheme is
//! JSON or Automatic1111's format. Two forks write JSON in their own formats: Fooocus-MRE as
//! `Comment`, RuinedFooocus with capitalized keys.

use serde_json::{Map, Value};

use super::{automatic1111, fields::TextFields, json, metadata::Metadata};

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    let scheme = fields.get("fooocus_scheme").or_else(|| fields.get("Exif.MakerNote"));
    let by_software = fields.get("Exif.Software").is_some_and(|software| software.starts_with("Fooocus"));
    if let Some(found) =
        fields.candidate_objects().find_map(|object| json(object, by_software || scheme == Some("fooocus")))
    {
        return Some(found);
    }
    fields.candidates().find_map(|text| {
        let by_version =
            || automatic1111::setting(text, "Version").is_some_and(|version| version.starts_with("Fooocus"));
        (scheme == Some("a1111") || by_software || by_version()).then_some(())?;
        let found = automatic1111::parse(text)?;
        // The first line includes the expanded styles; the raw prompt is what the user entered.
        let raw = automatic1111::setting(text, "Raw prompt");
        let raw_negative = automatic1111::setting(text, "Raw negative prompt");
        Some(Metadata {
            generator: "fooocus",
            prompt: raw.or(found.prompt),
            negative_prompt: raw_negative.or(found.negative_prompt),
            ..found
        })
    })
}

fn json(found: &Map<String, Value>, is_declared: bool) -> Option<Metadata> {
    let starts = |name: &str, value: &str| {
        found.get(name).and_then(Value::as_str).is_some_and(|text| text.starts_with(value))
    };
    if starts("software", "RuinedFooocus") {
        return Some(ruined(found));
    }
    let is_match = is_declared || starts("version", "Fooocus") || starts("software", "Fooocus");
    let has_own_keys = found.contains_key("prompt") && found.contains_key("base_model");
    (is_match || has_own_keys).then_some(())?;
    // Formatted as a Python tuple: "(1152, 896)".
    let size = found.get("resolution").and_then(Value::as_str).and_then(json::size);
    let text = |names: &[&str]| names.iter().find_map(|name| json::text(found.get(*name)));
    let number = |names: &[&str]| names.iter().find_map(|name| json::number(found.get(*name)));
    Some(Metadata {
        generator: "fooocus",
        prompt: text(&["prompt"]),
        negative_prompt: text(&["negative_prompt"]),
        seed: json::seed(found.get("seed")),
        model: text(&["base_model"]),
        steps: number(&["steps"]),
        guidance: number(&["guidance_scale", "cfg"]),
        sampler: text(&["sampler"]),
        scheduler: text(&["scheduler"]),
        width: size.map(|(width, _)| width).or_else(|| json::side(found.get("width"))),
        height: size.map(|(_, height)| height).or_else(|| json::side(found.get("height"))),
    })
}

fn ruined(found: &Map<String, Value>) -> Metadata {
    Metadata {
        generator: "ruined-fooocus",
        prompt: json::text(found.get("Prompt")),
        negative_prompt: json::text(found.get("Negative")),
        seed: json::seed(found.get("seed")),
        model: json::text(found.get("base_model_name")),
        steps: json::number(found.get("steps")),
        guidance: json::number(found.get("cfg")),
        sampler: json::text(found.get("sampler_name")),
        scheduler: json::text(found.get("scheduler")),
        width: json::side(found.get("width")),
        height: json::side(found.get("height")),
    }
}
