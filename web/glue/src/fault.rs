//! Errors as JavaScript sees them.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

/// An error on its way to JavaScript: one sentence, and a code that stays the same between versions.
///
/// It becomes a JavaScript `Error` with the property `code`. The JavaScript library of each package
/// documents its codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The stable code, such as `"bad-argument"`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
}

impl Fault {
    /// A fault with this code, whose message is what `message` displays.
    pub fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let error = Error::new(&fault.message);
        // A new error is extensible: it cannot refuse a property.
        let _ = Reflect::set(&error, &"code".into(), &fault.code.into());
        error.into()
    }
}
