//! Errors of the towers.

/// Why the towers could not be built or run.
#[derive(Debug, thiserror::Error)]
pub enum TowerError {
    /// A parameter required by the configuration was never supplied.
    #[error("the model has no parameter {name}")]
    Missing {
        /// The parameter's name, as [`parameters`](pickscore_checkpoint::weights::parameters)
        /// lists it.
        name: String,
    },
    /// An image does not have the size that the model expects.
    #[error("the model reads images of {expected} × {expected} pixels, this one has {found} × {found}")]
    ImageSize {
        /// Width and height that the model expects, in pixels.
        expected: usize,
        /// Width and height of the image, in pixels.
        found: usize,
    },
    /// A prompt is not padded to the model's context length.
    #[error("the model reads {expected} tokens, this prompt has {found}")]
    Context {
        /// The model's context length, in tokens.
        expected: usize,
        /// The prompt's length including padding, in tokens.
        found: usize,
    },
    /// A token ID is outside the model's vocabulary.
    #[error(
        "the prompt contains token {id}, but the model's vocabulary has only {vocabulary} tokens; \
         the tokenizer does not match the model"
    )]
    Token {
        /// Size of the vocabulary.
        vocabulary: usize,
        /// The token ID.
        id: u32,
    },
    /// The model was built without the requested tower.
    #[error("the model was loaded without its {tower} tower")]
    NotBuilt {
        /// `"text"` or `"vision"`.
        tower: &'static str,
    },
    /// The model is ImageReward, where a CLIP model is needed.
    #[error("this is ImageReward; expected a CLIP model")]
    NotClip,
    /// An image was encoded by another model.
    #[error("the image was encoded by another model")]
    OtherModel,
    /// The device reported an error.
    #[error("the device failed: {reason}")]
    Device {
        /// The device's error message.
        reason: String,
    },
    /// An embedding contains NaN or infinity.
    #[error("the device returned values that are not finite; try another precision or the CPU")]
    NotFinite,
}

impl TowerError {
    pub(super) fn missing(name: &str) -> Self {
        Self::Missing { name: name.into() }
    }
}
