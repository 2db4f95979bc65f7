//! Services and programs with small formats of their own, most of them based on ComfyUI.

use serde_json::{Map, Value};

use super::{comfyui, fields::TextFields, json, metadata::Metadata};

/// Stability Matrix: `parameters-json`, in addition to the graph of its ComfyUI backend.
pub(super) fn stability_matrix(fields: &TextFields) -> Option<Metadata> {
    let found = fields.object("parameters-json")?;
    Some(Metadata {
        generator: "stability-matrix",
        prompt: json::text(found.get("PositivePrompt")),
        negative_prompt: json::text(found.get("NegativePrompt")),
        seed: json::seed(found.get("Seed")),
        model: json::text(found.get("ModelName")),
        steps: json::number(found.get("Steps")),
        guidance: json::number(found.get("CfgScale")),
        sampler: json::text(found.get("Sampler")),
        scheduler: None,
        width: json::side(found.get("Width")),
        height: json::side(found.get("Height")),
    })
}

/// Tensor.Art: `generation_data`, in addition to a ComfyUI graph. The graph has the seed that was
/// used; `generation_data` may have -1 for a random seed.
pub(super) fn tensorart(fields: &TextFields) -> Option<Metadata> {
    let found = fields.object("generation_data")?;
    let graph = comfyui::read(fields).unwrap_or_default();
    let model = found.get("baseModel").and_then(|model| json::text(model.get("modelFileName")));
    let seed = json::seed(found.get("seed")).filter(|seed| seed != "-1");
    let text = |name: &str| json::text(found.get(name));
    Some(Metadata {
        generator: "tensorart",
        prompt: text("prompt").or(graph.prompt),
        negative_prompt: text("negativePrompt").or(graph.negative_prompt),
        seed: seed.or(graph.seed),
        model: model.or(graph.model),
        steps: json::number(found.get("steps")).or(graph.steps),
        guidance: json::number(found.get("cfgScale")).or(graph.guidance),
        sampler: text("ksamplerName").or_else(|| text("sampler")).or(graph.sampler),
        scheduler: text("schedule").or(graph.scheduler),
        width: json::side(found.get("width")).or(graph.width),
        height: json::side(found.get("height")).or(graph.height),
    })
}

/// JSON objects in fields that other programs use too.
pub(super) fn json(fields: &TextFields) -> Option<Metadata> {
    fields.candidate_objects().find_map(hugging_face_space)
}

/// Image generators in Hugging Face Spaces, made with Gradio and diffusers.
fn hugging_face_space(found: &Map<String, Value>) -> Option<Metadata> {
    let is_match = found.contains_key("prompt")
        && found.contains_key("Model")
        && (found.contains_key("resolution") || found.contains_key("num_inference_steps"));
    is_match.then_some(())?;
    let size = found.get("resolution").and_then(Value::as_str).and_then(json::size);
    Some(Metadata {
        generator: "huggingface-space",
        prompt: json::text(found.get("prompt")),
        negative_prompt: json::text(found.get("negative_prompt")),
        seed: json::seed(found.get("seed")),
        model: json::text(found.get("Model")),
        steps: json::number(found.get("num_inference_steps")),
        guidance: json::number(found.get("guidance_scale")),
        sampler: json::text(found.get("sampler")),
        scheduler: None,
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
    })
}

/// Midjourney: a description such as `a fox --ar 3:2 --v 6 Job ID: …`, which ends with the job's
/// id.
pub(super) fn midjourney(fields: &TextFields) -> Option<Metadata> {
    let descriptions = ["Description", "Xmp.description", "Exif.ImageDescription"];
    descriptions.iter().filter_map(|name| fields.get(name)).find_map(|text| {
        let (line, job) = text.rsplit_once("Job ID: ")?;
        let job = job.split_whitespace().next().unwrap_or_default();
        let is_job = job.len() == 36 && job.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        is_job.then_some(())?;
        let (prompt, options) = line.split_once(" --").unwrap_or((line, ""));
        let mut words = options.split_whitespace();
        let seed = words.find(|word| word.trim_start_matches('-') == "seed").and_then(|_| words.next());
        Some(Metadata {
            generator: "midjourney",
            prompt: Some(prompt.trim().to_owned()).filter(|prompt| !prompt.is_empty()),
            seed: seed.and_then(json::seed_digits),
            ..Metadata::default()
        })
    })
}
