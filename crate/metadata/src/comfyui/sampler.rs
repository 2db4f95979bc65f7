//! Finds the sampler that made the image, and its settings.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::{
    super::{json, metadata::Metadata},
    graph::{Graph, Node, Side, is_condition, is_pipe, natural},
};

/// Substrings of input names that do not lead from the saved image to the sampler.
const NOT_IMAGES: [&str; 13] = [
    "model",
    "clip",
    "vae",
    "control_net",
    "controlnet",
    "mask",
    "detector",
    "seed",
    "text",
    "noise",
    "sigmas",
    "sampler",
    "prompt",
];

/// Maximum number of samplers that are compared with each other.
const MAX_SAMPLERS: usize = 100;

impl<'a> Graph<'a> {
    /// The sampler that produces the latent image of the saved image. If no node saves an image,
    /// the last sampler whose output is not the input of another one.
    pub(super) fn sampler(&self) -> Option<Node<'a>> {
        let nodes = self.nodes();
        let saving = |part: &str| -> Vec<Node<'a>> {
            let saves = nodes.iter().filter(|node| {
                let has_image = ["images", "image"].iter().any(|name| self.is_link(node.inputs.get(*name)));
                has_image && node.kind.to_lowercase().contains(part)
            });
            saves.filter_map(|save| self.upstream(*save, is_sampler)).collect()
        };
        let candidates = ["save", "preview"].into_iter().map(saving).find(|found| !found.is_empty());
        let mut candidates =
            candidates.unwrap_or_else(|| nodes.iter().copied().filter(|node| is_sampler(*node)).collect());
        let mut seen = BTreeSet::new();
        candidates.retain(|candidate| seen.insert(candidate.id));
        // Bounded, because each is compared with all others.
        let candidates = &candidates[candidates.len().saturating_sub(MAX_SAMPLERS)..];
        self.restart();
        let last = candidates.iter().copied().rfind(|candidate| {
            !candidates.iter().any(|other| other.id != candidate.id && self.continues(*other, *candidate))
        });
        // If there is no other sampler, use a node that refines an image.
        let improving = || {
            let saves = nodes.iter().filter(|node| node.kind.to_lowercase().contains("save"));
            let by_save = saves.filter_map(|save| self.upstream(*save, is_improving)).next();
            by_save.or_else(|| nodes.iter().copied().rfind(|node| is_improving(*node)))
        };
        last.or_else(|| candidates.last().copied()).or_else(improving)
    }

    /// The metadata of a node that generates images without a sampler, such as the API nodes of
    /// services.
    pub(super) fn without_sampler(&self) -> Option<Metadata> {
        let nodes = self.nodes();
        let saves = nodes.iter().filter(|node| {
            let kind = node.kind.to_lowercase();
            kind.contains("save") || kind.contains("preview")
        });
        let has_prompt = |node: Node<'_>| node.inputs.contains_key("prompt");
        let node = saves.filter_map(|save| self.upstream(*save, has_prompt)).next()?;
        let string = |name: &str| {
            let text = self.string(node.inputs.get(name)?, Side::Positive, 0)?;
            (!text.trim().is_empty()).then_some(text)
        };
        let number = |name: &str| json::number(self.scalar(node.inputs.get(name)?, &[], 0));
        Some(Metadata {
            generator: "comfyui",
            prompt: Some(string("prompt")?),
            negative_prompt: string("negative_prompt"),
            seed: node.inputs.get("seed").and_then(|seed| json::seed(self.scalar(seed, &["seed"], 0))),
            model: string("model"),
            steps: number("steps"),
            guidance: number("guidance"),
            width: number("width").filter(|side| *side >= 1.0),
            height: number("height").filter(|side| *side >= 1.0),
            ..Metadata::default()
        })
    }

    fn is_link(&self, value: Option<&Value>) -> bool {
        value.is_some_and(|value| self.link(value).is_some())
    }

    /// The nearest matching node upstream, through inputs that carry images or latent images.
    fn upstream(&self, start: Node<'a>, is_wanted: impl Fn(Node<'a>) -> bool) -> Option<Node<'a>> {
        let mut seen = BTreeSet::from([start.id]);
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            self.step(node, 0)?;
            if node.id != start.id && is_wanted(node) {
                return Some(node);
            }
            let switched = self.switched(node, 0);
            let mut inputs: Vec<(&'a String, &'a Value)> = node.inputs.iter().collect();
            inputs.sort_by_cached_key(|(name, _)| natural(name));
            let carries_image = |name: &str| {
                let lower = name.to_lowercase();
                !is_condition(&lower) && !NOT_IMAGES.iter().any(|part| lower.contains(part))
            };
            let links = inputs.into_iter().filter(|(name, _)| carries_image(name)).map(|(_, value)| value);
            let links: Vec<&Value> = switched.map_or_else(|| links.collect(), |value| vec![value]);
            for link in links.into_iter().filter_map(|value| self.link(value)) {
                if seen.insert(link.node.id) {
                    queue.push_back(link.node);
                }
            }
        }
        None
    }

    /// Whether a sampler starts from the image of an earlier one.
    fn continues(&self, later: Node<'a>, earlier: Node<'a>) -> bool {
        self.upstream(later, |node| node.id == earlier.id).is_some()
    }

    pub(super) fn seed(&self, sampler: Node<'a>) -> Option<String> {
        self.restart();
        let names = ["seed", "noise_seed"];
        json::seed(self.setting(sampler, &names).or_else(|| self.setting_of(sampler, &["noise"], &names)))
    }

    pub(super) fn steps(&self, sampler: Node<'a>) -> Option<f64> {
        self.restart();
        let names = ["steps", "steps_total"];
        json::number(self.setting(sampler, &names).or_else(|| self.setting_of(sampler, &["sigmas"], &names)))
    }

    pub(super) fn scheduler(&self, sampler: Node<'a>) -> Option<String> {
        self.restart();
        let names = ["scheduler", "scheduler_name"];
        json::text(self.setting(sampler, &names).or_else(|| self.setting_of(sampler, &["sigmas"], &names)))
    }

    pub(super) fn sampler_name(&self, sampler: Node<'a>) -> Option<String> {
        self.restart();
        let names = ["sampler_name"];
        let own = self.setting(sampler, &names).or_else(|| self.setting_of(sampler, &["sampler"], &names));
        let plain = || self.setting(sampler, &["sampler"]).filter(|value| value.is_string());
        json::text(own.or_else(plain))
    }

    /// The guidance scale of the sampler or its guider. For models without one, the scale of the
    /// conditioning.
    pub(super) fn guidance(&self, sampler: Node<'a>) -> Option<f64> {
        self.restart();
        let names = ["cfg", "cfg_scale", "cfg_conds"];
        let own = self.setting(sampler, &names).or_else(|| self.setting_of(sampler, &["guider"], &names));
        if let Some(own) = own {
            return json::number(Some(own));
        }
        let guider = self
            .lookup(sampler, &["guider"], 0)
            .and_then(|(_, value)| self.link(value))
            .map(|link| link.node);
        let start = guider.unwrap_or(sampler);
        let (_, condition) = self.lookup(start, &["conditioning", "positive"], 0)?;
        let mut node = self.link(condition)?.node;
        for _ in 0..64 {
            self.step(node, 0)?;
            if let Some(guidance) = node.inputs.get("guidance") {
                return json::number(self.scalar(guidance, &["guidance"], 0));
            }
            let next = ["conditioning", "positive", "conditioning_to", "conditioning_1"];
            let next =
                next.iter().filter_map(|name| node.inputs.get(*name)).find_map(|value| self.link(value));
            node = next?.node;
        }
        None
    }

    /// A setting of a node or of the pipes that it takes.
    fn setting(&self, node: Node<'a>, names: &[&str]) -> Option<&'a Value> {
        let (_, value) = self.lookup(node, names, 0)?;
        self.scalar(value, names, 0)
    }

    /// A setting of the node linked to an input, or of the nodes before it on the same input.
    fn setting_of(&self, node: Node<'a>, inputs: &[&str], names: &[&str]) -> Option<&'a Value> {
        let mut node = node;
        for _ in 0..64 {
            let (_, value) = self.lookup(node, inputs, 0)?;
            node = self.link(value)?.node;
            if let Some(found) = self.setting(node, names) {
                return Some(found);
            }
        }
        None
    }
}

/// Whether a node is a sampler: it takes conditioning or a guider and has a sampler's settings.
fn is_sampler(node: Node<'_>) -> bool {
    if is_improving(node) {
        return false;
    }
    let has = |names: &[&str]| names.iter().any(|name| node.inputs.contains_key(*name));
    let has_condition = has(&["positive", "guider", "conditioning", "text_embeds"]);
    let takes_pipe = node.inputs.keys().any(|name| is_pipe(name));
    let is_named = node.kind.to_lowercase().contains("sampl");
    if is_named && (has_condition || takes_pipe) {
        return true;
    }
    let is_like_one =
        has(&["steps", "sigmas"]) && has(&["latent_image", "latent", "samples", "seed", "noise_seed"]);
    has_condition && is_like_one
}

/// Whether a node refines parts of an existing image, with prompts of its own.
fn is_improving(node: Node<'_>) -> bool {
    let kind = node.kind.to_lowercase();
    let improves = kind.contains("detailer") || kind.contains("upscale") || kind.contains("segs");
    improves
        && node.inputs.contains_key("positive")
        && (node.inputs.contains_key("steps") || node.inputs.contains_key("seed"))
}
