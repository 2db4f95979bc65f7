//! The command's errors.

use std::io;

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A package's file cannot be read.
    #[error("{file} cannot be read: {error}; install the packages with `npm ci` in xtask/demonstration/")]
    Read {
        /// The file.
        file: String,
        /// The system's error.
        error: io::Error,
    },
    /// A package's file is implausibly large.
    #[error("{file} has {found} bytes; expected at most {most}")]
    TooLarge {
        /// The file.
        file: String,
        /// Its bytes.
        found: u64,
        /// The limit.
        most: u64,
    },
    /// A package's file is malformed.
    #[error("{file} cannot be understood: {error}")]
    Malformed {
        /// The file.
        file: String,
        /// The parser's error.
        error: serde_json::Error,
    },
    /// The arguments do not fit together, or do not fit the packages.
    #[error("{what} {found:?} is unknown; expected {expected}")]
    Unknown {
        /// The kind of name.
        what: &'static str,
        /// The name.
        found: String,
        /// What is valid.
        expected: String,
    },
    /// A set is too small for a kind of pair.
    #[error("{set} has no emoji for pairs of the kind {kind:?}; expected at least two that differ")]
    TooFew {
        /// The set.
        set: String,
        /// The kind.
        kind: &'static str,
    },
    /// An image could not be encoded.
    #[error("an image of {side} pixels cannot be encoded: {reason}")]
    Encode {
        /// Its width and height.
        side: u32,
        /// The encoder's error.
        reason: String,
    },
    /// A file could not be written.
    #[error("{file} cannot be written: {reason}")]
    Write {
        /// The file.
        file: String,
        /// The error of the system or the format.
        reason: String,
    },
}
