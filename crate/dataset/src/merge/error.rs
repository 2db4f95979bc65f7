//! Errors of a merge, and faults for which a file is refused.

use std::{io, sync::Arc};

use crate::{
    contribution::{
        fault::{EntryFault, ZipFault},
        manifest::ManifestError,
    },
    error::{Cause, DatasetError},
};

/// Maximum number of reasons in a message.
const SHOWN: usize = 20;

/// Why a merge failed.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// No row is left.
    #[error(
        "nothing is left to merge: {}",
        nothing_left(*refused as u64, *refused_rows, *removed, reasons)
    )]
    Nothing {
        /// Number of refused files.
        refused: usize,
        /// Number of refused rows.
        refused_rows: u64,
        /// Number of rows that filters removed.
        removed: u64,
        /// Why files and rows were refused.
        reasons: Vec<String>,
    },
    /// A file or a row was refused in strict mode.
    #[error(transparent)]
    Strict(Cause),
    /// The output folder is not empty.
    #[error("{out} exists and is not empty; give a folder that does not exist")]
    Exists {
        /// The folder.
        out: String,
    },
    /// A file was changed or removed during the merge.
    #[error("{file} changed during the merge")]
    Changed {
        /// The file.
        file: String,
    },
    /// An option is out of range.
    #[error("{option}: {found}; expected {expected}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its value.
        found: String,
        /// The allowed values.
        expected: &'static str,
    },
    /// There are more items than the merge can count.
    #[error("there are more than {limit} {what}")]
    TooMany {
        /// Rows, prompts, images or raters.
        what: &'static str,
        /// The maximum.
        limit: u64,
    },
    /// A file or folder could not be written or read back.
    #[error("{path}: {source}")]
    Disk {
        /// The file or folder.
        path: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The merged rows could not be written.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The caller stopped the merge.
    #[error("stopped; nothing was written")]
    Stopped,
}

/// What became of files and rows of which none is left: "1 file and 2 rows were refused; ...".
fn nothing_left(files: u64, rows: u64, removed: u64, reasons: &[String]) -> String {
    let counted = |count: u64, noun: &str| {
        (count > 0).then(|| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
    };
    let were = |count: u64| if count == 1 { "was" } else { "were" };
    let refused: Vec<String> = [counted(files, "file"), counted(rows, "row")].into_iter().flatten().collect();
    let refused =
        (!refused.is_empty()).then(|| format!("{} {} refused", refused.join(" and "), were(files + rows)));
    let removed = counted(removed, "row").map(|rows| format!("{rows} {} removed", were(removed)));
    let parts: Vec<String> = [refused, removed].into_iter().flatten().collect();
    let counts = if parts.is_empty() { "the files have no rows".into() } else { parts.join(", ") };
    let more = counted(reasons.len().saturating_sub(SHOWN) as u64, "more reason");
    let shown = reasons.iter().take(SHOWN).cloned().chain(more);
    std::iter::once(counts).chain(shown).collect::<Vec<_>>().join("; ")
}

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceFault {
    #[error("{file} cannot be read: {source}")]
    Unreadable { file: String, source: io::Error },
    #[error("{folder} contains nothing to merge: no contribution.json, no zip, no Parquet file")]
    Empty { folder: String },
    #[error("{file} is not a Parquet file, zip or folder")]
    Unknown { file: String },
    #[error("{folder} has more than {limit} files, or folders in folders more than {depth} deep")]
    TooMany { folder: String, limit: usize, depth: usize },
    #[error("{file} cannot be read as a zip: {source}")]
    Zip { file: String, source: ZipFault },
    #[error("{file} {source}")]
    Entry { file: String, source: Arc<EntryFault> },
    #[error("{file} names the file {entry:?}; expected a path within the contribution")]
    Path { file: String, entry: String },
    #[error("{file} lacks {entry}")]
    Missing { file: String, entry: String },
    #[error("{file}: {source}")]
    Manifest { file: String, source: ManifestError },
    #[error("{file}: it is not listed in {listed_in}")]
    Unlisted { file: String, listed_in: &'static str },
    #[error("{file} has the SHA-256 {found}; {listed_in} says {expected}")]
    Sum { file: String, found: String, listed_in: &'static str, expected: String },
    #[error("{file} has {found} {unit}; expected {expected}")]
    Size { file: String, found: u64, unit: &'static str, expected: String },
    #[error("{file} has the format {found}; expected Parquet or JSON Lines, which contain the images")]
    Kind { file: String, found: String },
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// A file or folder that the system cannot read.
pub(super) fn unreadable(file: &str, source: io::Error) -> SourceFault {
    SourceFault::Unreadable { file: file.into(), source }
}
