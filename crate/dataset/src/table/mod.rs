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
    /// What the column `ranking_id` has, if it is not used because that is no whole number of 64
    /// bits.
    pub unused_id: Option<String>,
}

impl Layout {
    /// The layout of a file without rows and without names of columns.
    fn empty() -> Self {
        Self { prompt: None, images: Vec::new(), has_ranking_id: false, unused_id: None }
    }
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

    /// Whether images may be files, of which the table only has the paths.
    pub fn has_paths(&self) -> bool {
        match &self.file {
            File::Parquet(table) => table.has_paths(),
            File::Lines(_) => true,
        }
    }

    /// Reads the paths of the images of rows, in order; `None` where there is none.
    ///
    /// # Errors
    ///
    /// If the rows are damaged.
    pub fn paths(&self, rows: Range<u64>) -> Result<Vec<Vec<Option<String>>>, DatasetError> {
        let found = match &self.file {
            File::Parquet(table) => table.paths(rows)?,
            File::Lines(lines) => lines.read(rows)?,
        };
        let path = |image| if let Ok(TableImage::Path(path)) = image { Some(path) } else { None };
        Ok(found.into_iter().map(|row| row.images.into_iter().map(path).collect()).collect())
    }

    /// Reads the `ranking_id` of a row of which other columns may be damaged.
    pub fn ranking_id(&self, row: u64) -> Option<i64> {
        match &self.file {
            File::Parquet(table) => table.ranking_id(row),
            // The lines of a text are read whole.
            File::Lines(_) => None,
        }
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
