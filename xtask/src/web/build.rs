//! `cargo xtask build`: `dist/`, ready for any static host.

use anyhow::Result;

use crate::{
    pairs,
    process::{program, step},
    wasm_target::WasmTarget,
    web::{decoder, engine, node, records, scorers, size},
};

/// Builds the engine, the records, their libraries and the page, and prints their sizes.
pub(crate) fn run() -> Result<()> {
    node::install()?;
    scorers::write()?;
    // Before both threads want to install them.
    WasmTarget::find_with_source()?;
    WasmTarget::find()?;
    // The slowest first. Linking and Binaryen leave a core idle.
    pairs::run(&[
        Box::new(|| engine::build(engine::GPU)),
        Box::new(|| engine::build(engine::CPU_THREADS)),
        Box::new(|| engine::build(engine::CPU)),
        Box::new(records::build),
        Box::new(decoder::build),
    ])?;
    step("types", &mut node::tool("tsc", &["--build", "--pretty"]))?;
    step("the page", &mut node::tool("vite", &["build", "www", "--logLevel", "warn"]))?;
    step("the library", &mut program("node", &["web/engine/build.mjs", "dist/lib"]))?;
    step("the records library", &mut program("node", &["web/records/build.mjs", "dist/lib"]))?;
    step("the service worker", &mut program("node", &["www/finish.mjs", "dist"]))?;
    size::report()
}
