//! Reports the progress of a merge.

use std::ops::ControlFlow;

use super::error::MergeError;
use pickscore_common::progress::Progress;

/// Receives the progress, and can stop the merge.
pub(super) type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

pub(super) fn tell(watch: Watch<'_>, stage: &'static str, loaded: u64, total: u64) -> Result<(), MergeError> {
    let progress = Progress { stage, loaded, total: Some(total) };
    if watch(progress).is_break() { Err(MergeError::Stopped) } else { Ok(()) }
}
