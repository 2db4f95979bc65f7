//! What ends a merge, and what costs a file.

use crate::DatasetError;

/// Why there is no merged data set.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Nothing was left.
    #[error(
        "nothing is left to merge: {refused} files and {refused_rows} rows were refused, {removed} rows removed{first}"
    )]
    Nothing {
        /// Files that were refused.
        refused: usize,
        /// Rows that were refused.
        refused_rows: u64,
        /// Rows that filters removed.
        removed: u64,
        /// The first reason, if any, after a semicolon.
        first: String,
    },
    /// Something was refused, and nothing was to be.
    #[error("{reason}")]
    Strict {
        /// What, and why.
        reason: String,
    },
    /// The folder to write is not empty.
    #[error("{out} exists and is not empty; give a folder that does not exist")]
    Exists {
        /// The folder.
        out: String,
    },
    /// A file that was read once has changed, or is gone.
    #[error("{file} has changed while it was merged")]
    Changed {
        /// The file.
        file: String,
    },
    /// An option out of its range.
    #[error("{option}: {found}; expected {expected}")]
    Option {
        /// Which.
        option: &'static str,
        /// What was given.
        found: String,
        /// What may be.
        expected: &'static str,
    },
    /// More than can be counted.
    #[error("there are more than {limit} {what}")]
    TooMany {
        /// Rows, prompts, images or raters.
        what: &'static str,
        /// How many there may be.
        limit: u64,
    },
    /// Something could not be written or read again.
    #[error("{path}: {reason}")]
    Disk {
        /// What.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The merged rows could not be written.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Whoever watched has stopped it.
    #[error("stopped; nothing was written")]
    Stopped,
}

/// Why a file is not merged. Each says which.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// It cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// A folder without anything to merge.
    #[error("{folder} holds nothing to merge: no contribution.json, no zip, no Parquet file")]
    Empty {
        /// The folder.
        folder: String,
    },
    /// Something else.
    #[error("{file} is no Parquet file, zip or folder")]
    Unknown {
        /// The file.
        file: String,
    },
    /// More files than are taken.
    #[error("{folder} has more than {limit} files, or folders in folders more than {depth} deep")]
    TooMany {
        /// The folder.
        folder: String,
        /// Most files.
        limit: usize,
        /// Most folders in each other.
        depth: usize,
    },
    /// A zip that is damaged or not what it should be.
    #[error("{file} cannot be read as a zip: {reason}")]
    Zip {
        /// The zip.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A name that leads out of the contribution.
    #[error("{file} names the file {entry:?}; expected a path within the contribution")]
    Path {
        /// The contribution.
        file: String,
        /// The name.
        entry: String,
    },
    /// A file that the contribution should have.
    #[error("{file} lacks {entry}")]
    Missing {
        /// The contribution.
        file: String,
        /// What it lacks.
        entry: String,
    },
    /// A manifest or list of sums that says something else than it should.
    #[error("{file}: {reason}")]
    Manifest {
        /// The manifest, within its contribution.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A file with another sum than is written down.
    #[error("{file} has the SHA-256 sum {found}; {listed_in} says {expected}")]
    Sum {
        /// The file, within its contribution.
        file: String,
        /// Its sum.
        found: String,
        /// Where another one is written.
        listed_in: &'static str,
        /// That one.
        expected: String,
    },
    /// A file of another size than is written down, or larger than is read.
    #[error("{file} has {found} {unit}; expected {expected}")]
    Size {
        /// The file, within its contribution.
        file: String,
        /// Its size.
        found: u64,
        /// `"bytes"` or `"rows"`.
        unit: &'static str,
        /// What should be.
        expected: String,
    },
    /// A contribution without images.
    #[error("{file} has its pairs as {found}; expected Parquet or JSON Lines, which have the images")]
    Kind {
        /// The contribution.
        file: String,
        /// What its manifest says.
        found: String,
    },
    /// Its Parquet.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}
