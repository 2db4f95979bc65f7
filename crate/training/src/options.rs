//! Options of training.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The training objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Which of two images is preferred, as in the PickScore paper.
    Preference,
    /// Which image belongs to which prompt, as in CLIP.
    Contrastive,
}

/// The decay of the learning rate after warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// Linear to zero, as in the PickScore paper.
    Linear,
    /// Half a cosine to zero, as in CLIP.
    Cosine,
    /// No decay.
    Constant,
}

/// Which model of a run is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The model with the best validation.
    Best,
    /// The last model. For validation data that differs in kind from the training data.
    Last,
}

/// Options of AdamW and its schedule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OptimizerOptions {
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Weight decay of matrices and token embeddings. Vectors (biases, norms, position embeddings,
    /// the logit scale) are not decayed.
    pub weight_decay: f32,
    /// Decay rates of the two moments.
    pub betas: [f32; 2],
    /// Added to the square root of the second moment.
    pub epsilon: f32,
    /// The largest norm of the whole gradient; larger gradients are scaled down to it.
    pub clip: f32,
    /// Number of steps in which the learning rate rises from zero.
    pub warm_up: u64,
    /// The decay after warm-up.
    pub decay: Decay,
}

/// Options of a training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOptions {
    /// The training objective.
    pub objective: Objective,
    /// Total number of steps.
    pub steps: u64,
    /// Number of examples per step.
    pub batch: usize,
    /// Number of examples computed at a time, whose gradients are added. It saves memory and does
    /// not change the result. Only for [`Objective::Preference`].
    pub micro_batch: usize,
    /// The share of each image's patches that a step drops, 0 to 0.9 (FLIP, arXiv 2212.00794).
    /// Dropping half of them makes a step nearly twice as fast. Only for
    /// [`Objective::Contrastive`]; validation uses whole images.
    pub patch_dropout: f64,
    /// The seed of all randomness.
    pub seed: u64,
    /// Options of the optimizer.
    pub optimizer: OptimizerOptions,
    /// Number of steps between validations.
    pub validate_every: u64,
    /// Largest number of rows of a validation.
    pub validation_rows: usize,
    /// Which model of the run is kept.
    pub keep: Keep,
    /// Number of steps between checkpoints.
    pub checkpoint_every: u64,
    /// The output folder.
    #[serde(skip)]
    pub out: PathBuf,
}

impl OptimizerOptions {
    /// The options of the PickScore paper for preferences, and options for small models otherwise.
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
