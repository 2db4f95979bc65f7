//! `cargo xtask bench merge`: the peak of `pickscore merge` over many small files, and over few with large images.

use anyhow::Result;

use crate::{
    process::{cargo, step},
    test::NATIVE,
};

/// Files, pairs of each, bytes of an image.
const SIZES: [[&str; 3]; 2] = [["1000", "1000", "1000"], ["40", "50", "500000"]];

pub(super) fn run() -> Result<()> {
    for [files, pairs, bytes] in SIZES {
        let mut test = cargo(&["test", "--release", "--locked", "--package", "pickscore", "--test", "merge"]);
        test.args(NATIVE).args(["--", "--ignored", "--nocapture", "memory::"]);
        test.env("PICKSCORE_MERGE_FILES", files).env("PICKSCORE_MERGE_PAIRS", pairs);
        step(&format!("{files} files of {pairs} pairs"), test.env("PICKSCORE_MERGE_IMAGE_BYTES", bytes))?;
    }
    Ok(())
}
