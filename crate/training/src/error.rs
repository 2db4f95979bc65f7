//! What can go wrong in training.

use pickscore_checkpoint::weights::{HeaderError, WeightError};
use pickscore_dataset::DatasetError;
use pickscore_model::scorer::ScoreError;
use pickscore_model::towers::TowerError;

/// Why training ends without a model.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The model that it begins with.
    #[error(transparent)]
    Model(#[from] ScoreError),
    /// The towers, or their device.
    #[error(transparent)]
    Tower(#[from] TowerError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// Nothing to learn from.
    #[error(
        "the {split} data has {rows} rows with a label and readable images; expected at least {expected}"
    )]
    TooFew {
        /// `"training"` or `"validation"`.
        split: &'static str,
        /// Labelled rows it has.
        rows: u64,
        /// How many a batch needs.
        expected: u64,
    },
    /// The loss is no longer a number.
    #[error("the loss is not finite at step {step}; try a lower learning rate")]
    Diverged {
        /// The step.
        step: u64,
    },
    /// Options that do not fit together.
    #[error("{reason}")]
    Options {
        /// What does not fit.
        reason: String,
    },
    /// A run whose folder holds another run.
    #[error("{folder} holds a run with other {what}; give another folder, or the options it was begun with")]
    OtherRun {
        /// The folder.
        folder: String,
        /// What differs.
        what: &'static str,
    },
    /// A checkpoint that cannot be read.
    #[error("{file} is damaged: {reason}")]
    Checkpoint {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file could not be written.
    #[error("{file} cannot be written: {reason}")]
    Write {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The caller broke off; the checkpoint holds everything up to the last step.
    #[error("training was stopped at step {step}; the same command goes on from there")]
    Stopped {
        /// The last step that was made.
        step: u64,
    },
}

impl From<WeightError> for TrainError {
    fn from(error: WeightError) -> Self {
        Self::Model(error.into())
    }
}

impl TrainError {
    pub(super) fn damaged(file: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self::Checkpoint { file: file.display().to_string(), reason: reason.to_string() }
    }

    pub(super) fn header(file: &std::path::Path) -> impl Fn(HeaderError) -> Self {
        move |error| Self::damaged(file, error)
    }

    pub(super) fn writing(file: &std::path::Path) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::Write { file: file.display().to_string(), reason: error.to_string() }
    }
}
