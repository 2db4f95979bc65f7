//! Errors of an export.

use crate::error::{Cause, DatasetError};

/// Why a contribution cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A field of the card is invalid.
    #[error("`{field}` is {found}; expected {expected}")]
    Card {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// The allowed values.
        expected: &'static str,
    },
    /// There is no record to write.
    #[error("no record is left to export")]
    Empty,
    /// The bytes of an image do not match its uid.
    #[error("the image {uid} does not match its uid")]
    Image {
        /// Its uid.
        uid: String,
    },
    /// A method was called out of order.
    #[error("{reason}")]
    Order {
        /// The reason.
        reason: &'static str,
    },
    /// Rows or files could not be written.
    #[error("the contribution cannot be written: {source}")]
    Write {
        /// The cause.
        source: Cause,
    },
    /// There are too many records.
    #[error("the contribution cannot be written: {found} records; expected at most {most}")]
    Records {
        /// Number of records.
        found: usize,
        /// Maximum number of records.
        most: usize,
    },
}

/// Converts errors of writers to [`ExportError::Write`].
macro_rules! caused_by {
    ($($error:ty),+) => {
        $(impl From<$error> for ExportError {
            fn from(error: $error) -> Self {
                Self::Write { source: error.into() }
            }
        })+
    };
}

caused_by!(DatasetError, serde_json::Error, zip::result::ZipError, std::io::Error);
