//! Errors of scoring a dataset.

use std::{io, path::Path};

use pickscore_dataset::DatasetError;
use pickscore_model::scorer::ScoreError;

/// Why a dataset cannot be scored.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// An input cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A model or its device cannot be used.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// There are no inputs.
    #[error("{path} contains no tables (looked for .parquet, .jsonl, .ndjson, .csv and .tsv)")]
    NoTables {
        /// The folder.
        path: String,
    },
    /// A file or folder cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The path.
        path: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// The path.
        path: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The inputs have one image per row in some files and two in others.
    #[error(
        "{one} has one image per row and {two} has two; score them into different folders, or name one column with --image-column"
    )]
    Mixed {
        /// A file with one image per row.
        one: String,
        /// A file with two.
        two: String,
    },
    /// The inputs have the column `ranking_id` in some files only.
    #[error("{with} has the column `ranking_id` and {without} does not; score them into different folders")]
    MixedKeys {
        /// A file that has it.
        with: String,
        /// A file that does not.
        without: String,
    },
    /// The output has scores of other models.
    #[error(
        "{file} has scores of another model, or of another version or precision of it; choose another folder with --out"
    )]
    OtherModels {
        /// The file.
        file: String,
    },
    /// The output has scores of the same rows by other columns.
    #[error("{file} has scores of the same rows by the columns {columns}; choose another folder with --out")]
    OtherColumns {
        /// The file.
        file: String,
        /// Its columns.
        columns: String,
    },
    /// The output has scores of other images for the same rows.
    #[error(
        "{file} has scores of the same rows with the images in {folder}, which are others; choose another folder with --out"
    )]
    OtherImages {
        /// The file.
        file: String,
        /// The folder of its images.
        folder: String,
    },
    /// The columns of an output file cannot be encoded.
    #[error("the scores cannot be written as Parquet: {0}")]
    Encode(#[from] parquet::errors::ParquetError),
    /// The caller cancelled.
    #[error("the scoring was cancelled")]
    Cancelled,
}

impl BulkError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.display().to_string(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.display().to_string(), source }
    }
}
