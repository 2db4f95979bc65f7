//! Plain JavaScript objects.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// A JavaScript object with these properties.
pub fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        // A new object is extensible: it cannot refuse a property.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}
