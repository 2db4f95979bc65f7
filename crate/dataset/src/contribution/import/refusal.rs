//! What was not imported, and why.

use std::fmt;

use crate::{DatasetError, contribution::row::said_of_cell};

/// Something that was not imported: a file, or a row of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file; within a zip, the zip's name comes before it.
    pub file: String,
    /// The row, from 0, where it is about one. Lines of JSON Lines are rows.
    pub row: Option<u64>,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// One sentence that names them too.
    pub message: String,
}

impl Refusal {
    /// Of a whole file.
    pub(super) fn file(file: &str, reason: impl fmt::Display) -> Self {
        Self { file: file.into(), row: None, column: None, message: format!("{file} {reason}") }
    }

    /// Of a whole file. `reason` is a sentence of its own.
    pub(super) fn about(file: &str, reason: impl fmt::Display) -> Self {
        Self { file: file.into(), row: None, column: None, message: format!("{file}: {reason}") }
    }

    /// Of a value. `reason` is what is there, and what was expected.
    pub(super) fn cell(file: &str, row: u64, column: &str, reason: &str) -> Self {
        let message = said_of_cell(file, row, column, reason);
        Self { file: file.into(), row: Some(row), column: Some(column.into()), message }
    }
}

impl From<DatasetError> for Refusal {
    fn from(error: DatasetError) -> Self {
        let message = error.to_string();
        let (file, row, column) = match error {
            DatasetError::Cell { file, row, column, .. } => (file, Some(row), Some(column.to_owned())),
            DatasetError::ColumnType { file, column, .. }
            | DatasetError::Storage { file, column, .. }
            | DatasetError::Compression { file, column, .. } => (file, None, Some(column.to_owned())),
            DatasetError::Read { file, .. }
            | DatasetError::Damaged { file, .. }
            | DatasetError::MissingColumns { file, .. }
            | DatasetError::Group { file, .. }
            | DatasetError::NoGroup { file, .. } => (file, None, None),
            DatasetError::NoFiles { path, .. } => (path, None, None),
            DatasetError::Write { .. } => (String::new(), None, None),
        };
        Self { file, row, column, message }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}
