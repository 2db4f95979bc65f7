//! What can be wrong with a model's configuration.

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// It is far longer than any configuration.
    #[error("the model's configuration is {found} bytes long; expected at most {most}")]
    TooLong {
        /// Its bytes.
        found: usize,
        /// The bound.
        most: usize,
    },
    /// It is not JSON.
    #[error("the model's configuration is not JSON: {reason}")]
    NotJson {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// It is JSON, but describes no CLIP model.
    #[error(
        "the model's configuration has neither `text_config` and `vision_config` (Hugging Face) nor `embed_dim`, \
         `text_cfg` and `vision_cfg` (open_clip), so it is no CLIP model's"
    )]
    NotClip,
    /// A field that has no default is absent.
    #[error("the model's configuration lacks `{field}`; expected {expected}")]
    Missing {
        /// The field, with its path.
        field: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A field has a value of another type.
    #[error("`{field}` of the model's configuration is {found}; expected {expected}")]
    WrongType {
        /// The field, with its path.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A number is too small or too large.
    #[error("`{field}` of the model's configuration is {found}; expected {least} to {most}")]
    OutOfRange {
        /// The field, with its path.
        field: String,
        /// What is there.
        found: String,
        /// The least that is accepted.
        least: u64,
        /// The most that is accepted.
        most: u64,
    },
    /// A field asks for what the towers do not compute.
    #[error("`{field}` of the model's configuration is {found}; supported is {supported}")]
    Unsupported {
        /// The field, with its path.
        field: String,
        /// What is there.
        found: String,
        /// What is supported.
        supported: &'static str,
    },
    /// A width does not split evenly.
    #[error("`{field}` of the model's configuration is {width}, which {parts} heads do not divide")]
    NotDivisible {
        /// The width's field, with its path.
        field: String,
        /// The width.
        width: usize,
        /// Heads.
        parts: usize,
    },
    /// Each number is possible, their product is not.
    #[error("the model's configuration describes {found} parameters; expected at most {most}")]
    TooManyParameters {
        /// Parameters described.
        found: u128,
        /// The bound.
        most: u128,
    },
    /// No model of open_clip is known under this name.
    #[error("no model is known as {name:?}; known names are {known}")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// Known names, separated by commas.
        known: String,
    },
}
