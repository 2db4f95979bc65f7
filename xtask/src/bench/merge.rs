//! `cargo xtask bench merge`: peak memory of `pickscore merge` over many small files, and over few
//! files with large images.

use anyhow::Result;

use crate::{native, process::step};

/// Files, pairs per file, bytes per image.
const SIZES: [[&str; 3]; 3] = [["1000", "1000", "1000"], ["40", "50", "500000"], ["1000", "10000", "100"]];

pub(super) fn run() -> Result<()> {
    for [files, pairs, bytes] in SIZES {
        let mut test = native::command(&["test", "--release", "--test", "merge"]);
        test.args(["--", "--ignored", "--nocapture", "memory::"]);
        test.env("PICKSCORE_MERGE_FILES", files).env("PICKSCORE_MERGE_PAIRS", pairs);
        step(&format!("{files} files of {pairs} pairs"), test.env("PICKSCORE_MERGE_IMAGE_BYTES", bytes))?;
    }
    Ok(())
}
