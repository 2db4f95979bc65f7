//! Panic messages.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn error(text: &str);
}

/// Installs a panic hook that writes the message to the console and to the global variable `name`.
///
/// The JavaScript exception of a panic says only "unreachable", so the library reads the message
/// from that variable.
pub fn report_panics(name: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let reason = panic.to_string();
        let _ = Reflect::set(&js_sys::global(), &name.into(), &reason.as_str().into());
        error(&reason);
    }));
}
