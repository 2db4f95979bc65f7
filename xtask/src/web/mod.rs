//! The web: the engine's wasm, the JavaScript library and the page, built into `dist/`.

pub(crate) mod browsers;
pub(crate) mod build;
mod decoder;
pub(crate) mod e2e;
pub(crate) mod engine;
pub(crate) mod node;
mod package;
mod records;
mod rewrite;
mod scorers;
pub(crate) mod serve;
mod size;
