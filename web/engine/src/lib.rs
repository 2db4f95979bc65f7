//! PickScore compiled to WebAssembly: conversions between JavaScript values and those of the
//! library. The only caller is the worker of the JavaScript library (`../js/worker`), which does
//! all downloading, storing and queueing.
//!
//! ```text
//! config, tokenizer, preprocessor ─► ModelLoader ─► push(bytes)… ─► finish() ─► Scorer ─► embeddings, scores
//!                                        └─► each parameter's stored bytes, for the worker to keep
//! ```

#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "wasm-bindgen's macros generate items without documentation")]

mod checksum;
mod description;
mod device;
mod fault;
mod find;
mod images;
mod loader;
mod precision;
mod scorer;
#[cfg(feature = "threads")]
mod threads;

pub use description::recognise_scorer;
pub use find::{find_head, find_model, is_model_file};
pub use loader::stored_layout;

use std::sync::atomic::{AtomicBool, Ordering};

use wasm_bindgen::prelude::*;

static STARTED: AtomicBool = AtomicBool::new(false);

#[allow(unsafe_code, reason = "a function that the linker provides; see below")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs when the module is instantiated, once per thread.
///
/// burn's GPU backend uses static constructors. Unless a program calls the constructors itself, the
/// linker makes every export run all of them on each call, which takes ten times as long as a small
/// model.
#[wasm_bindgen(start)]
#[allow(unsafe_code, reason = "static constructors must run once")]
pub fn start() {
    if STARTED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the linker generates this function without arguments or result, and `STARTED` ensures
    // that it is called once per memory.
    unsafe { __wasm_call_ctors() };
    pickscore_glue::report_panics("pickscorePanic");
}
