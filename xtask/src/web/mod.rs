//! The web: the engine's wasm, the JavaScript library, the page; built into `dist/`.

pub(crate) mod build;
mod engine;
pub(crate) mod node;
pub(crate) mod serve;
mod size;
