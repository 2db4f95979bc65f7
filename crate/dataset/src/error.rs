//! Errors of datasets.

use std::{borrow::Cow, io};

use parquet::errors::ParquetError;

use crate::pages::PageFault;

/// The cause of an error, of a type that is private or belongs to another library.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a dataset cannot be read or written. Rows are numbered from 0 within their file.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file or folder cannot be read.
    #[error("{file} cannot be read: {source}")]
    Read {
        /// The file.
        file: String,
        /// The error of the system.
        source: io::Error,
    },
    /// A file is not Parquet or is damaged.
    #[error("{file} cannot be read as Parquet: {source}")]
    Damaged {
        /// The file.
        file: String,
        /// The damage.
        source: Cause,
    },
    /// Columns are missing and cannot be derived from others.
    #[error(
        "{file} lacks {}; expected `caption`, `jpg_0`, `jpg_1` and a label: `label_0` (1 where image 0 is preferred, 0.5 for a tie), \
         `label_1`, or `best_image_uid` beside `image_0_uid` and `image_1_uid`",
        quoted(columns)
    )]
    MissingColumns {
        /// The file.
        file: String,
        /// The names of the columns.
        columns: Vec<&'static str>,
    },
    /// A table has no column of images, or none of prompts.
    #[error("{file} has no column {wanted}; {}", listed(columns))]
    NoColumn {
        /// The file.
        file: String,
        /// The name that was looked for, or the names.
        wanted: String,
        /// The names of the file's columns.
        columns: Vec<String>,
    },
    /// The header of a text has another separator than its file's name says.
    #[error("{file} has {found} between its columns; expected {expected}")]
    Separator {
        /// The file.
        file: String,
        /// The separator, in the plural.
        found: &'static str,
        /// The one of this format.
        expected: &'static str,
    },
    /// A column has another type.
    #[error("the column `{column}` of {file} is {found}; expected {expected}")]
    ColumnType {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
        /// The type in the schema.
        expected: &'static str,
        /// The type in the file.
        found: String,
    },
    /// A column has an encoding that is not supported.
    #[error("the column `{column}` of {file} is stored as {found}; expected {expected}")]
    Storage {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
        /// The encoding.
        found: String,
        /// The supported encodings.
        expected: &'static str,
    },
    /// A column has a compression that is not supported.
    #[error("the column `{column}` of {file} is compressed with {found}, which {advice}")]
    Compression {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
        /// The compression.
        found: &'static str,
        /// How to convert the file.
        advice: &'static str,
    },
    /// A row group is larger than the limit.
    #[error("row group {group} of {file} has {found} {unit}; expected at most {limit}")]
    Group {
        /// The file.
        file: String,
        /// The row group.
        group: usize,
        /// Number of rows, or of uncompressed bytes.
        found: u64,
        /// `"rows"` or `"bytes"`.
        unit: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A value is invalid.
    #[error("the column `{column}` of {file} has {found} in row {row}; expected {expected}")]
    Cell {
        /// The file.
        file: String,
        /// The row.
        row: u64,
        /// The column.
        column: &'static str,
        /// The value.
        found: String,
        /// The allowed values.
        expected: Cow<'static, str>,
    },
    /// A line of JSON Lines is not a JSON object.
    #[error("row {row} of {file} is not a JSON object: {source}")]
    Json {
        /// The file.
        file: String,
        /// The row.
        row: u64,
        /// The error of the JSON parser.
        source: serde_json::Error,
    },
    /// A row group does not exist.
    #[error("{file} has {groups} row groups; there is no row group {group}")]
    NoGroup {
        /// The file.
        file: String,
        /// The requested row group.
        group: usize,
        /// Number of row groups.
        groups: usize,
    },
    /// A path is neither a Parquet file nor a folder with Parquet files.
    #[error("{path} contains no dataset: {reason}")]
    NoFiles {
        /// The path.
        path: String,
        /// The reason.
        reason: String,
    },
    /// A folder has files of other splits only.
    #[error("{path} contains no dataset: it has no split {split}, only {}", splits.join(", "))]
    NoSplit {
        /// The folder.
        path: String,
        /// The split that was looked for.
        split: String,
        /// The splits whose files it has.
        splits: Vec<String>,
    },
    /// The rows could not be written.
    #[error("the dataset cannot be written: {source}")]
    Write {
        /// The cause.
        source: Cause,
    },
}

impl From<ParquetError> for DatasetError {
    fn from(error: ParquetError) -> Self {
        Self::Write { source: error.into() }
    }
}

/// Why a file is not valid Parquet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Damage {
    #[error("it has {length} bytes; expected at least 12")]
    Short { length: u64 },
    #[error("it does not end in PAR1, so it is another kind of file or incomplete")]
    NoEnd,
    #[error("it is a zip; unpack it, or make a dataset of the contributions in it with `pickscore merge`")]
    Zip,
    #[error("its footer claims {claimed} bytes; expected at most {most}")]
    Footer { claimed: u64, most: u64 },
    #[error("its decoder stopped; the file is damaged")]
    Stopped,
    #[error("{}", said(.0))]
    Parquet(#[from] ParquetError),
    #[error("column `{column}`, row group {group}: {source}")]
    Column { column: &'static str, group: usize, source: ColumnDamage },
}

/// Why a column of a row group is not valid.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ColumnDamage {
    #[error("it is not there")]
    Missing,
    #[error("it claims {claimed} bytes from byte {start}, beyond the file's end")]
    Beyond { claimed: i64, start: i64 },
    #[error("it ends before row {row}")]
    Before { row: u64 },
    #[error("it ends after {read} of {rows} rows")]
    Ends { read: usize, rows: usize },
    #[error(transparent)]
    Pages(#[from] PageFault),
    #[error("{}", said(.0))]
    Parquet(#[from] ParquetError),
}

/// The message of the Parquet library, without its prefix.
fn said(error: &ParquetError) -> String {
    match error {
        ParquetError::General(reason) => reason.clone(),
        ParquetError::External(source) => source.to_string(),
        error => error.to_string(),
    }
}

impl Damage {
    /// The error for a file.
    pub(crate) fn of(self, file: &str) -> DatasetError {
        DatasetError::Damaged { file: file.into(), source: self.into() }
    }
}

impl DatasetError {
    /// The file, and the row and column if the error is about one.
    pub(crate) fn place(self) -> (String, Option<u64>, Option<&'static str>) {
        match self {
            Self::Cell { file, row, column, .. } => (file, Some(row), Some(column)),
            Self::Json { file, row, .. } => (file, Some(row), None),
            Self::ColumnType { file, column, .. }
            | Self::Storage { file, column, .. }
            | Self::Compression { file, column, .. } => (file, None, Some(column)),
            Self::Read { file, .. }
            | Self::Damaged { file, .. }
            | Self::MissingColumns { file, .. }
            | Self::NoColumn { file, .. }
            | Self::Separator { file, .. }
            | Self::Group { file, .. }
            | Self::NoGroup { file, .. } => (file, None, None),
            Self::NoFiles { path, .. } | Self::NoSplit { path, .. } => (path, None, None),
            Self::Write { .. } => (String::new(), None, None),
        }
    }
}

/// An invalid value of a column, before its file and row are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellFault {
    column: &'static str,
    found: String,
    expected: Cow<'static, str>,
}

impl CellFault {
    pub(crate) fn new(column: &'static str, found: String, expected: impl Into<Cow<'static, str>>) -> Self {
        Self { column, found, expected: expected.into() }
    }

    /// The error for a row of a file.
    pub(crate) fn at(self, file: &str, row: u64) -> DatasetError {
        let Self { column, found, expected } = self;
        DatasetError::Cell { file: file.into(), row, column, found, expected }
    }
}

/// The columns of a file, as part of a sentence.
fn listed(columns: &[String]) -> String {
    /// Maximum number of names in a message.
    const LISTED: usize = 40;
    let names: Vec<String> = columns.iter().take(LISTED).map(|column| format!("`{column}`")).collect();
    match columns.len() {
        0 => "it has no columns".into(),
        1 => format!("its only column is {}", names[0]),
        more if more > LISTED => format!("its columns are {}, …", names.join(", ")),
        _ => format!("its columns are {}", names.join(", ")),
    }
}

fn quoted(columns: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    let noun = if names.len() == 1 { "the column" } else { "the columns" };
    format!("{noun} {}", names.join(", "))
}
