//! Faults of a contribution, and their messages.

use crate::{contribution::manifest::ManifestError, error::DatasetError};

/// Why a file or a row is not imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportFault {
    /// A file is invalid.
    #[error("{file} {fault}")]
    File {
        file: String,
        #[source]
        fault: FileFault,
    },
    /// A manifest or a list of checksums is invalid.
    #[error("{file}: {fault}")]
    Manifest {
        file: String,
        #[source]
        fault: ManifestError,
    },
    /// The image of a line of JSON is invalid.
    #[error("the column `{column}` of {file} has {path:.200?}, which {fault} in row {row}")]
    Image {
        file: String,
        row: u64,
        column: &'static str,
        path: String,
        #[source]
        fault: FileFault,
    },
    /// A Parquet file or a row is invalid.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// Why a file is invalid. The message follows the name of the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileFault {
    #[error("was given twice; the last is used")]
    GivenTwice,
    #[error("contains no contribution: expected a zip, Parquet or JSON Lines")]
    NoContribution,
    #[error("contains no contribution: expected Parquet or JSON Lines in it")]
    NoContributionWithin,
    /// The caller could not read it, for this reason.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("cannot be read: it gave {found} of {expected} bytes")]
    Shorter { found: usize, expected: u64 },
    #[error("cannot be read: {0}")]
    Zip(#[source] ZipFault),
    #[error("has {found} bytes; expected at most {most}")]
    Size { found: u64, most: u64 },
    #[error("has {found} bytes in row group {group}; expected at most {most}")]
    Group { found: u64, group: usize, most: u64 },
    #[error("is missing; {listed_in} lists it")]
    NotThere { listed_in: &'static str },
    #[error("has the SHA-256 {found}; {listed_in} says {expected:.64}")]
    Sum { found: String, listed_in: &'static str, expected: String },
    #[error("is not a file of the contribution")]
    Unknown,
    #[error("is an image whose SHA-256 is {found}; expected {expected:.70}")]
    Image { found: String, expected: String },
    #[error("claims {claimed} bytes; expected at most {most}")]
    Claim { claimed: u64, most: u64 },
    #[error(transparent)]
    Entry(#[from] EntryFault),
}

/// Why a zip is invalid.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZipFault {
    #[error("it is not a zip, or its end is missing ({0})")]
    NoZip(#[source] rawzip::Error),
    #[error("it claims {claimed} files; expected at most {most}")]
    Claims { claimed: u64, most: usize },
    #[error("its directory has {found} bytes; expected at most {most}")]
    Directory { found: u64, most: u64 },
    #[error("its directory is damaged ({0})")]
    Damaged(#[source] rawzip::Error),
    #[error("it has more than {most} files")]
    Files { most: usize },
}

/// Why a file of a zip is invalid. The message follows the name of the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryFault {
    #[error("has a path that is invalid or leads out of the zip")]
    Outside,
    #[error("occurs twice; the first is used")]
    Twice,
    #[error("has an unsupported compression ({0:?})")]
    Method(rawzip::CompressionMethod),
    #[error("is encrypted")]
    Encrypted,
    #[error("is damaged ({0})")]
    Damaged(#[source] rawzip::Error),
    #[error("claims {packed} bytes, more than the zip has")]
    Beyond { packed: u64 },
    #[error("claims {length} bytes and is stored in {packed}")]
    Stored { length: u64, packed: u64 },
    #[error("claims {length} bytes when unpacked; expected at most {most}")]
    TooLong { length: u64, most: u64 },
    #[error("does not unpack ({0})")]
    Deflate(#[from] flate2::DecompressError),
    #[error("does not unpack")]
    Stuck,
    #[error("unpacks to more than the {claimed} bytes that it claims")]
    More { claimed: usize },
    #[error("unpacks to {found} bytes; expected the {claimed} that it claims")]
    Fewer { found: usize, claimed: usize },
}
