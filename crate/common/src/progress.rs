//! How far something long has come.

/// How far something long has come. Whoever is told may answer [`std::ops::ControlFlow::Break`] to stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, for example `"weights"`.
    pub stage: &'static str,
    /// How much of it is done (bytes, images).
    pub loaded: u64,
    /// How much there is, where that is known.
    pub total: Option<u64>,
}
