//! SwarmUI: an object `sui_image_params` in PNG's `parameters`, in the user comment or, in old
//! versions, in the camera model (`docs/Image Metadata Format.md`). Any value may be a string.

use super::{fields::TextFields, json, metadata::Metadata};

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    let found = fields.candidate_objects().find_map(|object| object.get("sui_image_params")?.as_object())?;
    let text = |names: &[&str]| names.iter().find_map(|name| json::text(found.get(*name)));
    Some(Metadata {
        generator: "swarmui",
        prompt: text(&["prompt"]),
        negative_prompt: text(&["negativeprompt"]),
        seed: json::seed(found.get("seed")),
        model: text(&["model"]),
        steps: json::number(found.get("steps")),
        guidance: json::number(found.get("cfgscale")),
        sampler: text(&["sampler", "comfyuisampler", "comfy_sampler", "autowebuisampler"]),
        scheduler: text(&["scheduler", "comfyuischeduler", "comfy_scheduler"]),
        width: json::side(found.get("width")),
        height: json::side(found.get("height")),
    })
}
