//! What can be wrong with a round.

/// Why a round cannot be started, gone on with or answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RoundError {
    /// A setting that is not what it may be.
    #[error("`{field}` is {found}; expected {expected}")]
    Setting {
        /// Which one.
        field: String,
        /// What is there.
        found: String,
        /// What may be there.
        expected: &'static str,
    },
    /// A state that no round could have.
    #[error("the round cannot be gone on with: {reason}")]
    State {
        /// What is wrong with it.
        reason: String,
    },
    /// An answer where nothing is asked.
    #[error("the round is over")]
    Over,
}
