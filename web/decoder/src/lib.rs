//! Image files → pixels as a model reads them, without the model: a small WebAssembly module for
//! the workers that decode images while the engine's worker computes
//! (`../../engine/js/worker/decoder.ts`).

#![cfg(target_family = "wasm")]
#![allow(missing_docs, reason = "wasm-bindgen's macros generate items without documentation")]

use js_sys::Float32Array;
use pickscore_glue::{Fault, JsProcessor, processor_from_js, report_panics};
use pickscore_pixels::{PixelError, Pixels, Processor};
use wasm_bindgen::prelude::*;

/// Runs when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    report_panics("pickscorePanic");
}

/// Decodes images and prepares them for one model.
#[wasm_bindgen]
pub struct Decoder(Processor);

#[wasm_bindgen]
impl Decoder {
    /// A decoder for the processor that the engine describes.
    #[wasm_bindgen(constructor)]
    pub fn new(processor: &JsProcessor) -> Self {
        Self(processor_from_js(processor))
    }

    /// Decodes and preprocesses an encoded image: `[3, size, size]`
    pub fn pixels(&self, image: &[u8]) -> Result<Float32Array, JsValue> {
        values(self.0.pixels(image))
    }

    /// Preprocesses an image that the browser decoded: RGBA `[height, width, 4]` →
    /// `[3, size, size]`
    pub fn pixels_of_rgba(&self, width: usize, height: usize, rgba: &[u8]) -> Result<Float32Array, JsValue> {
        values(self.0.pixels_of_rgba(width, height, rgba))
    }
}

fn values(pixels: Result<Pixels, PixelError>) -> Result<Float32Array, JsValue> {
    let pixels = pixels.map_err(|error| Fault::new(error.code(), &error))?;
    Ok(Float32Array::from(pixels.values.as_slice()))
}
