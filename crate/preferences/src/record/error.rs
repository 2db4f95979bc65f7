//! Errors of records.

use super::choice_record::RECORD_VERSION;

/// Why a record is invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// It is not a JSON object.
    #[error("it is not a record: {reason}")]
    NoRecord {
        /// The reason.
        reason: String,
    },
    /// Its version is unknown.
    #[error("it has version {found}; this program reads versions 1 to {RECORD_VERSION}")]
    Version {
        /// The value of `record_version`.
        found: String,
    },
    /// A required field is missing.
    #[error("`{field}` is absent; expected {expected}")]
    Absent {
        /// The field, for example `left.image_uid`.
        field: String,
        /// The allowed values.
        expected: &'static str,
    },
    /// A field is invalid.
    #[error("`{field}` is {found}; expected {expected}")]
    Field {
        /// The field, for example `left.image_uid`.
        field: String,
        /// Its value, shortened.
        found: String,
        /// The allowed values.
        expected: &'static str,
    },
}

impl RecordError {
    /// The field that is missing or invalid, if any.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. } | Self::Absent { field, .. } => Some(field),
            Self::Version { .. } => Some("record_version"),
            Self::NoRecord { .. } => None,
        }
    }
}
