//! Words and names in the command's output.

pub(super) use pickscore_common::printable::printable;

/// 1 → "1 image", 2 → "2 images"
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The sentence for when every input failed.
pub(super) fn none_of(count: usize, noun: &str, done: &str) -> String {
    if count == 1 {
        format!("the {noun} could not be {done}")
    } else {
        format!("none of the {count} {noun}s could be {done}")
    }
}
