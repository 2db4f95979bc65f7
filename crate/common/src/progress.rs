//! Progress of a long operation.

/// Progress of a long operation. A callback that receives it can return
/// [`std::ops::ControlFlow::Break`] to cancel the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The current stage, for example `"weights"`.
    pub stage: &'static str,
    /// Completed units (bytes or images).
    pub loaded: u64,
    /// Total units, if known.
    pub total: Option<u64>,
}
