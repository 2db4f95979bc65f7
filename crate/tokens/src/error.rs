//! Errors of reading a `tokenizer.json`.

/// A `tokenizer.json` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// The file is too long for a tokenizer.
    #[error("tokenizer.json is {found} bytes long; expected at most {most}")]
    TooLong {
        /// Size of the file in bytes.
        found: usize,
        /// Maximum size in bytes.
        most: usize,
    },
    /// The file is not valid JSON or lacks a required field.
    #[error("tokenizer.json cannot be read: {reason}")]
    Malformed {
        /// The parser's message.
        reason: String,
    },
    /// A setting differs from CLIP's.
    #[error("`{part}` in tokenizer.json is {found}; expected {expected}, as in CLIP's tokenizer")]
    Unsupported {
        /// Path of the setting.
        part: String,
        /// The value in the file.
        found: String,
        /// CLIP's value.
        expected: String,
    },
    /// A merge or a special token uses a token that is not in the vocabulary.
    #[error("tokenizer.json uses the token {token:?}, which is not in its vocabulary")]
    UnknownToken {
        /// The token.
        token: String,
    },
}
