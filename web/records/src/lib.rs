//! Records, rounds and contributions for browsers: thin conversions between JavaScript's values and the library's. The JavaScript library
//! (`../js`) is the only caller.
//!
//! Plain values cross as JSON, which is one string either way; bytes cross as `Uint8Array`.

#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "wasm-bindgen's macros make items without documentation, and want pub"
)]

mod export;
mod fault;
mod import;
mod metadata;
mod preference;

use wasm_bindgen::prelude::*;

/// Runs before anything else.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        // The trap that follows says only "unreachable": the library reads the reason here.
        let reason = JsValue::from_str(&panic.to_string());
        let _ = js_sys::Reflect::set(&js_sys::global(), &JsValue::from_str("pickscoreRecordsPanic"), &reason);
    }));
}
