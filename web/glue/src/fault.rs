//! Errors that are thrown in JavaScript.

use js_sys::{Error, Reflect};
use wasm_bindgen::JsValue;

/// An error with a message and a code that is stable between versions.
///
/// Converts to a JavaScript `Error` with the property `code`. The JavaScript library of each
/// package documents its codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The stable code, such as `"bad-argument"`.
    pub code: &'static str,
    /// The message, one sentence.
    pub message: String,
}

impl Fault {
    /// Creates an error from a code and a message.
    pub fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let error = Error::new(&fault.message);
        // Setting a property of a new error cannot fail.
        let _ = Reflect::set(&error, &"code".into(), &fault.code.into());
        error.into()
    }
}
