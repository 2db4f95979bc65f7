//! A file or row that was not imported.

use std::fmt;

use pickscore_common::printable::printable;

use crate::contribution::fault::ImportFault;

/// A file or row that was not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The file, without control characters. In a zip, the name of the zip comes first.
    pub file: String,
    /// The row, from 0, if it is about one. Lines of JSON Lines are rows.
    pub row: Option<u64>,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// The message, which includes file, row and column.
    pub message: String,
}

impl From<ImportFault> for Refusal {
    fn from(fault: ImportFault) -> Self {
        let message = printable(&fault.to_string());
        let (file, row, column) = match fault {
            ImportFault::File { file, .. } | ImportFault::Manifest { file, .. } => (file, None, None),
            ImportFault::Image { file, row, column, .. } => (file, Some(row), Some(column)),
            ImportFault::Dataset(error) => error.place(),
        };
        Self { file: printable(&file), row, column: column.map(str::to_owned), message }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}
