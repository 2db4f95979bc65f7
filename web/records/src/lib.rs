//! Records, rounds and contributions for browsers: converts between JavaScript values and those of
//! the Rust library. Only the JavaScript library in `../js` uses this package.
//!
//! Records and settings are passed as JSON, results as the objects of `values`, and bytes as
//! `Uint8Array`.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "wasm-bindgen's macros generate items without documentation and require pub"
)]
#![cfg_attr(not(target_family = "wasm"), allow(unused_imports, reason = "only tests run natively"))]

mod values;

#[cfg(target_family = "wasm")]
mod convert;
#[cfg(target_family = "wasm")]
mod export;
#[cfg(target_family = "wasm")]
mod fault;
#[cfg(target_family = "wasm")]
mod import;
#[cfg(target_family = "wasm")]
mod learner;
#[cfg(target_family = "wasm")]
mod metadata;
#[cfg(target_family = "wasm")]
mod preference;
#[cfg(target_family = "wasm")]
mod ranking;
#[cfg(target_family = "wasm")]
mod round;
#[cfg(target_family = "wasm")]
mod taste;

/// Runs when the wasm is loaded.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    pickscore_glue::report_panics("pickscoreRecordsPanic");
}
