//! What can be wrong with a data set.

/// Why a data set cannot be read or written. Rows are counted from 0 within their file, as pandas and DuckDB count them.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file or folder could not be read.
    #[error("{file} cannot be read: {reason}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// Not a Parquet file, or a damaged one.
    #[error("{file} cannot be read as Parquet: {reason}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// Columns that nothing else can stand for are not there.
    #[error(
        "{file} lacks {}; expected `caption`, `jpg_0`, `jpg_1` and a label: `label_0` (1 where image 0 is preferred, 0.5 for a tie), \
         `label_1`, or `best_image_uid` beside `image_0_uid` and `image_1_uid`",
        quoted(columns)
    )]
    MissingColumns {
        /// The file.
        file: String,
        /// Their names.
        columns: Vec<&'static str>,
    },
    /// A column of another type.
    #[error("the column `{column}` of {file} is {found}; expected {expected}")]
    ColumnType {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
        /// The schema's type.
        expected: &'static str,
        /// The file's type.
        found: String,
    },
    /// A column stored in a way that is not read.
    #[error("the column `{column}` of {file} is stored as {found}; expected {expected}")]
    Storage {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
        /// The encoding or compression.
        found: String,
        /// Those that are read.
        expected: &'static str,
    },
    /// A compression that is not read.
    #[error("the column `{column}` of {file} is compressed with {found}, which {advice}")]
    Compression {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
        /// The compression.
        found: &'static str,
        /// Who reads it.
        advice: &'static str,
    },
    /// A row group larger than is ever held in memory.
    #[error("row group {group} of {file} has {found} {unit}; expected at most {limit}")]
    Group {
        /// The file.
        file: String,
        /// The row group.
        group: usize,
        /// Rows, or bytes when uncompressed.
        found: u64,
        /// `"rows"` or `"bytes"`.
        unit: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A value that the schema does not allow.
    #[error("the column `{column}` of {file} has {found} in row {row}; expected {expected}")]
    Cell {
        /// The file.
        file: String,
        /// The row.
        row: u64,
        /// The column.
        column: &'static str,
        /// What is there.
        found: String,
        /// What may be there.
        expected: &'static str,
    },
    /// A row group that is not there.
    #[error("{file} has {groups} row groups; there is no row group {group}")]
    NoGroup {
        /// The file.
        file: String,
        /// Which was asked for.
        group: usize,
        /// How many there are.
        groups: usize,
    },
    /// Neither a Parquet file nor a folder with some.
    #[error("{path} holds no data set: {reason}")]
    NoFiles {
        /// What was given.
        path: String,
        /// What was looked for.
        reason: String,
    },
    /// The rows could not be written.
    #[error("the data set cannot be written: {reason}")]
    Write {
        /// What the system says.
        reason: String,
    },
}

fn quoted(columns: &[&str]) -> String {
    let names: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    let noun = if names.len() == 1 { "the column" } else { "the columns" };
    format!("{noun} {}", names.join(", "))
}
