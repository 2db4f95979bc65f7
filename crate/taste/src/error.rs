//! Why choices cannot be learned from.

/// Why a taste cannot be fitted or used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TasteError {
    /// There is nothing to learn from.
    #[error("there are no choices to learn from")]
    NoChoices,
    /// Embeddings have no or too many numbers.
    #[error("an embedding has {found} numbers; expected 1 to {MOST_DIMENSIONS}")]
    Dimensions {
        /// Number of dimensions.
        found: usize,
    },
    /// The numbers are not a whole number of embeddings.
    #[error("{found} numbers are no whole number of embeddings of {dimensions} dimensions")]
    Ragged {
        /// Number of dimensions of an embedding.
        dimensions: usize,
        /// Number of numbers.
        found: usize,
    },
    /// An embedding is not finite or not of unit length.
    #[error("the embedding of image {image} is {problem}")]
    Embedding {
        /// The number of the image.
        image: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The embeddings of two models are mixed.
    #[error("embeddings of {found} dimensions are of another model: this one's have {expected}")]
    OtherModel {
        /// Number of dimensions so far.
        expected: usize,
        /// Number of dimensions of what was added.
        found: usize,
    },
    /// A choice is about an image that has no embedding.
    #[error("choice {choice} is about image {image}, but there are embeddings of {images} images")]
    UnknownImage {
        /// The number of the choice.
        choice: usize,
        /// The number of the image.
        image: usize,
        /// Number of images.
        images: usize,
    },
    /// The base scorer's difference of two images is not a number, or too large to be one.
    #[error("the scores of choice {choice} are not finite, or further apart than {MOST_LEAD}")]
    Lead {
        /// The number of the choice.
        choice: usize,
    },
    /// A score is not finite.
    #[error("the score of image {image} is not finite")]
    Score {
        /// The number of the image.
        image: usize,
    },
    /// A setting is outside its range.
    #[error("{name} is {value}; expected {expected}")]
    Option {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// The fit did not converge. This is not expected for any choices.
    #[error("the taste did not converge within {steps} steps")]
    NotConverged {
        /// Number of steps.
        steps: usize,
    },
}

/// Maximum number of dimensions of an embedding. The largest CLIP models have 1280.
pub const MOST_DIMENSIONS: usize = 4096;
/// Largest difference of two scores in logits.
pub const MOST_LEAD: f64 = 1e4;
