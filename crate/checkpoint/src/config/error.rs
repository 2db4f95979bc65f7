//! Errors in a model's configuration.

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// The file is too long for a configuration.
    #[error("the model's configuration is {found} bytes long; expected at most {most}")]
    TooLong {
        /// Size of the file in bytes.
        found: usize,
        /// Maximum size in bytes.
        most: usize,
    },
    /// The file is not JSON.
    #[error("the file is not JSON: {reason}")]
    NotJson {
        /// The parser's message, with line and column.
        reason: String,
    },
    /// The file is JSON but does not describe a CLIP model.
    #[error(
        "the model's configuration has neither `text_config` and `vision_config` (Hugging Face) nor `embed_dim`, \
         `text_cfg` and `vision_cfg` (open_clip), so it is not a CLIP model"
    )]
    NotClip,
    /// A field without a default is missing.
    #[error("the model's configuration lacks `{field}`; expected {expected}")]
    Missing {
        /// Path of the field.
        field: String,
        /// The expected type.
        expected: &'static str,
    },
    /// A field has the wrong type.
    #[error("`{field}` of the model's configuration is {found}; expected {expected}")]
    WrongType {
        /// Path of the field.
        field: String,
        /// The expected type.
        expected: &'static str,
        /// The value in the file.
        found: String,
    },
    /// A number is out of range.
    #[error("`{field}` of the model's configuration is {found}; expected {least} to {most}")]
    OutOfRange {
        /// Path of the field.
        field: String,
        /// The value in the file.
        found: String,
        /// Minimum.
        least: u64,
        /// Maximum.
        most: u64,
    },
    /// A field requires an operation that the towers do not support.
    #[error("`{field}` of the model's configuration is {found}; supported is {supported}")]
    Unsupported {
        /// Path of the field.
        field: String,
        /// The value in the file.
        found: String,
        /// The supported values.
        supported: &'static str,
    },
    /// A width is not divisible by the number of heads.
    #[error("`{field}` of the model's configuration is {width}; expected a multiple of its {parts} heads")]
    NotDivisible {
        /// Path of the width's field.
        field: String,
        /// The width.
        width: usize,
        /// Number of heads.
        parts: usize,
    },
    /// Each number is in range, but their combination describes too many parameters.
    #[error("the model's configuration describes {found} parameters; expected at most {most}")]
    TooManyParameters {
        /// Number of parameters described.
        found: u128,
        /// Maximum number of parameters.
        most: u128,
    },
    /// No open_clip model with this name is known.
    #[error("unknown model name {name:?}; known names are {known}")]
    UnknownName {
        /// The requested name.
        name: String,
        /// Known names, separated by commas.
        known: String,
    },
}
