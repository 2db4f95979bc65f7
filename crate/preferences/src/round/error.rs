//! Errors of rounds.

/// Why a round cannot be started, restored or answered.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// A setting is invalid.
    #[error("`{field}` is {found}; expected {expected}")]
    Setting {
        /// The setting.
        field: String,
        /// Its value.
        found: String,
        /// The allowed values.
        expected: &'static str,
    },
    /// A stored state is damaged, or no round can have it.
    #[error("the round cannot be restored: {0}")]
    State(#[source] StateError),
    /// An answer was given although the round is over.
    #[error("the round is over")]
    Over,
    /// A pair was answered although a group is shown, or the other way round.
    #[error("a {shown} is shown; expected an answer to it")]
    Kind {
        /// What is shown: `pair` or `group`.
        shown: &'static str,
    },
    /// The best image is none of the group's.
    #[error("image {found} is the best of a group of {images}")]
    Best {
        /// Its place, from 1.
        found: usize,
        /// Number of images of the group.
        images: usize,
    },
    /// An answer to a group has too many or too few records.
    #[error("an answer has {found} records; expected {expected}")]
    Records {
        /// Number of records.
        found: usize,
        /// Number of pairs that the answer gives.
        expected: usize,
    },
}

/// What is wrong with the stored state of a round.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is too long.
    #[error("it has {found} bytes; expected at most {most}")]
    Size {
        /// Length in bytes.
        found: usize,
        /// Maximum length in bytes.
        most: usize,
    },
    /// It is not JSON, or has other fields.
    #[error("{0}")]
    Json(#[source] serde_json::Error),
    /// Its version is unknown.
    #[error("it has {}; expected version {expected}", found.map_or_else(|| "no version".into(), |version| format!("version {version}")))]
    Version {
        /// Its version, if it has one.
        found: Option<u64>,
        /// The version that is read.
        expected: u64,
    },
    /// It has too many answers.
    #[error("{found} answers; expected at most {most}")]
    Answers {
        /// Number of answers.
        found: usize,
        /// Maximum number of answers.
        most: usize,
    },
    /// An answer is not a choice.
    #[error("answer {pair} is {found:.40?}")]
    Choice {
        /// The number of the answer, from 0.
        pair: usize,
        /// The answer.
        found: String,
    },
    /// The uid of a record is too long.
    #[error("a record of answer {pair} has a uid of {length} characters")]
    Record {
        /// The number of the answer, from 0.
        pair: usize,
        /// Length of the uid.
        length: usize,
    },
    /// A pair or group cannot follow the answers before it, or does not fit its records.
    #[error("answer {pair} cannot follow the answers before it")]
    Pair {
        /// The number of the answer, from 0.
        pair: usize,
    },
    /// The current pair or group cannot follow the answers.
    #[error("the current pair cannot follow the answers")]
    Current,
}
