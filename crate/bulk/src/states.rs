//! The states of image files: whether an image is still the one that was scored.
//!
//! Tables of paths do not change when their images do. The file of a range therefore notes the size
//! and modification time of each image that it has a score of. They are read again when the range
//! is found complete, which is much faster than reading the images.

use std::{fs::Metadata, path::Path, time::UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::{error::BulkError, inputs::Input, plan::Job, prepare::inside, results::Noted};

/// The state of an image file; `None` if the image is not a file, or has no score.
pub(crate) type State = Option<u32>;

/// A state that no file has.
pub(crate) const CHANGED: u32 = 0xff_ffff;
/// Digits of a state in a note.
const DIGITS: usize = 6;
/// Stands for `None` in a note.
const NOTHING: &str = "------";

/// The note of the states in a file.
pub(crate) const NOTE: &str = "pickscore.images";
/// The note of the folder of the images.
pub(crate) const FOLDER: &str = "pickscore.folder";

/// What is known about the file of a range.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// The images are as they were.
    Current,
    /// Some are not.
    Changed,
    /// None is, and they are in another folder.
    Elsewhere(String),
}

/// The state of a file, from its size and the second of its last change. Some file systems forget
/// the parts of a second, some machines do not see them.
pub(crate) fn of(file: &Metadata) -> u32 {
    let changed = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let seconds = changed.map_or(0, |time| time.as_secs());
    let mut hash = Sha256::new();
    hash.update(file.len().to_le_bytes());
    hash.update(seconds.to_le_bytes());
    let hash = hash.finalize();
    let state = u32::from_be_bytes([0, hash[0], hash[1], hash[2]]);
    if state == CHANGED { 0 } else { state }
}

/// States as a note.
pub(crate) fn written(states: &[State]) -> String {
    states.iter().map(|state| state.map_or(NOTHING.into(), |state| format!("{state:06x}"))).collect()
}

/// States from a note. What is none counts as [`CHANGED`].
pub(crate) fn parsed(note: &str) -> Vec<State> {
    let parts = note.as_bytes().chunks(DIGITS).map(|part| std::str::from_utf8(part).unwrap_or_default());
    let state = |part| (part != NOTHING).then(|| u32::from_str_radix(part, 16).unwrap_or(CHANGED));
    parts.map(state).collect()
}

/// Whether the file of a range is there, with scores of the images as they are now.
///
/// # Errors
///
/// If its scores are of images in another folder.
pub(crate) fn is_current(input: &Input, job: &Job, out: &Path) -> Result<bool, BulkError> {
    let path = out.join(&job.name);
    if !path.exists() {
        return Ok(false);
    }
    match compared(input, job, &path) {
        // What cannot be read is reported by the one who reads the scores, or by --retry-failed.
        None | Some(Found::Current) => Ok(true),
        Some(Found::Changed) => Ok(false),
        Some(Found::Elsewhere(folder)) => {
            Err(BulkError::OtherImages { file: path.display().to_string(), folder })
        }
    }
}

/// Compares images with their states in the file of a range; `None` if one of them cannot be read.
fn compared(input: &Input, job: &Job, path: &Path) -> Option<Found> {
    if !input.table.has_paths() {
        return Some(Found::Current);
    }
    let noted = Noted::read(path)?;
    let states = parsed(noted.get(NOTE).unwrap_or_default());
    if states.iter().all(Option::is_none) {
        return Some(Found::Current);
    }
    let paths = input.table.paths(job.rows.clone()).ok()?;
    let now = |path: Option<String>| {
        let path = inside(&input.folder, &path?).ok()?;
        std::fs::metadata(path).ok().map(|file| of(&file))
    };
    let now = paths.into_iter().flatten().map(now);
    let (mut same, mut changed) = (0, 0);
    for (then, now) in states.iter().zip(now).filter(|(then, _)| then.is_some()) {
        *(if *then == now { &mut same } else { &mut changed }) += 1;
    }
    Some(match noted.get(FOLDER) {
        _ if changed == 0 => Found::Current,
        Some(folder) if same == 0 && folder != input.resolved_folder() => Found::Elsewhere(folder.into()),
        _ => Found::Changed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_were_written() {
        let states = [Some(0), None, Some(0xab_cdef), Some(CHANGED)];
        assert_eq!(written(&states), "000000------abcdefffffff");
        assert_eq!(parsed(&written(&states)), states);
        assert_eq!(parsed("\u{e9}\u{e9}\u{e9}12"), [Some(CHANGED), Some(0x12)]);
        assert_eq!(parsed(""), []);
    }
}
