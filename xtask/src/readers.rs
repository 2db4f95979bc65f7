//! `cargo xtask readers`: reads our Parquet and contributions with common dataset libraries, and
//! their Parquet with ours.

use std::fs;

use anyhow::Result;

use crate::{
    native,
    process::{program, root, step, target_folder},
    python,
};

pub(crate) fn run() -> Result<()> {
    let python = python::environment("tests/dataset/requirements.lock")?;
    let folder = target_folder()?.join("readers");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (theirs, ours) = (folder.join("theirs"), folder.join("ours.parquet"));
    fs::create_dir_all(&theirs)?;
    let scripts = root().join("tests/dataset");
    step(
        "Parquet by pandas, datasets, DuckDB and Polars",
        program(&python, &[]).arg(scripts.join("write.py")).arg(&theirs),
    )?;
    let mut test = native::command(&["test", "--test", "dataset"]);
    test.args(["--", "--ignored", "--exact", "readers_and_writers"]);
    step("read by us, and ours written", test.env("PICKSCORE_READERS", &folder))?;
    step("ours read by them", program(&python, &[]).arg(scripts.join("readers.py")).arg(&ours))?;
    let mut test = native::command(&["test", "--test", "contribution"]);
    test.args(["--", "--ignored", "--exact", "contributions_for_readers"]);
    step("contributions written", test.env("PICKSCORE_READERS", &folder))?;
    let contributions = folder.join("contributions");
    step(
        "contributions read by them",
        program(&python, &[]).arg(scripts.join("contributions.py")).arg(&contributions),
    )?;
    let mut test = native::command(&["test", "--test", "merge"]);
    test.args(["--", "--ignored", "--exact", "for_readers"]);
    step("a merged data set written", test.env("PICKSCORE_READERS", &folder))?;
    let mut read = program(&python, &[]);
    read.arg(scripts.join("merged.py")).args([folder.join("merged"), folder.join("merged.json")]);
    step("the merged data set read by them", &mut read)
}
