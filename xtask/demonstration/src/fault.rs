//! What ends the command.

use std::io;

/// Why the command ends without all it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A file of a package cannot be read.
    #[error("{file} cannot be read: {error}; install the packages with `npm ci` in xtask/demonstration/")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        error: io::Error,
    },
    /// A file of a package is far larger than any is.
    #[error("{file} has {found} bytes; expected at most {most}")]
    TooLarge {
        /// The file.
        file: String,
        /// Its bytes.
        found: u64,
        /// The bound.
        most: u64,
    },
    /// A file of a package is not what it should be.
    #[error("{file} cannot be understood: {error}")]
    Malformed {
        /// The file.
        file: String,
        /// What the parser says.
        error: serde_json::Error,
    },
    /// The arguments do not fit together or with the packages.
    #[error("{what} {found:?} is unknown; expected {expected}")]
    Unknown {
        /// What was named.
        what: &'static str,
        /// The name.
        found: String,
        /// What would do.
        expected: String,
    },
    /// A set is so small that a kind of pair cannot be made of it.
    #[error("{set} has no emoji for pairs of the kind {kind:?}; expected at least two that differ")]
    TooFew {
        /// The set.
        set: String,
        /// The kind.
        kind: &'static str,
    },
    /// A picture could not be encoded.
    #[error("a picture of {side} pixels cannot be encoded: {reason}")]
    Encode {
        /// Its width and height.
        side: u32,
        /// What the encoder says.
        reason: String,
    },
    /// A file could not be written.
    #[error("{file} cannot be written: {reason}")]
    Write {
        /// The file.
        file: String,
        /// What the system or the format says.
        reason: String,
    },
}
