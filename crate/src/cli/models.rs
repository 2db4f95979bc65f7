//! The models of a command, checked before the first one computes.

use std::path::PathBuf;

use super::fault::Fault;
use crate::{
    PickScore,
    score::Scorer,
    scorer::{CheckedModel, OpenOptions},
};

/// A model whose files fit its scorer.
pub(super) struct Checked {
    /// A different name for each model, see [`unique`].
    pub(super) name: String,
    pub(super) scorer: &'static Scorer,
    /// Number of parameters.
    pub(super) parameters: u64,
}

/// Checks the names, shapes and configuration of every model, so that a mistake in the last one
/// costs nothing. `names` are those that were given for the models, or none.
pub(super) fn check(
    models: &[PathBuf],
    options: &[OpenOptions],
    names: &[String],
) -> Result<Vec<Checked>, Fault> {
    let mut checked = Vec::with_capacity(models.len());
    for (index, (model, options)) in models.iter().zip(options).enumerate() {
        let CheckedModel { name, scoring, parameters } = PickScore::check(model, options)?;
        let name = names.get(index).cloned().unwrap_or(name);
        checked.push(Checked { name, scorer: scoring.scorer, parameters });
    }
    let names = unique(&checked.iter().map(|model| model.name.clone()).collect::<Vec<_>>());
    for (model, name) in checked.iter_mut().zip(names) {
        model.name = name;
    }
    Ok(checked)
}

/// Names that all differ: a name that came before gets the next free number, from 2.
pub(super) fn unique(names: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let numbered = (2..).map(|number| format!("{name} {number}"));
        let is_first = |candidate: &String| candidate == name && !found.contains(candidate);
        let is_free = |candidate: &String| !names.contains(candidate) && !found.contains(candidate);
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        let free = candidates.find(|candidate| is_first(candidate) || is_free(candidate));
        found.push(free.unwrap_or_default());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_where_they_repeat() {
        let unique = |names: &[&str]| unique(&names.iter().map(|name| (*name).into()).collect::<Vec<_>>());
        assert_eq!(unique(&["clip", "hps"]), ["clip", "hps"]);
        assert_eq!(unique(&["clip", "hps", "clip", "clip"]), ["clip", "hps", "clip 2", "clip 3"]);
        // A number that is another model's own name is left to it.
        assert_eq!(unique(&["clip", "clip", "clip 2"]), ["clip", "clip 3", "clip 2"]);
        assert_eq!(unique(&["clip", "clip", "clip 2", "clip 2"]), ["clip", "clip 3", "clip 2", "clip 2 2"]);
    }
}
