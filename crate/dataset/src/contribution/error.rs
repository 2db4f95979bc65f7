//! What can go wrong with an export.

/// Why a contribution cannot be written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExportError {
    /// Something on the card that is not what it may be.
    #[error("`{field}` is {found}; expected {expected}")]
    Card {
        /// Which field.
        field: &'static str,
        /// What is there.
        found: String,
        /// What may be there.
        expected: &'static str,
    },
    /// Nothing to write.
    #[error("no record is left to export")]
    Empty,
    /// An image that is not the one that was asked for.
    #[error("the image {uid} {reason}")]
    Image {
        /// Its uid.
        uid: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A call out of order.
    #[error("{reason}")]
    Order {
        /// What was expected.
        reason: &'static str,
    },
    /// Rows or files that could not be written.
    #[error("the contribution cannot be written: {reason}")]
    Write {
        /// What is said.
        reason: String,
    },
}

impl From<crate::DatasetError> for ExportError {
    fn from(error: crate::DatasetError) -> Self {
        Self::Write { reason: error.to_string() }
    }
}
