//! Conversion to JavaScript values.

use js_sys::JSON;
use pickscore_glue::Fault;
use serde::Serialize;
use tsify::{Ts, Tsify};
use wasm_bindgen::JsValue;

/// Converts a value of the library to an object of [`crate::values`].
pub(crate) fn to_js<T: Tsify + Serialize>(value: impl Into<T>) -> Result<Ts<T>, JsValue> {
    let value: T = value.into();
    parse(serde_json::to_string(&value)).map(Ts::new_unchecked)
}

/// Parses JSON to a JavaScript value. Unlike [`Tsify::into_js`] it is not generic, which keeps the
/// wasm small.
pub(crate) fn parse(json: serde_json::Result<String>) -> Result<JsValue, JsValue> {
    JSON::parse(&json.map_err(|error| Fault::new("internal", error))?)
}
