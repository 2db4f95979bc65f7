//! Merges many files of preference pairs into one dataset: `pickscore merge`.
//!
//! ```text
//! paths ─► find: contributions (folder, zip), other Parquet ─► scan: a key for each row ─► decide: rows to keep, splits, order
//!                                                                                               │
//!                                         README.md, data/*.parquet ◄─ write: reads rows again ◄┘
//! ```
//!
//! All files are read twice. The first pass keeps about 60 bytes for each row and 40 for each
//! image. The second pass holds one row group in memory, and sorts the rows with temporary files
//! (`spool`). Their order follows from the seed and the content of the rows, so the result does not
//! depend on the order of the files or on the machine.

mod card;
mod contribution;
mod decide;
mod error;
mod find;
mod fingerprint;
mod image_hash;
mod lines;
mod options;
mod part;
mod phrases;
mod report;
mod scan;
mod source;
mod spool;
mod target;
mod watch;
mod write;
mod zip;

use std::path::Path;

pub use error::MergeError;
pub use options::MergeOptions;
pub use report::{MergeReport, RaterNote, Refused, Removed, Repeats, SourceNote, Splits};

use watch::Watch;

/// Merges the files and folders at these paths into a new folder.
///
/// `out` must not exist or must be empty. The dataset is first written to a folder beside it with
/// the suffix `.partial`, which is removed if the merge fails or is stopped.
///
/// # Errors
///
/// If no row is left, `out` cannot be written, `watch` stops the merge, or anything is refused with
/// [`MergeOptions::strict`].
pub fn merge<P: AsRef<Path>>(
    paths: &[P],
    out: &Path,
    options: &MergeOptions,
    watch: Watch<'_>,
) -> Result<MergeReport, MergeError> {
    options.check()?;
    let target = target::Target::create(out)?;
    let sources = find::find(paths, &target, options, watch)?;
    let scanned = scan::scan(sources, options, watch)?;
    let plan = decide::decide(scanned, options, watch)?;
    let report = write::write(plan, &target, options, watch)?;
    card::write(&report, options, &target)?;
    target.finish()?;
    Ok(report)
}
