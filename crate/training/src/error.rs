//! Errors of training.

use pickscore_checkpoint::weights::{HeaderError, WeightError};
use pickscore_dataset::DatasetError;
use pickscore_model::scorer::ScoreError;
use pickscore_model::towers::TowerError;

/// Why training failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The initial model could not be opened.
    #[error(transparent)]
    Model(#[from] ScoreError),
    /// The towers or their device failed.
    #[error(transparent)]
    Tower(#[from] TowerError),
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The tokenizer has tokens that the model does not.
    #[error(
        "the tokenizer has tokens up to {largest}, but the model's vocabulary has only {vocabulary}; put the \
         model's tokenizer.json in its folder"
    )]
    Vocabulary {
        /// The largest token.
        largest: u32,
        /// Number of tokens in the model's vocabulary.
        vocabulary: usize,
    },
    /// There are too few usable rows.
    #[error(
        "the {split} data has {rows} rows with a label and readable images; expected at least {expected}"
    )]
    TooFew {
        /// `"training"` or `"validation"`.
        split: &'static str,
        /// Number of usable rows.
        rows: u64,
        /// Number of rows required.
        expected: u64,
    },
    /// There is no validation data, and the training data cannot be split by prompt.
    #[error(
        "there is no validation data, and none can be held out of the training data, because one prompt has more \
         than half of its labelled rows; provide validation data"
    )]
    NoValidation,
    /// The loss is NaN or infinite.
    #[error("the loss is not finite at step {step}; try a lower learning rate")]
    Diverged {
        /// The step.
        step: u64,
    },
    /// The options are invalid.
    #[error("{reason}")]
    Options {
        /// What is invalid.
        reason: String,
    },
    /// The output folder contains another run.
    #[error(
        "{folder} contains a run with a different {what}; choose another folder, or use the options of that run"
    )]
    OtherRun {
        /// The folder.
        folder: String,
        /// The difference.
        what: &'static str,
    },
    /// A file of a checkpoint or log is damaged.
    #[error("{file} is damaged: {reason}")]
    Checkpoint {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be written.
    #[error("{file} cannot be written: {reason}")]
    Write {
        /// The file.
        file: String,
        /// The system's error message.
        reason: String,
    },
    /// The caller stopped the run. The checkpoint contains all steps so far.
    #[error("training was stopped after step {step}; run the same command again to continue")]
    Stopped {
        /// Number of completed steps.
        step: u64,
    },
}

impl From<WeightError> for TrainError {
    fn from(error: WeightError) -> Self {
        Self::Model(error.into())
    }
}

impl TrainError {
    /// A damaged file.
    pub(super) fn damaged(file: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self::Checkpoint { file: file.display().to_string(), reason: reason.to_string() }
    }

    /// Converts the error of a safetensors header.
    pub(super) fn header(file: &std::path::Path) -> impl Fn(HeaderError) -> Self {
        move |error| Self::damaged(file, error)
    }

    /// Converts the error of writing a file.
    pub(super) fn writing(file: &std::path::Path) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::Write { file: file.display().to_string(), reason: error.to_string() }
    }
}
