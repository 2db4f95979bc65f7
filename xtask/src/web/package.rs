//! Cargo's wasm → a folder with JavaScript glue and optimised wasm.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use super::rewrite;
use crate::{
    process::{cache, program, step, target_folder},
    wasm_target::{TARGET, WasmTarget},
};

/// A crate to compile to wasm.
pub(crate) struct Source<'a> {
    /// What it is in messages.
    pub(crate) title: &'a str,
    /// Its name in the name of its target folder.
    pub(crate) name: &'a str,
    pub(crate) package: &'a str,
    pub(crate) profile: &'a str,
    pub(crate) features: &'a str,
    /// Flags of the compiler.
    pub(crate) flags: &'a str,
}

/// Compiles a crate, and returns the path of its wasm.
pub(crate) fn compile(target: WasmTarget, source: &Source<'_>) -> Result<PathBuf> {
    let Source { title, name, package, profile, features, flags } = source;
    // A folder for each: builds run at the same time, and those of the engine have the same name.
    let folder = target_folder()?.join(format!("web-{name}"));
    let mut command = target.cargo(&["build", "--locked", "--profile", profile])?;
    command.args(["--package", package, "--features", features, "--target-dir"]).arg(&folder);
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    step(title, &mut command)?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(folder.join(TARGET).join(profile).join(file))
}

/// A package to make from wasm.
pub(crate) struct Package<'a> {
    /// Its name in messages and in the cache.
    pub(crate) label: &'a str,
    /// Its folder in the cache.
    pub(crate) cache: &'a str,
    /// The glue's file name.
    pub(crate) output: &'a str,
    /// The output folder.
    pub(crate) folder: PathBuf,
    /// Binaryen's arguments.
    pub(crate) options: &'a [&'a str],
    /// Whether to make a second wasm for browsers with relaxed SIMD.
    pub(crate) relaxed: bool,
}

/// Makes a package; an unchanged one is taken from the cache.
pub(crate) fn make(wasm: &Path, package: &Package<'_>) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("{} is not there", wasm.display()))?;
    let key = key(&bytes, package);
    let stored = cache()?.join(package.cache).join(format!("{}-{key}", package.label));
    if !stored.join("done").exists() {
        finish(wasm, &stored, package)?;
    }
    let folder = &package.folder;
    if fs::read_to_string(folder.join("done")).is_ok_and(|done| done == key) {
        return Ok(());
    }
    // Removed before anything changes, and written again at the end.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(&stored)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    fs::write(folder.join("done"), key)?;
    Ok(())
}

/// A hash of everything that the wasm depends on.
fn key(wasm: &[u8], package: &Package<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update(wasm);
    package.options.iter().for_each(|option| hash.update(option));
    if package.relaxed {
        hash.update(include_bytes!("rewrite.rs"));
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Runs Binaryen, which also validates the wasm.
fn optimise(package: &Package<'_>, more: &[&str], wasm: &Path, output: &Path) -> Result<()> {
    let mut optimise = program("node", &["node_modules/binaryen/bin/wasm-opt"]);
    optimise.args(package.options).args(more).arg(wasm).arg("-o").arg(output);
    step(&format!("wasm-opt ({})", package.label), &mut optimise)
}

/// Makes glue and optimised wasm in a temporary folder, which is renamed when complete.
fn finish(wasm: &Path, stored: &Path, package: &Package<'_>) -> Result<()> {
    let making = stored.with_extension("making");
    let _ = fs::remove_dir_all(&making);
    fs::create_dir_all(&making)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(package.output).web(true)?.typescript(true);
    bindgen.generate(&making)?;
    let output = making.join(format!("{}_bg.wasm", package.output));
    let large = making.join("unoptimised.wasm");
    fs::rename(&output, &large)?;
    if package.relaxed {
        const RELAXED: &[&str] = &["--enable-relaxed-simd"];
        let both = making.join("both.wasm");
        optimise(package, RELAXED, &large, &both)?;
        let wasm = fs::read(&both)?;
        fs::remove_file(both)?;
        fs::write(&large, rewrite::relaxed(&wasm)?)?;
        optimise(package, RELAXED, &large, &making.join(format!("{}_bg.relaxed.wasm", package.output)))?;
        fs::write(&large, rewrite::plain(&wasm)?)?;
    }
    optimise(package, &[], &large, &output)?;
    fs::remove_file(large)?;
    fs::write(making.join("done"), "")?;
    let _ = fs::remove_dir_all(stored);
    fs::rename(making, stored)?;
    Ok(())
}
