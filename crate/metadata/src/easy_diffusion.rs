//! Easy Diffusion: one text chunk per setting in PNG; in other formats a user comment with one JSON
//! object (`ui/easydiffusion/utils/save_utils.py`). The names are those of its API or of its user
//! interface.

use serde_json::{Map, Value};

use super::{fields::TextFields, json, metadata::Metadata};

/// The two sets of names: prompt, negative prompt, seed, model, steps, guidance, sampler,
/// scheduler, width, height.
const NAMES: [[&str; 10]; 2] = [
    [
        "prompt",
        "negative_prompt",
        "seed",
        "use_stable_diffusion_model",
        "num_inference_steps",
        "guidance_scale",
        "sampler_name",
        "scheduler_name",
        "width",
        "height",
    ],
    [
        "Prompt",
        "Negative Prompt",
        "Seed",
        "Stable Diffusion model",
        "Steps",
        "Guidance Scale",
        "Sampler",
        "Scheduler",
        "Width",
        "Height",
    ],
];

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    let from_texts = NAMES.iter().find_map(|names| from(names, |name| fields.get(name).map(Value::from)));
    from_texts.or_else(|| {
        let from_object = |object: &Map<String, Value>| {
            NAMES.iter().find_map(|names| from(names, |name| object.get(name).cloned()))
        };
        fields.candidate_objects().find_map(from_object)
    })
}

fn from(names: &[&str; 10], get: impl Fn(&str) -> Option<Value>) -> Option<Metadata> {
    let [prompt, negative_prompt, seed, model, steps, guidance, sampler, scheduler, width, height] = names;
    // Other programs write a prompt and a size too. The name of the model field is unique to Easy
    // Diffusion; without a model, the combination of the other fields is.
    let is_match = get(model).is_some()
        || [prompt, seed, steps, guidance, sampler].iter().all(|name| get(name).is_some());
    is_match.then_some(())?;
    let get = |name: &str| get(name).filter(|value| value.as_str() != Some("None"));
    Some(Metadata {
        generator: "easy-diffusion",
        prompt: json::text(get(prompt).as_ref()),
        negative_prompt: json::text(get(negative_prompt).as_ref()),
        seed: json::seed(get(seed).as_ref()),
        model: json::text(get(model).as_ref()).map(|model| without_folder(&model).to_owned()),
        steps: json::number(get(steps).as_ref()),
        guidance: json::number(get(guidance).as_ref()),
        sampler: json::text(get(sampler).as_ref()),
        scheduler: json::text(get(scheduler).as_ref()),
        width: json::side(get(width).as_ref()),
        height: json::side(get(height).as_ref()),
    })
}

/// The file name of an absolute path. A relative path is kept, because it is the name of the model.
fn without_folder(model: &str) -> &str {
    let has_drive =
        matches!(model.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let is_absolute = has_drive || model.starts_with(['/', '\\']);
    let name = model.rsplit(['/', '\\']).next().filter(|name| !name.is_empty());
    if is_absolute { name.unwrap_or(model) } else { model }
}
