//! `cargo xtask gpu`: parity and throughput on a GPU, here or packed for another machine.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::process::{cargo, output, program, root, step, target_folder};

/// Where to run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Make this folder, which runs without a network on another machine of this kind: copy it
    /// there and run `run.sh`
    #[arg(long)]
    pack: Option<PathBuf>,
    /// Options of `run.sh`, after `--`: `--out`, `--models`, `--precisions`, `--batches`,
    /// `--seconds`
    #[arg(last = true)]
    rest: Vec<OsString>,
}

/// Largest size of the folder in bytes.
const LARGEST: u64 = 40_000_000;
const PROGRAM: &str = "pickscore-gpu";
/// The Vulkan loader, which machines made for computing may lack.
const LOADER: &str = "libvulkan.so.1";

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    step("a release build", &mut cargo(&["build", "--release", "--locked", "--package", PROGRAM]))?;
    let temporary = target_folder()?.join("gpu");
    let folder = arguments.pack.as_ref().unwrap_or(&temporary);
    let bytes = pack(folder)?;
    if arguments.pack.is_some() {
        eprintln!("{} has {:.1} MB", folder.display(), bytes as f64 / 1e6);
        ensure!(bytes <= LARGEST, "the folder is larger than {} MB", LARGEST / 1_000_000);
        return Ok(());
    }
    let mut run = program(folder.join("run.sh"), &[]);
    if !arguments.rest.iter().any(|option| option.to_string_lossy().starts_with("--out")) {
        run.args(["--out", "tests/peers/results/gpu"]);
    }
    step("the GPU", run.args(&arguments.rest))
}

/// Makes the folder and returns its size in bytes.
fn pack(folder: &Path) -> Result<u64> {
    let libraries = folder.join("lib");
    fs::create_dir_all(&libraries).with_context(|| format!("{} cannot be made", folder.display()))?;
    let built = target_folder()?.join("release").join(PROGRAM);
    let packed = folder.join(PROGRAM);
    let mut strip = program("strip", &["-o"]);
    step("stripping", strip.arg(&packed).arg(&built))?;
    let script = folder.join("run.sh");
    fs::copy(root().join("tests/peers/gpu/run.sh"), &script)?;
    let mut files = vec![packed, script];
    if let Some(loader) = loader()? {
        let copy = libraries.join(LOADER);
        fs::copy(loader, &copy)?;
        files.push(copy);
    } else {
        eprintln!("{LOADER} was not found here, so the folder has none");
    }
    files.iter().map(|file| Ok(fs::metadata(file)?.len())).sum()
}

/// The Vulkan loader of this machine.
fn loader() -> Result<Option<PathBuf>> {
    let known = output(&mut program("ldconfig", &["-p"]))?;
    let line = known.lines().find(|line| line.trim_start().starts_with(LOADER));
    Ok(line.and_then(|line| line.rsplit("=> ").next()).map(PathBuf::from))
}
