//! ComfyUI's graph: `prompt` in PNG, Exif's `Model` in WebP.
//!
//! ```json
//! { "3": { "class_type": "KSampler", "inputs": { "seed": 1, "steps": 20, "cfg": 8, "positive": ["6", 0], "model": ["4", 0], … } },
//!   "6": { "class_type": "CLIPTextEncode", "inputs": { "text": "a fox in the snow", "clip": ["4", 1] } }, … }
//! ```
//!
//! A link is a list of a node's name and a number. From the sampler the links are followed to the first node that has what is looked for.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::{Metadata, json, texts::Texts};

/// Most nodes that are looked at for one value: graphs have some hundred.
const MOST: usize = 10_000;

pub(super) fn read(texts: &Texts) -> Option<Metadata> {
    let in_exif = texts.get("Exif.Model").and_then(|text| text.strip_prefix("prompt:"));
    let value = json::object(texts.get("prompt").or(in_exif)?)?;
    let graph = Graph(value.as_object()?);
    let sampler = graph.sampler()?;
    let from = |names: &[&str]| names.iter().find_map(|name| sampler.get(*name));
    // Samplers of newer kinds have a guider, which has the conditions.
    let guider = from(&["guider"]).and_then(|link| graph.linked(link));
    let condition = |names: &[&str]| {
        let own = from(names);
        own.or_else(|| names.iter().find_map(|name| guider?.get(*name)))
    };
    let everything = Value::Array(sampler.values().filter(|value| value.is_array()).cloned().collect());
    let near = |names: &[&str]| {
        let own = names.iter().find_map(|name| sampler.get(*name)).filter(|value| !value.is_array());
        own.cloned().or_else(|| graph.first_above(&everything, names, |value| !value.is_array()))
    };
    let number = |names: &[&str]| near(names).as_ref().and_then(json::number);
    let text = |names: &[&str]| near(names).as_ref().and_then(json::text);
    Some(Metadata {
        generator: "comfyui",
        prompt: condition(&["positive", "conditioning"]).and_then(|link| graph.text_above(link)),
        negative_prompt: condition(&["negative"]).and_then(|link| graph.text_above(link)),
        seed: near(&["seed", "noise_seed"]).as_ref().and_then(json::seed),
        model: text(&["ckpt_name", "unet_name", "model_name"]),
        steps: number(&["steps"]),
        guidance: number(&["cfg", "guidance"]),
        sampler: text(&["sampler_name"]),
        scheduler: text(&["scheduler"]),
        width: number(&["width"]),
        height: number(&["height"]),
    })
}

struct Graph<'a>(&'a Map<String, Value>);

impl<'a> Graph<'a> {
    fn inputs(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.0.get(name)?.get("inputs")?.as_object()
    }

    /// The inputs of the node that a link leads to.
    fn linked(&self, link: &Value) -> Option<&'a Map<String, Value>> {
        self.inputs(link.as_array()?.first()?.as_str()?)
    }

    /// The inputs of a sampler that has conditions; of several, the one whose name comes last.
    fn sampler(&self) -> Option<&'a Map<String, Value>> {
        let kind = |node: &'a Value| node.get("class_type").and_then(Value::as_str).unwrap_or_default();
        let of = |is: &dyn Fn(&str, &Map<String, Value>) -> bool| {
            self.0.values().rev().find_map(|node| {
                let inputs = node.get("inputs")?.as_object()?;
                is(kind(node), inputs).then_some(inputs)
            })
        };
        of(&|kind, inputs| {
            kind.contains("Sampler") && (inputs.contains_key("positive") || inputs.contains_key("guider"))
        })
        .or_else(|| of(&|_, inputs| inputs.contains_key("positive") && inputs.contains_key("steps")))
    }

    /// The nearest text that conditions are made of.
    fn text_above(&self, link: &Value) -> Option<String> {
        let start = Value::Array(vec![link.clone()]);
        let names = ["text", "text_g", "t5xxl", "clip_l", "prompt", "positive", "string", "value"];
        json::text(&self.first_above(&start, &names, |value| json::text(value).is_some())?)
    }

    /// The first value of one of these names that fits, going up the links breadth first.
    fn first_above(&self, links: &Value, names: &[&str], fits: impl Fn(&Value) -> bool) -> Option<Value> {
        let nodes = |values: &mut dyn Iterator<Item = &Value>| -> Vec<String> {
            values.filter_map(|link| Some(link.as_array()?.first()?.as_str()?.to_owned())).collect()
        };
        let mut seen = BTreeSet::new();
        let mut queue = VecDeque::from(nodes(&mut links.as_array().into_iter().flatten()));
        while let Some(name) = queue.pop_front() {
            if seen.len() == MOST || !seen.insert(name.clone()) {
                continue;
            }
            let Some(inputs) = self.inputs(&name) else { continue };
            if let Some(found) = names.iter().filter_map(|name| inputs.get(*name)).find(|value| fits(value)) {
                return Some(found.clone());
            }
            queue.extend(nodes(&mut inputs.values()));
        }
        None
    }
}
