//! Records, rounds and contributions for browsers: conversions between the values of JavaScript and of
//! the library. Only the JavaScript library in `../js` calls this.
//!
//! Records and settings come in as JSON text; results go out as the objects of [`values`]; bytes cross as
//! `Uint8Array`.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "wasm-bindgen's macros make items without documentation, and want pub"
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
mod metadata;
#[cfg(target_family = "wasm")]
mod preference;
#[cfg(target_family = "wasm")]
mod ranking;
#[cfg(target_family = "wasm")]
mod round;

/// Runs before anything else.
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    pickscore_glue::report_panics("pickscoreRecordsPanic");
}
