//! The error type of the command.

use std::{
    fmt::Display,
    io::{self, Write},
};

use super::text::printable;
use crate::{
    dataset::{Derived, derived_line},
    scorer::{OptionNames, ScoreError},
};

const OPTIONS: OptionNames =
    OptionNames { scorer: Some("--scorer"), head: Some("--head"), cpu: "`--device cpu`" };

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The arguments contradict each other.
    #[error("{reason}")]
    Usage { reason: String },
    /// A model or device cannot be used.
    #[error("{}", .0.message(&OPTIONS))]
    Score(#[from] ScoreError),
    /// The network of FID cannot be used.
    #[error(transparent)]
    Inception(#[from] crate::inception::InceptionError),
    /// An input file cannot be used.
    #[error("{path}: {reason}")]
    Input { path: String, reason: String },
    /// There is nothing to do or no result: a pattern without a match, a folder without images.
    #[error("{reason}")]
    Nothing { reason: String },
    /// A model cannot be converted.
    #[error(transparent)]
    Convert(#[from] crate::weights::ConvertError),
    /// A dataset cannot be scored.
    #[error(transparent)]
    Bulk(#[from] crate::bulk::BulkError),
    /// A dataset cannot be read.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// Choices cannot be ranked.
    #[error(transparent)]
    Rank(crate::evaluate::ranking::RankError),
    /// Datasets cannot be merged.
    #[error(transparent)]
    Merge(#[from] crate::dataset::merge::MergeError),
    /// A ranking cannot be plotted.
    #[error(transparent)]
    Plot(#[from] crate::evaluate::interval_plot::PlotError),
    /// Choices cannot be learned from.
    #[error(transparent)]
    Taste(#[from] crate::taste::TasteError),
    /// A taste cannot be stored.
    #[error(transparent)]
    TasteFile(crate::taste::TasteFileError),
    /// A curve cannot be plotted.
    #[error(transparent)]
    CurvePlot(#[from] crate::taste::curve_plot::CurvePlotError),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] crate::train::TrainError),
    /// Standard output cannot be written.
    #[error("cannot write the results: {0}")]
    Output(#[from] io::Error),
}

impl Fault {
    /// The error of opening the files of --data, of which --split chooses a split.
    pub(super) fn of_split(error: crate::dataset::DatasetError) -> Self {
        match &error {
            crate::dataset::DatasetError::NoSplit { splits, .. } => {
                let choices: Vec<String> = splits.iter().map(|split| format!("--split {split}")).collect();
                Self::Nothing { reason: format!("{error}; give {}", choices.join(" or ")) }
            }
            _ => error.into(),
        }
    }
}

impl From<crate::weights::WeightError> for Fault {
    fn from(error: crate::weights::WeightError) -> Self {
        Self::Score(error.into())
    }
}

impl From<crate::evaluate::ranking::RankError> for Fault {
    fn from(error: crate::evaluate::ranking::RankError) -> Self {
        match error {
            error @ crate::evaluate::ranking::RankError::Option { .. } => {
                Self::Usage { reason: error.to_string() }
            }
            error => Self::Rank(error),
        }
    }
}

impl From<crate::taste::TasteFileError> for Fault {
    fn from(error: crate::taste::TasteFileError) -> Self {
        match error {
            // Of what is stored, only the name is an argument.
            error @ crate::taste::TasteFileError::Field { field: "name", .. } => {
                Self::Usage { reason: error.to_string() }
            }
            error => Self::TasteFile(error),
        }
    }
}

impl From<csv::Error> for Fault {
    fn from(error: csv::Error) -> Self {
        // `csv` hides the kind of the error, by which a closed pipe is recognised.
        Self::Output(match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

/// An error in a model's head, for a command without `--head`, and without `--scorer` if not
/// `has_scorer`.
pub(super) fn without_head(error: &ScoreError, has_scorer: bool) -> String {
    error.message(&OptionNames { scorer: OPTIONS.scorer.filter(|_| has_scorer), head: None, ..OPTIONS })
}

/// Writes one line to standard error. If that fails, there is no place left to report it.
pub(super) fn report(what: &dyn Display) {
    let line = printable(&what.to_string());
    let _ = writeln!(io::stderr(), "pickscore: {line}");
}

/// Reports which missing columns were derived, and from what.
pub(super) fn report_derived(derived: &[Derived]) {
    if let Some(line) = derived_line(derived) {
        report(&line);
    }
}
