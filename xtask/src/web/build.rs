//! `cargo xtask build`: `dist/`, ready for any static host.

use std::{panic::resume_unwind, thread};

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
    // Linking and Binaryen leave cores idle, so two builds run at a time.
    thread::scope(|scope| {
        let gpu = scope.spawn(|| engine::build(&engine::GPU));
        let others = engine::build(&engine::CPU).and_then(|()| records::build());
        gpu.join().unwrap_or_else(|panic| resume_unwind(panic)).and(others)
    })?;
    step("types", &mut node::tool("tsc", &["--build", "--pretty"]))?;
    step("the page", &mut node::tool("vite", &["build", "www", "--logLevel", "warn"]))?;
    step("the library", &mut program("node", &["web/engine/build.mjs", "dist/lib"]))?;
    step("the records library", &mut program("node", &["web/records/build.mjs", "dist/lib"]))?;
    step("the service worker", &mut program("node", &["www/finish.mjs", "dist"]))?;
    size::report()
}
