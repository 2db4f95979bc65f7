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
