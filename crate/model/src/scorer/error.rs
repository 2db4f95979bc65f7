//! What can go wrong between a prompt and a score.

use crate::towers::TowerError;
use pickscore_checkpoint::weights::WeightError;
use pickscore_pixels::ProcessorError;
use pickscore_tokens::TokenizerError;

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// There is nothing in the prompt.
    #[error("the prompt is empty; expected at least one word")]
    EmptyPrompt,
    /// The model could not be loaded.
    #[error(transparent)]
    Weights(#[from] WeightError),
    /// Its tokenizer cannot be followed.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Its image processor cannot be followed.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
    /// A tower failed.
    #[error(transparent)]
    Tower(#[from] TowerError),
    /// No GPU can be used.
    #[error("no GPU can be used: {reason}; take the CPU with `--device cpu`")]
    NoGpu {
        /// What was found instead.
        reason: String,
    },
}
