//! The size of the latent image that a sampler starts from.

use super::{
    super::json,
    graph::{Graph, Node, is_pipe},
};

/// Inputs that carry an image or a latent image.
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
    /// Width and height of the sampler's latent image, in pixels.
    pub(super) fn latent_size(&self, sampler: Node<'a>) -> Option<(f64, f64)> {
        self.restart();
        self.size_of(self.source(sampler)?, 0)
    }

    /// The node that provides the image of a node.
    fn source(&self, node: Node<'a>) -> Option<Node<'a>> {
        let own = SOURCES.iter().find_map(|name| self.link(node.inputs.get(*name)?));
        let piped = || {
            node.inputs.keys().any(|name| is_pipe(name)).then_some(())?;
            // A loader at the start of the pipes creates the latent image itself.
            let names = ["latent", "latent_image", "samples", "empty_latent_width"];
            let (from, value) = self.lookup(node, &names, 0)?;
            Some(self.link(value).map_or(from, |link| link.node))
        };
        own.map(|link| link.node).or_else(piped)
    }

    fn size_of(&self, node: Node<'a>, depth: usize) -> Option<(f64, f64)> {
        self.step(node, depth)?;
        if let Some(value) = self.switched(node, depth) {
            return self.size_of(self.link(value)?.node, depth + 1);
        }
        let kind = node.kind.to_lowercase();
        if kind.contains("latentupscaleby") {
            let (width, height) = self.size_of(self.source(node)?, depth + 1)?;
            let scale = json::number(self.scalar(node.inputs.get("scale_by")?, &[], depth + 1))?;
            // One latent element covers eight pixels.
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
        // Nodes that change the size by an unknown amount.
        if ["scale", "pad", "crop", "resize", "rotate", "tile"].iter().any(|part| kind.contains(part))
            && !kind.contains("tiled")
        {
            return None;
        }
        self.size_of(self.source(node)?, depth + 1)
    }
}
