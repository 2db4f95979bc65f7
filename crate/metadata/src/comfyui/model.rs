//! Follows the links from a sampler to the loader of its model.

use serde_json::Value;

use super::graph::{Graph, MAX_DEPTH, Node, is_pipe, natural};

/// Inputs of loaders that contain the name of the model.
const NAMES: [&str; 8] = [
    "ckpt_name",
    "unet_name",
    "model_name",
    "base_ckpt_name",
    "gguf_name",
    "diffusion_name",
    "model_path",
    "ckpt",
];

impl<'a> Graph<'a> {
    pub(super) fn model(&self, sampler: Node<'a>) -> Option<String> {
        self.restart();
        let guider = self.lookup(sampler, &["guider"], 0).and_then(|(_, value)| self.link(value));
        let starts = [Some(sampler), guider.map(|link| link.node)];
        starts.into_iter().flatten().find_map(|start| {
            let names: Vec<&str> = ["model"].into_iter().chain(NAMES).collect();
            let (_, value) = self.lookup(start, &names, 0)?;
            self.loaded(value)
        })
    }

    /// The model name of the loader at the end of a chain of models.
    fn loaded(&self, start: &'a Value) -> Option<String> {
        let mut value = start;
        for depth in 0..2 * MAX_DEPTH {
            let Some(link) = self.link(value) else { break };
            let node = link.node;
            self.step(node, 0)?;
            if let Some(switched) = self.switched(node, depth.min(MAX_DEPTH - 1)) {
                value = switched;
                continue;
            }
            let named =
                |name: &str| self.scalar(node.inputs.get(name)?, &["ckpt_name", "model_name"], 0)?.as_str();
            if let Some(name) = NAMES.iter().find_map(|name| named(name)) {
                return self.text(name).filter(|name| !name.trim().is_empty());
            }
            value = self.next_model(node)?;
        }
        // A loader with the name as its `model` input.
        self.text(value.as_str()?).filter(|name| !name.trim().is_empty())
    }

    fn next_model(&self, node: Node<'a>) -> Option<&'a Value> {
        let own = node.inputs.get("model").or_else(|| {
            // The first of several merged models.
            let mut names: Vec<&'a String> =
                node.inputs.keys().filter(|name| name.starts_with("model")).collect();
            names.sort_by_cached_key(|name| natural(name));
            names
                .into_iter()
                .filter_map(|name| node.inputs.get(name))
                .find(|value| self.link(value).is_some())
        });
        let piped = || {
            node.inputs.keys().any(|name| is_pipe(name)).then_some(())?;
            let names: Vec<&str> = ["model"].into_iter().chain(NAMES).collect();
            self.lookup(node, &names, 0).map(|(_, value)| value)
        };
        let only = || {
            let mut links = node.inputs.values().filter(|value| self.link(value).is_some());
            links.next().filter(|_| links.next().is_none())
        };
        own.or_else(piped).or_else(only)
    }
}
