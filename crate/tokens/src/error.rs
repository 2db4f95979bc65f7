//! What can be wrong with a `tokenizer.json`.

/// Why a `tokenizer.json` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// It is far longer than any vocabulary.
    #[error("tokenizer.json is {found} bytes long; expected at most {most}")]
    TooLong {
        /// Its bytes.
        found: usize,
        /// The bound.
        most: usize,
    },
    /// It is not JSON, or lacks what every tokenizer has.
    #[error("tokenizer.json cannot be read: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// A part of it works otherwise than CLIP's.
    #[error("the `{part}` of tokenizer.json is {found}; expected {expected}, as CLIP's tokenizer has it")]
    Unsupported {
        /// The part.
        part: String,
        /// What is there.
        found: String,
        /// What CLIP has.
        expected: String,
    },
    /// A merge or special token names a token that the vocabulary lacks.
    #[error("tokenizer.json uses the token {token:?}, which its vocabulary lacks")]
    UnknownToken {
        /// The token.
        token: String,
    },
}
