//! ComfyUI's graph: the text `prompt` in PNG, and several places in Exif. Without it the text
//! `workflow`, the graph as the page shows it.
//!
//! ```json
//! { "3": { "class_type": "KSampler",
//!          "inputs": { "seed": 1, "steps": 20, "positive": ["6", 0], "model": ["4", 0], … } },
//!   "6": { "class_type": "CLIPTextEncode",
//!          "inputs": { "text": "a fox in the snow", "clip": ["4", 1] } }, … }
//! ```
//!
//! A link is a list of a node's identifier and the number of one of its outputs. The graph is read
//! against its direction, from the node that saves the image:
//!
//! ```text
//! save ─► … ─► sampler ─┬─► positive, negative ─► conditions ─► texts     texts.rs
//!                       ├─► model ─► … ─► loader                          model.rs
//!                       ├─► latent image ─► … ─► size                     latent.rs
//!                       └─► seed, steps, cfg, sampler, schedule           sampler.rs
//! ```
//!
//! Anyone can write nodes, so most rules go by the names of inputs. A text that only exists while
//! the graph runs (a language model's answer, a file) is not found, and none is made up for it.

mod graph;
mod latent;
mod model;
mod sampler;
mod texts;
mod workflow;

use serde_json::{Map, Value};

use super::{Metadata, json, services, texts::Texts};
use graph::{Graph, Side};

/// What stands before a list of texts that were combined.
const SEPARATOR: &str = "\n";

pub(super) fn read(texts: &Texts) -> Option<Metadata> {
    let workflow = texts.object("workflow").or_else(|| nested(texts, "workflow"));
    let graphs = [
        texts.object("prompt"),
        nested(texts, "prompt"),
        texts.described_objects().find(|object| is_graph(object)),
    ];
    for nodes in graphs.into_iter().flatten() {
        if let Some(found) = read_graph(nodes, workflow).or_else(|| extra_metadata(nodes, texts)) {
            return Some(found);
        }
    }
    read_graph(&workflow::nodes(workflow?)?, workflow)
}

/// A graph within a JSON object that holds both graphs.
fn nested<'a>(texts: &'a Texts, name: &str) -> Option<&'a Map<String, Value>> {
    texts.described_objects().find_map(|object| object.get(name)?.as_object())
}

fn is_graph(object: &Map<String, Value>) -> bool {
    object.values().any(|node| node.get("class_type").is_some_and(Value::is_string))
}

fn extra_metadata(nodes: &Map<String, Value>, texts: &Texts) -> Option<Metadata> {
    let within = nodes.get("extraMetadata").and_then(Value::as_str).and_then(json::object);
    let found = within.or_else(|| texts.object("extraMetadata").cloned())?;
    Some(services::civitai(&found)).filter(|found| found.prompt.is_some())
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
