//! Pairs of pictures for a caption, planned before they are drawn.

mod choose;
mod preference;
mod pretrain;

use crate::{
    degradation::Degradation,
    fault::Fault,
    gallery::Gallery,
    scene::{Scene, View},
    style::Style,
};

pub(crate) use choose::Choices;

/// How often something is tried with other random numbers before a set is called too small.
const TRIES: usize = 200;

/// A pair in the making.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) caption: String,
    /// Which kind of pair it is: `near-miss`, `blur` …
    pub(crate) kind: &'static str,
    pub(crate) images: [Shot; 2],
    pub(crate) preferred: Preferred,
}

/// One image of a pair.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shot {
    pub(crate) scene: Scene,
    pub(crate) degradation: Option<Degradation>,
}

/// Which image is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preferred {
    First,
    Second,
    Neither,
}

impl Shot {
    fn clean(scene: Scene) -> Self {
        Self { scene, degradation: None }
    }

    /// The set that it is drawn from.
    pub(crate) fn style(&self) -> Style {
        self.scene.style
    }

    /// The image as a file of `side` pixels.
    ///
    /// # Errors
    ///
    /// When it cannot be encoded.
    pub(crate) fn encode(&self, gallery: &Gallery, side: u32) -> Result<Vec<u8>, Fault> {
        let bytes = match self.degradation {
            Some(degradation) => degradation.encode(&self.scene, gallery, side)?,
            None => match self.scene.draw(gallery, side, View::WHOLE) {
                Some(picture) => Some(picture.png()?),
                None => None,
            },
        };
        bytes.ok_or_else(|| Fault::Encode { side, reason: "it has no pixels".into() })
    }
}

impl Recipe {
    /// A pair of which the first is better, in random order.
    fn better(caption: String, kind: &'static str, better: Shot, worse: Shot, swapped: bool) -> Self {
        if swapped {
            Self { caption, kind, images: [worse, better], preferred: Preferred::Second }
        } else {
            Self { caption, kind, images: [better, worse], preferred: Preferred::First }
        }
    }

    /// One emoji by its plain name, twice as near as can be the same picture.
    pub(crate) fn retrieval(concept: usize, style: Style, gallery: &Gallery, random: &mut crate::random::Random) -> Option<Self> {
        let caption = crate::content::described(gallery.concepts.get(concept), &[]);
        let shot = Shot::clean(Scene::clean(concept, style, gallery, random)?);
        Some(Self { caption, kind: "retrieval", images: [shot.clone(), shot], preferred: Preferred::Neither })
    }
}
