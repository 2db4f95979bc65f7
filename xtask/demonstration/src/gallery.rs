//! Every emoji in every style as bitmaps.

use rayon::prelude::*;

use crate::{
    bitmap::Bitmap,
    catalogue::{Catalogue, Concept},
    style::Style,
};

/// The bitmaps of a catalogue.
pub(crate) struct Gallery {
    pub(crate) concepts: Vec<Concept>,
    /// `bitmaps[concept][style.index()]`
    bitmaps: Vec<[Option<Bitmap>; Style::ALL.len()]>,
}

impl Gallery {
    /// Draws a whole catalogue at `side` pixels, on all cores.
    ///
    /// Omits drawings that come out empty, and then emoji that fewer than two of the `training`
    /// styles show.
    pub(crate) fn draw(catalogue: &Catalogue, styles: &[Style], training: &[Style], side: u32) -> Self {
        let all: Vec<[Option<Bitmap>; Style::ALL.len()]> = catalogue
            .icons
            .par_iter()
            .map(|icons| {
                let draw = |style: Style| {
                    let wanted = styles.contains(&style).then(|| icons[style.index()].as_ref()).flatten();
                    wanted.and_then(|icon| Bitmap::render(icon, side))
                };
                Style::ALL.map(draw)
            })
            .collect();
        let shown = |bitmaps: &[Option<Bitmap>; Style::ALL.len()]| {
            training.iter().filter(|style| bitmaps[style.index()].is_some()).count() > 1
        };
        let kept = catalogue.concepts.iter().cloned().zip(all).filter(|(_, bitmaps)| shown(bitmaps));
        let (concepts, bitmaps) = kept.unzip();
        Self { concepts, bitmaps }
    }

    /// An emoji in a style; `None` if the set does not have it.
    pub(crate) fn bitmap(&self, concept: usize, style: Style) -> Option<&Bitmap> {
        self.bitmaps.get(concept)?[style.index()].as_ref()
    }

    /// Whether an emoji can be recoloured in a style.
    pub(crate) fn colourable(&self, concept: usize, style: Style) -> bool {
        self.bitmap(concept, style).is_some_and(|bitmap| bitmap.main.is_some())
    }
}
