//! SwarmUI: an object `sui_image_params`, in PNG's `parameters`, in a user comment or, in old
//! versions, in the camera's model. See `docs/Image Metadata Format.md` there. Any value may be
//! written as text.

use super::{Metadata, json, texts::Texts};

pub(super) fn read(texts: &Texts) -> Option<Metadata> {
    let found = texts.described_objects().find_map(|object| object.get("sui_image_params")?.as_object())?;
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
