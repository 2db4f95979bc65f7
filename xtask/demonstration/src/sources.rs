//! From packages to the gallery.

use rayon::prelude::*;

use crate::{
    arguments::Sources,
    catalogue::Catalogue,
    fault::Fault,
    packages::{IconSet, Names},
    style::Style,
};

/// All packages, read.
pub(crate) struct Read {
    pub(crate) names: Names,
    pub(crate) sets: Vec<IconSet>,
    pub(crate) kept_out: Style,
    /// The styles that a model may be trained on.
    pub(crate) training: Vec<Style>,
    pub(crate) catalogue: Catalogue,
}

impl Sources {
    /// Reads and joins the packages.
    ///
    /// # Errors
    ///
    /// If the style is unknown or a package cannot be read.
    pub(crate) fn read(&self) -> Result<Read, Fault> {
        let kept_out = style(&self.kept_out)?;
        let names = Names::read(&self.packages)?;
        let sets = Style::ALL.into_par_iter().map(|style| IconSet::read(&self.packages, style));
        let sets = sets.collect::<Result<Vec<_>, _>>()?;
        let training = Style::training(kept_out);
        let catalogue = Catalogue::new(&names, &sets, &training);
        Ok(Read { names, sets, kept_out, training, catalogue })
    }
}

/// The style with this name.
///
/// # Errors
///
/// If there is none.
pub(crate) fn style(name: &str) -> Result<Style, Fault> {
    Style::of(name).ok_or_else(|| Fault::Unknown {
        what: "the style",
        found: name.into(),
        expected: Style::ALL.map(Style::name).join(", "),
    })
}
