//! Metadata that image generators write into files.

use pickscore_metadata::Metadata;
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::{convert::to_js, values::ImageMetadata};

/// The metadata of an image file, if there is any.
#[wasm_bindgen(js_name = readMetadata)]
pub fn read_metadata(bytes: &[u8]) -> Result<Option<Ts<ImageMetadata>>, JsValue> {
    Metadata::of(bytes).map(to_js).transpose()
}
