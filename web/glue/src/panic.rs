//! Panics, which end the wasm instance.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn error(text: &str);
}

/// Writes the reason of every panic to the console and to the global variable `name`.
///
/// The exception that JavaScript sees says only "unreachable", so its library reads the reason from
/// that variable.
pub fn report_panics(name: &'static str) {
    std::panic::set_hook(Box::new(move |panic| {
        let reason = panic.to_string();
        let _ = Reflect::set(&js_sys::global(), &name.into(), &reason.as_str().into());
        error(&reason);
    }));
}
