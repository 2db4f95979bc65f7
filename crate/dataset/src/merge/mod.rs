//! Many files of preference pairs into one data set: `pickscore merge`.
//!
//! ```text
//! paths ─► source: contributions (folder, zip), plain Parquet ─► scan: a key for each row ─► decide: which stay, in which split, in which order
//!                                                                                               │
//!                                        README.md, data/*.parquet ◄─ write: rows once more ◄───┘
//! ```
//!
//! Everything is read twice. The first time leaves some sixty bytes for a row and some forty for an image; the second time one row group is in
//! memory, and rows go through files on disk (`spool`) into an order that the seed and the rows' content decide, so that neither the order in
//! which files are given nor anything about this machine can be seen in the result.

mod card;
mod contribution;
mod decide;
mod error;
mod fingerprint;
mod likeness;
mod lines;
mod options;
mod part;
mod phrases;
mod report;
mod scan;
mod source;
mod spool;
mod target;
mod write;

use std::{ops::ControlFlow, path::Path};

pub use error::{MergeError, SourceFault};
pub use options::MergeOptions;
pub use report::{MergeReport, RaterNote, Refused, Removed, Repeats, SourceNote, Splits};

use pickscore_common::progress::Progress;

/// Whoever is told how far it is, and may stop it.
type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Merges what is found at these paths into a new folder.
///
/// `out` must not exist, or be empty. Until everything is written there is only a folder beside it, named after it with `.partial`, which is
/// removed when it fails or is stopped.
///
/// # Errors
///
/// When nothing is left to merge, when `out` cannot be written, when `watch` stops it, and with [`MergeOptions::strict`] when anything is refused.
pub fn merge<P: AsRef<Path>>(
    paths: &[P],
    out: &Path,
    options: &MergeOptions,
    watch: Watch<'_>,
) -> Result<MergeReport, MergeError> {
    options.check()?;
    let target = target::Target::create(out)?;
    let sources = source::find(paths, &target, options, watch)?;
    let scanned = scan::scan(sources, options, watch)?;
    let plan = decide::decide(scanned, options, watch)?;
    let report = write::write(plan, &target, options, watch)?;
    card::write(&report, options, &target)?;
    target.finish()?;
    Ok(report)
}

fn tell(watch: Watch<'_>, stage: &'static str, loaded: u64, total: u64) -> Result<(), MergeError> {
    let progress = Progress { stage, loaded, total: Some(total) };
    if watch(progress).is_break() { Err(MergeError::Stopped) } else { Ok(()) }
}
