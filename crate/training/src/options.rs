//! What training can be told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Which of two images is preferred: the paper's.
    Preference,
    /// Which image belongs to which prompt: CLIP's.
    Contrastive,
}

/// How the learning rate falls after its warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// On a straight line to zero: the paper's.
    Linear,
    /// On half a cosine to zero: CLIP's.
    Cosine,
    /// Not at all.
    Constant,
}

/// Which of the run's models is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The one with the best validation.
    Best,
    /// The last one: where validation asks for something else than training teaches, as with pictures of a kind that is never trained on.
    Last,
}

/// AdamW and its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OptimizerOptions {
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Decay of matrices and the token table; vectors (biases, norms, positions, the logit scale) are not decayed.
    pub weight_decay: f32,
    /// Decay rates of the two moments.
    pub betas: [f32; 2],
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Longest gradient of all parameters together; longer ones are shortened to it.
    pub clip: f32,
    /// Steps over which the learning rate rises from zero.
    pub warm_up: u64,
    /// How it falls afterwards.
    pub decay: Decay,
}

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOptions {
    /// What is learned from.
    pub objective: Objective,
    /// Steps in all.
    pub steps: u64,
    /// Examples of a step.
    pub batch: usize,
    /// Examples that are computed at a time; their gradients add up. Only for [`Objective::Preference`], where they are the same.
    pub micro_batch: usize,
    /// The share of each image's patches that a step leaves out, 0 to 0.9 (FLIP, arXiv 2212.00794): half of them make a step nearly twice as fast.
    /// Only for [`Objective::Contrastive`]; validation sees whole images.
    pub patch_dropout: f64,
    /// What everything random follows from.
    pub seed: u64,
    /// The optimizer.
    pub optimizer: OptimizerOptions,
    /// Steps from one validation to the next.
    pub validate_every: u64,
    /// Most rows of a validation.
    pub validation_rows: usize,
    /// Which of the run's models is kept.
    pub keep: Keep,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: u64,
    /// Where everything is written.
    #[serde(skip)]
    pub out: PathBuf,
}

impl OptimizerOptions {
    /// The paper's for preferences, CLIP's in small for contrastive training.
    pub fn of(objective: Objective) -> Self {
        match objective {
            Objective::Preference => Self {
                learning_rate: 3e-6,
                weight_decay: 0.3,
                betas: [0.9, 0.999],
                epsilon: 1e-8,
                clip: 1.0,
                warm_up: 500,
                decay: Decay::Linear,
            },
            Objective::Contrastive => Self {
                learning_rate: 1e-3,
                weight_decay: 0.2,
                betas: [0.9, 0.98],
                epsilon: 1e-6,
                clip: 1.0,
                warm_up: 200,
                decay: Decay::Cosine,
            },
        }
    }
}
