//! Why a file is no taste.

/// Why a taste cannot be read or used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TasteFileError {
    /// The file is too large.
    #[error("the file has {bytes} bytes; a taste has at most {expected}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        expected: usize,
    },
    /// The file is not JSON.
    #[error("the file is not JSON: {reason}")]
    Json {
        /// What the parser found.
        reason: String,
    },
    /// The file is JSON of something else.
    #[error("the file is not a taste: its `format` is not `{expected}`")]
    Format {
        /// What it has to be.
        expected: &'static str,
    },
    /// The file is of another version.
    #[error("the taste is of version {found}; this program reads version {expected}")]
    Version {
        /// The version of the file.
        found: u64,
        /// The version of this program.
        expected: u64,
    },
    /// The version is not a whole number.
    #[error("the version of the taste is not a whole number; this program reads version {expected}")]
    NoVersion {
        /// The version of this program.
        expected: u64,
    },
    /// A field is missing, unknown or of another type.
    #[error("the taste is malformed: {reason}")]
    Fields {
        /// What the parser found.
        reason: String,
    },
    /// A field has a value that no taste has.
    #[error("`{field}` of the taste is {problem}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The taste was fitted on top of another scorer.
    #[error("the taste needs the scorer {expected}, not {found}")]
    OtherScorer {
        /// Name and first digits of the fingerprint of the scorer of the file.
        expected: String,
        /// Those of the scorer that is there.
        found: String,
    },
}
