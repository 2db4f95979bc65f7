//! The workflow: the graph as ComfyUI's editor stores it, with widget values in a list without
//! names.
//!
//! It is converted to the `prompt` format. The names of the values come from the inputs that have a
//! `widget`, or for ComfyUI's own nodes from the table below.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Names of the widget values of each node type. `-` is a value that only the editor uses, such as
/// how a seed changes after each image.
const WIDGETS: [(&str, &[&str]); 27] = [
    ("CLIPTextEncode", &["text"]),
    ("CLIPTextEncodeFlux", &["clip_l", "t5xxl", "guidance"]),
    (
        "CLIPTextEncodeSDXL",
        &["width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"],
    ),
    ("CLIPTextEncodeSDXLRefiner", &["ascore", "width", "height", "text"]),
    ("CLIPTextEncodeSD3", &["clip_l", "clip_g", "t5xxl", "empty_padding"]),
    ("TextEncodeQwenImageEdit", &["prompt"]),
    ("KSampler", &["seed", "-", "steps", "cfg", "sampler_name", "scheduler", "denoise"]),
    (
        "KSamplerAdvanced",
        &[
            "add_noise",
            "noise_seed",
            "-",
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "start_at_step",
            "end_at_step",
        ],
    ),
    ("SamplerCustom", &["add_noise", "noise_seed", "-", "cfg"]),
    ("KSamplerSelect", &["sampler_name"]),
    ("BasicScheduler", &["scheduler", "steps", "denoise"]),
    ("RandomNoise", &["noise_seed", "-"]),
    ("CFGGuider", &["cfg"]),
    ("FluxGuidance", &["guidance"]),
    ("EmptyLatentImage", &["width", "height", "batch_size"]),
    ("EmptySD3LatentImage", &["width", "height", "batch_size"]),
    ("EmptyHunyuanLatentVideo", &["width", "height", "length", "batch_size"]),
    ("LatentUpscale", &["upscale_method", "width", "height", "crop"]),
    ("LatentUpscaleBy", &["upscale_method", "scale_by"]),
    ("ImageScale", &["upscale_method", "width", "height", "crop"]),
    ("CheckpointLoaderSimple", &["ckpt_name"]),
    ("CheckpointLoader", &["config_name", "ckpt_name"]),
    ("UNETLoader", &["unet_name", "weight_dtype"]),
    ("StringConcatenate", &["string_a", "string_b", "delimiter"]),
    ("PrimitiveNode", &["value"]),
    ("PrimitiveString", &["value"]),
    ("PrimitiveStringMultiline", &["value"]),
];
/// Mode of a muted node; nodes that depend on it do not run.
const NEVER: u64 = 2;
/// Mode of a bypassed node, which passes on its inputs.
const BYPASSED: u64 = 4;

/// The origin of a link in the workflow.
struct Source {
    node: String,
    output: usize,
    kind: String,
}

/// Converts the nodes of a workflow to the `prompt` format.
pub(super) fn nodes(workflow: &Map<String, Value>) -> Option<Map<String, Value>> {
    let all = workflow.get("nodes")?.as_array()?;
    let links: BTreeMap<u64, Source> = workflow.get("links")?.as_array()?.iter().filter_map(link).collect();
    let bypassed: BTreeMap<String, &Value> = all
        .iter()
        .filter(|node| mode(node) == BYPASSED)
        .filter_map(|node| Some((id(node.get("id")?)?, node)))
        .collect();
    let mut nodes = Map::new();
    for node in all.iter().filter(|node| !matches!(mode(node), NEVER | BYPASSED)) {
        let (Some(id), Some(kind)) = (node.get("id").and_then(id), node.get("type").and_then(Value::as_str))
        else {
            continue;
        };
        let mut inputs = widgets(node, kind);
        for input in node.get("inputs").and_then(Value::as_array).into_iter().flatten() {
            let name = input.get("name").and_then(Value::as_str);
            let number = input.get("link").and_then(Value::as_u64);
            if let Some((name, source)) =
                name.zip(number.and_then(|number| source(number, &links, &bypassed)))
            {
                inputs.insert(name.to_owned(), json!([source.node, source.output]));
            }
        }
        nodes.insert(id, json!({ "class_type": kind, "inputs": inputs }));
    }
    Some(nodes)
}

fn mode(node: &Value) -> u64 {
    node.get("mode").and_then(Value::as_u64).unwrap_or(0)
}

fn id(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

/// Parses a link, which is an array or an object.
fn link(value: &Value) -> Option<(u64, Source)> {
    let get = |at: usize, name: &str| value.get(at).or_else(|| value.get(name));
    Some((
        get(0, "id")?.as_u64()?,
        Source {
            node: id(get(1, "origin_id")?)?,
            output: usize::try_from(get(2, "origin_slot")?.as_u64()?).ok()?,
            kind: get(5, "type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        },
    ))
}

/// The origin of a link, followed through bypassed nodes.
fn source<'a>(
    number: u64,
    links: &'a BTreeMap<u64, Source>,
    bypassed: &BTreeMap<String, &Value>,
) -> Option<&'a Source> {
    let mut source = links.get(&number)?;
    for _ in 0..100 {
        let Some(node) = bypassed.get(&source.node) else { return Some(source) };
        let inputs = node.get("inputs")?.as_array()?;
        let same_kind =
            inputs.iter().filter(|input| input.get("type").and_then(Value::as_str) == Some(&source.kind));
        source = links.get(&same_kind.filter_map(|input| input.get("link")?.as_u64()).next()?)?;
    }
    None
}

/// The widget values of a node, by name.
fn widgets(node: &Value, kind: &str) -> Map<String, Value> {
    let values = match node.get("widgets_values") {
        Some(Value::Object(values)) => return values.clone(),
        Some(Value::Array(values)) => values,
        _ => return Map::new(),
    };
    let table = WIDGETS.iter().find(|(name, _)| *name == kind).map(|(_, names)| *names);
    let names: Vec<&str> = table.map(<[&str]>::to_vec).unwrap_or_else(|| {
        let inputs = node.get("inputs").and_then(Value::as_array);
        let mut names = Vec::new();
        for input in inputs.into_iter().flatten() {
            if let Some(name) = input.get("widget").and_then(|widget| widget.get("name")?.as_str()) {
                names.push(name);
                // The editor adds a value after a seed: how it changes after each image.
                let controls = ["fixed", "increment", "decrement", "randomize"];
                let next = values.get(names.len()).and_then(Value::as_str);
                if matches!(name, "seed" | "noise_seed") && next.is_some_and(|next| controls.contains(&next))
                {
                    names.push("-");
                }
            }
        }
        // Without a name for each value, the names cannot be assigned.
        if names.len() == values.len() { names } else { Vec::new() }
    });
    let named = names.into_iter().zip(values).filter(|(name, _)| *name != "-");
    named.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}
