//! Tables of images with prompts, in any schema: Parquet, JSON Lines, CSV and TSV.
//!
//! Unlike [`Reader`](crate::Reader), which reads Pick-a-Pic's schema, a [`Table`] needs no label
//! and only reads the columns that scoring needs.

mod column_names;
mod lines;
mod parquet;
mod scores;

use std::{ops::Range, path::Path};

use crate::{
    error::DatasetError,
    limits::{IMAGE_BYTES, TEXT_BYTES},
};

pub use column_names::TableColumns;
use lines::Lines;
use parquet::ParquetTable;
pub use scores::{ModelColumns, RowKey, ScoreTable, ScoredRows};

/// Maximum number of bytes that a row can have.
pub const ROW_BYTES: u64 = (TEXT_BYTES + 2 * IMAGE_BYTES) as u64;

/// A file whose rows have a prompt and one or two images.
#[derive(Debug)]
pub struct Table {
    file: File,
    layout: Layout,
    rows: u64,
}

#[derive(Debug)]
enum File {
    Parquet(ParquetTable),
    Lines(Lines),
}

/// The columns that are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The column of prompts; `None` if it is not needed and there is none.
    pub prompt: Option<String>,
    /// The columns of the images: one, or two for rows that are pairs.
    pub images: Vec<String>,
    /// Whether the rows have the number `ranking_id`.
    pub has_ranking_id: bool,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Pick-a-Pic's number of the row, if the file has it.
    pub ranking_id: Option<i64>,
    /// The prompt, or why there is none.
    pub prompt: Result<String, String>,
    /// The images, or why there is none.
    pub images: Vec<Result<TableImage, String>>,
}

/// An image of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableImage {
    /// An encoded image.
    Bytes(Vec<u8>),
    /// The path of an image file, as it stands in the table.
    Path(String),
}

impl Table {
    /// Opens a file and finds its columns. The format follows from the name: `.jsonl`, `.ndjson`,
    /// `.csv` and `.tsv`; all others are Parquet. Text formats are read through once, to count
    /// their rows.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or lacks a column.
    pub fn open(path: &Path, columns: &TableColumns) -> Result<Self, DatasetError> {
        let (file, layout, rows) = match lines::Format::of(path) {
            Some(format) => {
                let (lines, layout) = Lines::open(path, format, columns)?;
                let rows = lines.rows();
                (File::Lines(lines), layout, rows)
            }
            None => {
                let (table, layout) = ParquetTable::open(path, columns)?;
                let rows = table.rows();
                (File::Parquet(table), layout, rows)
            }
        };
        Ok(Self { file, layout, rows })
    }

    /// Whether a file is a table, judging by its name.
    pub fn is_named(path: &Path) -> bool {
        let is_parquet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
        is_parquet || lines::Format::of(path).is_some()
    }

    /// The columns that are read.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads rows, in order. A value that cannot be used only refuses its cell.
    ///
    /// # Errors
    ///
    /// If the rows are damaged, or their texts and images have more than `most` bytes; a single row
    /// has at most [`ROW_BYTES`].
    pub fn read(&self, rows: Range<u64>, most: u64) -> Result<Vec<TableRow>, DatasetError> {
        match &self.file {
            File::Parquet(table) => table.read(rows, most),
            File::Lines(lines) => lines.read(rows),
        }
    }
}

impl TableRow {
    /// A row of which nothing can be read.
    pub fn unreadable(reason: &str, images: usize) -> Self {
        Self { ranking_id: None, prompt: Err(reason.into()), images: vec![Err(reason.into()); images] }
    }
}
