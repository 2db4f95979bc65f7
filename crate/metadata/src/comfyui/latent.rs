//! The size of the latent image that a sampler starts with.

use serde_json::Value;

use super::{
    super::json,
    graph::{DEEPEST, Graph, Node, is_pipe},
};

/// Inputs that a latent image or an image comes from.
const SOURCES: [&str; 13] = [
    "latent_image",
    "samples",
    "latent",
    "latents",
    "optional_latent",
    "init_latent",
    "samples_to",
    "samples1",
    "pixels",
    "image",
    "images",
    "init_image",
    "",
];
const SIDES: [[&str; 2]; 3] =
    [["width", "height"], ["empty_latent_width", "empty_latent_height"], ["latent_width", "latent_height"]];

impl<'a> Graph<'a> {
    /// Width and height in pixels, as the sampler's latent image has them.
    pub(super) fn latent_size(&self, sampler: Node<'a>) -> Option<(f64, f64)> {
        self.size_of(self.source(sampler)?, 0)
    }

    fn source(&self, node: Node<'a>) -> Option<&'a Value> {
        let own =
            SOURCES.iter().filter_map(|name| node.inputs.get(*name)).find(|value| self.link(value).is_some());
        own.or_else(|| {
            node.inputs.keys().any(|name| is_pipe(name)).then_some(())?;
            // A loader that pipes start with makes the latent image itself.
            let names = ["latent", "latent_image", "samples", "empty_latent_width"];
            let (from, value) = self.lookup(node, &names, 0)?;
            if self.link(value).is_some() { Some(value) } else { self.own_size_link(from) }
        })
    }

    /// A link to a node itself, for one whose size is among its own inputs.
    fn own_size_link(&self, node: Node<'a>) -> Option<&'a Value> {
        let links = self.nodes().into_iter().flat_map(|other| other.inputs.values());
        links.into_iter().find(|value| self.link(value).is_some_and(|link| link.node.id == node.id))
    }

    fn size_of(&self, value: &'a Value, depth: usize) -> Option<(f64, f64)> {
        self.step(depth)?;
        (depth < DEEPEST).then_some(())?;
        let node = self.link(value)?.node;
        if let Some(value) = self.switched(node, depth) {
            return self.size_of(value, depth + 1);
        }
        let kind = node.kind.to_lowercase();
        if kind.contains("latentupscaleby") {
            let (width, height) = self.size_of(self.source(node)?, depth + 1)?;
            let scale = json::number(self.scalar(node.inputs.get("scale_by")?, &[], depth + 1))?;
            // A latent image has one element for eight pixels.
            let scaled = |side: f64| (side / 8.0 * scale).round() * 8.0;
            let is_size = |side: f64| (1.0..1e6).contains(&side);
            return Some((scaled(width), scaled(height)))
                .filter(|(width, height)| is_size(*width) && is_size(*height));
        }
        let written = ["dimensions", "resolution"].iter().find_map(|name| node.inputs.get(*name)?.as_str());
        if let Some(size) = written.and_then(json::size) {
            return Some(size);
        }
        for [width, height] in SIDES {
            if let Some((width, height)) = node.inputs.get(width).zip(node.inputs.get(height)) {
                let side = |value, name| json::side(self.scalar(value, &[name], depth + 1));
                return side(width, "width").zip(side(height, "height"));
            }
        }
        // What changes the size without saying to what.
        if ["scale", "pad", "crop", "resize", "rotate", "tile"].iter().any(|part| kind.contains(part))
            && !kind.contains("tiled")
        {
            return None;
        }
        self.size_of(self.source(node)?, depth + 1)
    }
}
