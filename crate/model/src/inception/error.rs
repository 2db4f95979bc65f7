//! Errors of the Inception network.

/// Why the network cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InceptionError {
    /// The file cannot be read.
    #[error("{file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor is missing.
    #[error("the weights have no `{name}`; expected pytorch-fid's Inception network, from {address}", address = super::WEIGHTS)]
    Missing {
        /// The tensor.
        name: String,
    },
    /// A tensor has numbers that are not finite, or negative variances.
    #[error("`{name}` has numbers that are not finite, or negative variances; the file is damaged")]
    Damaged {
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape.
    #[error("`{name}` has the shape {found:?}; expected {expected:?}, as in pytorch-fid's Inception network")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The expected shape.
        expected: Vec<usize>,
    },
}
