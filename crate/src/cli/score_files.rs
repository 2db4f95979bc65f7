//! Scores files with one model, with a progress bar.

use std::collections::HashSet;

use super::{
    fault::{self, Fault},
    load,
};
use crate::{
    PickScore,
    files::{Outcome, Prepared, Scores, Work},
    score::Scorer,
    scorer::Info,
};

/// The results of one model.
pub(super) struct Run {
    pub(super) info: Info,
    pub(super) scorer: &'static Scorer,
    /// For each file; `None` if it cannot be read.
    pub(super) scores: Vec<Option<Scores>>,
}

/// The images of a prompt.
pub(super) struct Group {
    /// `None` if no scorer reads prompts.
    pub(super) prompt: Option<String>,
    pub(super) members: Vec<Member>,
}

/// A score's place: the file, and the place among the file's prompts.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) file: usize,
    pub(super) column: usize,
}

impl Run {
    pub(super) fn score(&self, Member { file, column }: Member) -> Option<f32> {
        *self.scores[file].as_ref()?.get(column)?
    }
}

/// How files are scored.
pub(super) struct Pass<'a> {
    /// The text of the progress bar.
    pub(super) title: String,
    /// Prompts that the model cannot read, by place.
    pub(super) unreadable: HashSet<usize>,
    /// Whether a file that cannot be read is an error.
    pub(super) strict: bool,
    /// Files that were reported as unreadable for another model.
    pub(super) reported: &'a mut HashSet<usize>,
}

/// Is given each file in order with its scores, or why it cannot be read.
pub(super) type Take<'a> = dyn FnMut(usize, &Outcome) -> Result<(), Fault> + 'a;

/// Scores files with a model. A file that cannot be read is reported.
pub(super) fn score(
    work: &Work,
    scorer: &PickScore,
    prepared: &mut Prepared<'_>,
    pass: &mut Pass<'_>,
    take: &mut Take<'_>,
) -> Result<Run, Fault> {
    let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message(pass.title.clone());
    bar.set_length(work.files.len() as u64);
    let mut scores = Vec::with_capacity(work.files.len());
    let computed = work.score(scorer, prepared, &pass.unreadable, &mut |file, outcome| {
        if let Err(error) = outcome {
            let fault = Fault::Input { path: work.path(file), reason: error.to_string() };
            if pass.strict {
                return Err(fault);
            }
            if pass.reported.insert(file) {
                bar.suspend(|| fault::report(&fault));
            }
        }
        // A line of results must not be written into the progress bar.
        bar.suspend(|| take(file, outcome))?;
        bar.inc(1);
        scores.push(outcome.as_ref().ok().cloned());
        Ok(())
    });
    bar.finish_and_clear();
    computed?;
    Ok(Run { info: scorer.info().clone(), scorer: scorer.scoring().scorer, scores })
}
