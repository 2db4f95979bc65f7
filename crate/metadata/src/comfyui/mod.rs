//! ComfyUI's graph: the field `prompt` in PNG, and several fields in Exif. If it is missing, the
//! field `workflow` is used, which is the graph as the editor displays it.
//!
//! ```json
//! { "3": { "class_type": "KSampler",
//!          "inputs": { "seed": 1, "steps": 20, "positive": ["6", 0], "model": ["4", 0], … } },
//!   "6": { "class_type": "CLIPTextEncode",
//!          "inputs": { "text": "a fox in the snow", "clip": ["4", 1] } }, … }
//! ```
//!
//! A link is an array of a node's id and the index of one of its outputs. The graph is traversed
//! against the direction of its links, starting from the node that saves the image:
//!
//! ```text
//! save ─► … ─► sampler ─┬─► positive, negative ─► conditioning ─► prompts   prompts.rs
//!                       ├─► model ─► … ─► loader                            model.rs
//!                       ├─► latent image ─► … ─► size                       latent.rs
//!                       └─► seed, steps, cfg, sampler, scheduler            sampler.rs
//! ```
//!
//! Anyone can publish nodes, so most rules depend on the names of inputs. Text that only exists
//! while the graph runs (such as a language model's output or the content of a file) is not found.

mod civitai;
mod graph;
mod latent;
mod model;
mod prompts;
mod sampler;
mod workflow;

use serde_json::{Map, Value};

use super::{fields::TextFields, metadata::Metadata};
use graph::{Graph, Side};

/// Separator between combined prompts.
const SEPARATOR: &str = "\n";

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    let workflow = fields.object("workflow").or_else(|| nested(fields, "workflow"));
    let graphs = [
        fields.object("prompt"),
        nested(fields, "prompt"),
        fields.candidate_objects().find(|object| is_graph(object)),
    ];
    for nodes in graphs.into_iter().flatten() {
        if let Some(found) = read_graph(nodes, workflow).or_else(|| civitai::read(nodes, fields)) {
            return Some(found);
        }
    }
    read_graph(&workflow::nodes(workflow?)?, workflow)
}

/// A graph inside a JSON object that contains both the graph and the workflow.
fn nested<'a>(fields: &'a TextFields, name: &str) -> Option<&'a Map<String, Value>> {
    fields.candidate_objects().find_map(|object| object.get(name)?.as_object())
}

fn is_graph(object: &Map<String, Value>) -> bool {
    object.values().any(|node| node.get("class_type").is_some_and(Value::is_string))
}

fn read_graph(nodes: &Map<String, Value>, workflow: Option<&Map<String, Value>>) -> Option<Metadata> {
    let graph = Graph::of(nodes, workflow)?;
    let Some(sampler) = graph.sampler() else { return graph.without_sampler() };
    let (width, height) = graph.latent_size(sampler).unzip();
    let condition = |side| {
        let texts = graph.condition_of_sampler(sampler, side);
        (!texts.is_empty()).then(|| texts.join(SEPARATOR))
    };
    Some(Metadata {
        generator: "comfyui",
        prompt: condition(Side::Positive),
        negative_prompt: condition(Side::Negative),
        seed: graph.seed(sampler),
        model: graph.model(sampler),
        steps: graph.steps(sampler),
        guidance: graph.guidance(sampler),
        sampler: graph.sampler_name(sampler),
        scheduler: graph.scheduler(sampler),
        width,
        height,
    })
}
