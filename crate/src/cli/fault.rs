//! What ends the command.

use std::{
    fmt::Display,
    io::{self, Write},
};

use crate::{
    dataset::{Derived, derived_line},
    scorer::ScoreError,
};

/// Why the command ends without all it was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The arguments do not fit together.
    #[error("{reason}")]
    Usage { reason: String },
    /// The model or a device.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// An input file.
    #[error("{path}: {reason}")]
    Input { path: String, reason: String },
    /// A pattern without a match, a folder without images.
    #[error("{reason}")]
    Nothing { reason: String },
    /// A model that is written.
    #[error(transparent)]
    Convert(#[from] crate::weights::ConvertError),
    /// A data set.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// A ranking.
    #[error(transparent)]
    Rank(crate::evaluate::ranking::RankError),
    /// A merge.
    #[error(transparent)]
    Merge(#[from] crate::dataset::merge::MergeError),
    /// A ranking's picture.
    #[error(transparent)]
    Plot(#[from] crate::evaluate::interval_plot::PlotError),
    /// Training.
    #[error(transparent)]
    Train(#[from] crate::train::TrainError),
    /// Standard output.
    #[error("the results cannot be written: {0}")]
    Output(#[from] io::Error),
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

impl From<csv::Error> for Fault {
    fn from(error: csv::Error) -> Self {
        Self::Output(error.into())
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

/// One line on standard error. That it cannot be written can be told to nobody.
pub(super) fn report(what: &dyn Display) {
    let line = what.to_string().replace(['\n', '\r'], " ");
    let _ = writeln!(io::stderr(), "pickscore: {line}");
}

/// Says which columns the files lack and what they were made from, if any.
pub(super) fn report_derived(derived: &[Derived]) {
    if let Some(line) = derived_line(derived) {
        report(&line);
    }
}
