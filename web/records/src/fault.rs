//! Errors as JavaScript sees them: a sentence and a stable code, which `../js/error.ts` documents.

use pickscore_preferences::{RecordError, RoundError};
use wasm_bindgen::prelude::*;

/// Something that went wrong, on its way to JavaScript.
pub(crate) struct Fault {
    code: &'static str,
    message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let error = js_sys::Error::new(&fault.message);
        // An object without prototype surprises cannot refuse a property.
        let _ = js_sys::Reflect::set(&error, &"code".into(), &fault.code.into());
        error.into()
    }
}

impl From<RecordError> for Fault {
    fn from(error: RecordError) -> Self {
        Self::new("record", error)
    }
}

impl From<RoundError> for Fault {
    fn from(error: RoundError) -> Self {
        let code = if error == RoundError::Over { "round-over" } else { "round" };
        Self::new(code, error)
    }
}
