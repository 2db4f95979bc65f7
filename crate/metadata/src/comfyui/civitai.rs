//! Civitai's generator: `extraMetadata`, inside the graph or as a field of its own, with the
//! settings of the original image if the graph only upscales it.

use serde_json::{Map, Value};

use super::super::{fields::TextFields, json, metadata::Metadata};

pub(super) fn read(nodes: &Map<String, Value>, fields: &TextFields) -> Option<Metadata> {
    let in_graph = nodes.get("extraMetadata").and_then(Value::as_str).and_then(json::object);
    let found = in_graph.or_else(|| fields.object("extraMetadata").cloned())?;
    let prompt = json::text(found.get("prompt"))?;
    Some(Metadata {
        generator: "civitai",
        prompt: Some(prompt),
        negative_prompt: json::text(found.get("negativePrompt")),
        seed: json::seed(found.get("seed")),
        model: None,
        steps: json::number(found.get("steps")),
        guidance: json::number(found.get("cfgScale")),
        sampler: json::text(found.get("sampler")),
        scheduler: None,
        width: json::side(found.get("width")),
        height: json::side(found.get("height")),
    })
}
