//! Draw Things: JSON in the user comment of XMP and Exif, or in PNG's `Comment`
//! (`Libraries/LocalImageGenerator/Sources/ImageConverter.swift`). It also writes a description:
//!
//! ```text
//! a fox in the snow
//! -blurry
//! Steps: 20, Sampler: DPM++ 2M Karras, Guidance Scale: 7.0, Seed: 123, Size: 512x768, Model: …
//! ```

use serde_json::{Map, Value};

use super::{automatic1111, fields::TextFields, json, metadata::Metadata};

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    fields.candidate_objects().find_map(from_json).or_else(|| from_description(fields))
}

fn from_json(found: &Map<String, Value>) -> Option<Metadata> {
    found.get("c")?.as_str()?;
    let is_match = ["uc", "v2", "seed_mode", "scale"].iter().any(|name| found.contains_key(*name));
    is_match.then_some(())?;
    let size = found.get("size").and_then(Value::as_str).and_then(json::size);
    Some(Metadata {
        generator: "draw-things",
        prompt: json::text(found.get("c")),
        negative_prompt: json::text(found.get("uc")),
        seed: json::seed(found.get("seed")),
        model: json::text(found.get("model")),
        steps: json::number(found.get("steps")),
        guidance: json::number(found.get("scale")),
        sampler: json::text(found.get("sampler")),
        scheduler: None,
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
    })
}

fn from_description(fields: &TextFields) -> Option<Metadata> {
    let is_match = ["Software", "Xmp.CreatorTool", "Exif.Software"]
        .iter()
        .any(|name| fields.get(name).is_some_and(|program| program.starts_with("Draw Things")));
    is_match.then_some(())?;
    ["Description", "Xmp.description", "Exif.ImageDescription"]
        .iter()
        .find_map(|name| automatic1111::parse_draw_things(fields.get(name)?))
}
