//! `cargo xtask build`: `dist/`, ready for any static host.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::Result;

use crate::{
    process::{program, step},
    wasm_target::WasmTarget,
    web::{engine, node, records, scorers, size},
};

/// Builds the engine, the records, their libraries and the page, and prints their sizes.
pub(crate) fn run() -> Result<()> {
    node::install()?;
    scorers::write()?;
    // Before both threads want to install them.
    WasmTarget::find_with_source()?;
    WasmTarget::find()?;
    packages()?;
    step("types", &mut node::tool("tsc", &["--build", "--pretty"]))?;
    step("the page", &mut node::tool("vite", &["build", "www", "--logLevel", "warn"]))?;
    step("the library", &mut program("node", &["web/engine/build.mjs", "dist/lib"]))?;
    step("the records library", &mut program("node", &["web/records/build.mjs", "dist/lib"]))?;
    step("the service worker", &mut program("node", &["www/finish.mjs", "dist"]))?;
    size::report()
}

/// Builds all wasm packages, the slowest first. Linking and Binaryen leave cores idle, so two are
/// built at a time.
fn packages() -> Result<()> {
    let builds: [fn() -> Result<()>; 4] = [
        || engine::build(engine::GPU),
        || engine::build(engine::CPU_THREADS),
        || engine::build(engine::CPU),
        records::build,
    ];
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some(build) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
            build()?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let other = scope.spawn(work);
        let one = work();
        other.join().unwrap_or_else(|panic| resume_unwind(panic)).and(one)
    })
}
