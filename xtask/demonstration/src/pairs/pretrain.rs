//! Pairs in which both images fit the caption: the positives of contrastive training.

use super::{Choices, Preferred, Recipe, Shot, TRIES};
use crate::{content::Content, fault::Fault, random::Random};

impl Choices<'_> {
    /// A tie of two images of the same content, in two styles if two have it, and `varied` from
    /// those styles on request.
    ///
    /// # Errors
    ///
    /// If the set has no emoji to show.
    pub(crate) fn pretrain(&self, varied: bool, random: &mut Random) -> Result<Recipe, Fault> {
        let kind = "pretrain";
        (0..TRIES)
            .find_map(|_| {
                let content = self.content(random)?;
                let mut recipe = self.tie(&content, kind, random)?;
                if varied {
                    let vary = |shot: Shot, random: &mut Random| {
                        Shot::clean(self.varied(shot.scene, &content, random))
                    };
                    recipe.images = recipe.images.map(|shot| vary(shot, random));
                }
                Some(recipe)
            })
            .ok_or_else(|| Fault::TooFew { set: self.set.clone(), kind })
    }

    /// Two images that fit equally well.
    pub(super) fn tie(&self, content: &Content, kind: &'static str, random: &mut Random) -> Option<Recipe> {
        let first = self.stage(content, random)?;
        let second = self.stage_otherwise(content, first.style, random)?;
        let caption = content.caption(&self.gallery.concepts, random);
        let images = [first, second].map(Shot::clean);
        Some(Recipe { caption, kind, images, preferred: Preferred::Neither })
    }
}
