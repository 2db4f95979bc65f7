//! What can be wrong with a record.

use super::RECORD_VERSION;

/// Why a record is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// Not JSON, or not an object.
    #[error("it is no record: {reason}")]
    NoRecord {
        /// What is wrong.
        reason: String,
    },
    /// Of a version that is not known.
    #[error("it is of version {found}; this program reads versions 1 to {RECORD_VERSION}")]
    Version {
        /// What `record_version` says.
        found: String,
    },
    /// A field that is absent or not what it may be.
    #[error("`{field}` is {found}; expected {expected}")]
    Field {
        /// The field, for example `left.image_uid`.
        field: String,
        /// What is there, shortened.
        found: String,
        /// What may be there.
        expected: &'static str,
    },
}

impl RecordError {
    /// The field it is about, where it is about one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. } => Some(field),
            Self::Version { .. } => Some("record_version"),
            Self::NoRecord { .. } => None,
        }
    }
}
