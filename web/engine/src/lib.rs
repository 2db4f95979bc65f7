//! PickScore compiled for browsers: thin conversions between JavaScript's values and the library's. The worker of the JavaScript library
//! (`../js/worker`) is the only caller; it downloads, stores and queues, and nothing here knows of a network or a file.
//!
//! ```text
//! config, tokenizer, preprocessor ─► ModelLoader ─► push(bytes)… ─► finish() ─► Scorer ─► embeddings, scores
//!                                        └─► each parameter's stored bytes, for the worker to keep
//! ```

#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "wasm-bindgen's macros make items without documentation")]

mod device;
mod fault;
mod loader;
mod scorer;
#[cfg(feature = "threads")]
mod threads;

use std::sync::atomic::{AtomicBool, Ordering};

use wasm_bindgen::prelude::*;

static STARTED: AtomicBool = AtomicBool::new(false);

#[allow(unsafe_code, reason = "the linker's own function; see below")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs before anything else, once in each thread.
///
/// burn's GPU backend registers things in constructors. Unless a program calls them itself, the linker makes every export run all of them at
/// each call: ten times the time of a small model.
#[wasm_bindgen(start)]
#[allow(unsafe_code, reason = "constructors have to run once")]
pub fn start() {
    if STARTED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the linker makes this function; it takes and returns nothing, and this is the only call in this memory.
    unsafe { __wasm_call_ctors() };
    pickscore_glue::report_panics("pickscorePanic");
}
