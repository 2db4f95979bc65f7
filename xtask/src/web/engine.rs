//! `web/engine` → `web/engine/pkg/{gpu,cpu}`: wasm with its JavaScript glue.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    process::{cache, program, root, step, target_folder},
    wasm_target::{TARGET, WasmTarget},
};

/// A build of the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    /// Its folder in `pkg`.
    pub(crate) name: &'static str,
    features: &'static str,
    /// Whether its threads share their memory.
    threads: bool,
}

/// WebGPU with the CPU's code beside it; and the CPU's alone, a third of the size, for browsers without WebGPU: on one thread, and on all cores where
/// the page may share memory.
pub(crate) const VARIANTS: [Variant; 3] = [
    Variant { name: "gpu", features: "gpu", threads: false },
    Variant { name: "cpu", features: "", threads: false },
    Variant { name: "cpu-threads", features: "threads", threads: true },
];

/// Every browser that has what the engine needs has SIMD.
const FLAGS: &str = "-C target-feature=+simd128";
/// Memory that threads share, of up to 4 GB, and what each needs to begin.
const THREADS: &str = "-C target-feature=+simd128,+atomics,+bulk-memory -C link-arg=--shared-memory \
    -C link-arg=--import-memory -C link-arg=--max-memory=4294967296 -C link-arg=--export=__wasm_init_tls \
    -C link-arg=--export=__tls_size -C link-arg=--export=__tls_align -C link-arg=--export=__tls_base";
/// What Binaryen may use, and how it optimises.
const OPTIMISE: [&str; 10] = [
    "-O2",
    "--strip-debug",
    "--strip-producers",
    "--enable-simd",
    "--enable-threads",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

/// Builds all variants; what has not changed is taken from the last time.
pub(crate) fn build() -> Result<()> {
    let target = WasmTarget::find()?;
    let with_source = WasmTarget::find_with_source()?;
    for variant in VARIANTS {
        build_one(if variant.threads { with_source } else { target }, variant)?;
    }
    Ok(())
}

fn build_one(target: WasmTarget, variant: Variant) -> Result<()> {
    let wasm = compile(target, variant)?;
    let bytes = fs::read(&wasm).with_context(|| format!("{} is not there", wasm.display()))?;
    let key = key(&bytes);
    let stored = cache()?.join("engine").join(format!("{}-{key}", variant.name));
    if !stored.join("done").exists() {
        finish(&wasm, &stored, variant)?;
    }
    let package = root().join("web/engine/pkg").join(variant.name);
    if fs::read_to_string(package.join("done")).is_ok_and(|done| done == key) {
        return Ok(());
    }
    // Gone before anything of it changes, there again at the end.
    let _ = fs::remove_dir_all(&package);
    fs::create_dir_all(&package)?;
    for entry in fs::read_dir(&stored)? {
        let entry = entry?;
        fs::copy(entry.path(), package.join(entry.file_name()))?;
    }
    fs::write(package.join("done"), key)?;
    Ok(())
}

/// What the finished wasm depends on.
fn key(wasm: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(wasm);
    OPTIMISE.iter().for_each(|option| hash.update(option));
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn compile(target: WasmTarget, variant: Variant) -> Result<PathBuf> {
    // Both have the same name: in one folder each build would undo the other.
    let folder = target_folder()?.join(format!("web-{}", variant.name));
    let mut command = target.cargo(&["build", "--locked", "--profile", "web"])?;
    command.args(["--package", "pickscore-engine", "--features", variant.features]);
    command.arg("--target-dir").arg(&folder);
    let flags = if variant.threads { THREADS } else { FLAGS };
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    step(&format!("the engine ({})", variant.name), &mut command)?;
    Ok(folder.join(TARGET).join("web/pickscore_engine.wasm"))
}

/// Glue and optimised wasm of a variant, made in a folder of its own that is renamed when it is whole.
fn finish(wasm: &Path, stored: &Path, variant: Variant) -> Result<()> {
    let making = stored.with_extension("making");
    let _ = fs::remove_dir_all(&making);
    fs::create_dir_all(&making)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name("engine").web(true)?.typescript(true);
    bindgen.generate(&making)?;
    let output = making.join("engine_bg.wasm");
    let large = making.join("unoptimised.wasm");
    fs::rename(&output, &large)?;
    let mut optimise = program("node", &["node_modules/binaryen/bin/wasm-opt"]);
    optimise.args(OPTIMISE).arg(&large).arg("-o").arg(&output);
    step(&format!("wasm-opt ({})", variant.name), &mut optimise)?;
    fs::remove_file(large)?;
    fs::write(making.join("done"), "")?;
    let _ = fs::remove_dir_all(stored);
    fs::rename(making, stored)?;
    Ok(())
}
