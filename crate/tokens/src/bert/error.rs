//! What can be wrong with a vocabulary of word pieces.

/// Why a `vocab.txt`, or a `tokenizer.json` with word pieces, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordPieceError {
    /// The file is much longer than any vocabulary.
    #[error("the vocabulary is {found} bytes long; expected at most {most}")]
    TooLong {
        /// Length of the file.
        found: usize,
        /// Longest file that is read.
        most: usize,
    },
    /// The file is not UTF-8, not JSON, or lacks a field.
    #[error("the vocabulary cannot be read: {reason}")]
    Malformed {
        /// The parser's message.
        reason: String,
    },
    /// A setting of `tokenizer.json` differs from `bert-base-uncased`.
    #[error("its `{part}` is {found}; expected {expected}, as in bert-base-uncased")]
    Unsupported {
        /// The setting.
        part: &'static str,
        /// Its value.
        found: String,
        /// The supported value.
        expected: String,
    },
    /// A token that every prompt needs is missing.
    #[error("the vocabulary lacks the token {token}")]
    Missing {
        /// The token.
        token: &'static str,
    },
}
