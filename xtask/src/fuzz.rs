//! `cargo xtask fuzz`: runs the targets of `crate/fuzz`, starting from fixtures.

use std::{fs, path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{
    pairs::{self, Step},
    process::{cargo, root, step, succeeds},
};

/// Each target with its fixtures, and the bytes put before each.
const TARGETS: [(&str, Option<&str>, &[u8]); 12] = [
    ("safetensors", None, &[]),
    // 0: as a file.
    ("checkpoint", Some("tests/parity/fixtures/torch"), &[0]),
    ("image", Some("tests/parity/fixtures/pixels/files"), &[]),
    ("jpeg", Some("crate/fuzz/seeds/jpeg"), &[]),
    ("tiff", Some("crate/fuzz/seeds/tiff"), &[]),
    ("tokenizer", Some("tests/parity/fixtures/tokens"), &[]),
    ("configuration", None, &[]),
    ("dataset", Some("tests/dataset/fixtures"), &[]),
    // 1: as Parquet.
    ("contribution", Some("tests/dataset/fixtures"), &[1]),
    ("record", Some("tests/records"), &[]),
    ("taste", Some("tests/taste/fixtures/tastes"), &[]),
    ("metadata", Some("tests/metadata/fixtures"), &[]),
];
/// Maximum length of an input; short inputs find the same bugs as long ones.
const LONGEST: &str = "-max_len=32768";

/// Runs every target for some seconds, or only the given one. Installs cargo-fuzz if it is missing.
pub(crate) fn run(seconds: u32, only: Option<&str>) -> Result<()> {
    if let Some(name) = only.filter(|name| !TARGETS.iter().any(|(target, ..)| target == name)) {
        bail!("there is no fuzz target {name}; there are {}", TARGETS.map(|(target, ..)| target).join(", "));
    }
    if !succeeds(&mut cargo(&["fuzz", "--version"])) {
        step("cargo-fuzz", &mut cargo(&["install", "--locked", "cargo-fuzz@0.13.2"]))?;
    }
    // The address sanitizer checks `unsafe` code, which these readers do not use. Without it, the
    // build takes a third of the time.
    step("the fuzz targets", fuzz(&["build", "--sanitizer", "none"]).args(only))?;
    let chosen = TARGETS.into_iter().filter(|(target, ..)| only.is_none_or(|name| name == *target));
    let steps = chosen.map(|target| -> Step<'_> { Box::new(move || run_one(target, seconds)) });
    // Each runs on one core.
    pairs::run(&steps.collect::<Vec<_>>())
}

/// Runs a target.
fn run_one((target, seeds, before): (&str, Option<&str>, &[u8]), seconds: u32) -> Result<()> {
    let corpus = root().join("crate/fuzz/corpus").join(target);
    fs::create_dir_all(&corpus)?;
    if let Some(seeds) = seeds {
        sow(&root().join(seeds), &corpus, before)?;
    }
    let time = format!("-max_total_time={seconds}");
    let mut command =
        fuzz(&["run", "--sanitizer", "none", target, "--", &time, LONGEST, "-rss_limit_mb=1024"]);
    step(&format!("fuzzing {target} for {seconds} s"), &mut command)
}

/// A command of cargo-fuzz. Its instrumentation is a nightly feature, which this variable allows on
/// the stable compiler.
fn fuzz(arguments: &[&str]) -> Command {
    let mut command = cargo(&[&["fuzz"], arguments].concat());
    command.current_dir(root().join("crate")).env("RUSTC_BOOTSTRAP", "1");
    command
}

/// Copies fixtures, each after some bytes, to a corpus that is still empty.
fn sow(seeds: &Path, corpus: &Path, before: &[u8]) -> Result<()> {
    for entry in fs::read_dir(seeds)? {
        let entry = entry?;
        let target = corpus.join(entry.file_name());
        if entry.file_type()?.is_file() && !target.exists() {
            fs::write(target, [before, &fs::read(entry.path())?].concat())?;
        }
    }
    Ok(())
}
