//! Images as the model reads them.

use js_sys::{Object, Uint8ClampedArray};
use pickscore_glue::{object, processor_to_js};
use pickscore_pixels::{Pixels, Processor, decode};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

/// A preprocessed image in this module's memory: `[3, imageSize, imageSize]`
#[wasm_bindgen]
pub struct ImagePixels(pub(crate) Pixels);

#[wasm_bindgen]
impl ImagePixels {
    /// Takes the values that another module has computed. The generated code writes them to this
    /// module's memory once, and the vector is that memory.
    #[wasm_bindgen(constructor)]
    pub fn new(size: usize, values: Vec<f32>) -> Self {
        Self(Pixels { size, values })
    }
}

/// Decodes images and prepares them for a model. It needs neither the model nor the device, so it
/// also works while a tower is loaded or computes.
#[wasm_bindgen]
pub struct ImageReader(pub(crate) Processor);

#[wasm_bindgen]
impl ImageReader {
    /// The processor as the interface `ProcessorDescription` of `../js/worker/prepare.ts`, for
    /// other workers.
    pub fn describe(&self) -> Object {
        processor_to_js(&self.0)
    }

    /// Decodes and preprocesses an encoded image.
    pub fn pixels(&self, image: &[u8]) -> Result<ImagePixels, JsValue> {
        Ok(ImagePixels(self.0.pixels(image).map_err(Fault::from)?))
    }

    /// Preprocesses an image that the browser decoded: RGBA `[height, width, 4]`
    pub fn pixels_of_rgba(&self, width: usize, height: usize, rgba: &[u8]) -> Result<ImagePixels, JsValue> {
        Ok(ImagePixels(self.0.pixels_of_rgba(width, height, rgba).map_err(Fault::from)?))
    }

    /// Decodes an encoded image to `{ width, height, data }`, where `data` is RGBA
    /// `[height, width, 4]`. For pages that show formats that the browser does not support.
    pub fn decode(&self, image: &[u8]) -> Result<Object, JsValue> {
        let picture = decode(image, &self.0.limits).map_err(Fault::from)?;
        let rgba: Vec<u8> =
            picture.values().as_chunks().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
        Ok(object(&[
            ("width", (picture.width() as f64).into()),
            ("height", (picture.height() as f64).into()),
            ("data", Uint8ClampedArray::from(rgba.as_slice()).into()),
        ]))
    }
}
