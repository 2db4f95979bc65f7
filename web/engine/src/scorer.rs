//! A loaded model.

use std::rc::Rc;

use js_sys::{Array, Float32Array, Object, Uint8ClampedArray};
use pickscore_glue::object;
use pickscore_model::PickScore;
use pickscore_model::towers::Embedding;
use pickscore_pixels::{Picture, Pixels, decode};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

/// Prompts and images in, embeddings and scores out.
#[wasm_bindgen]
pub struct Scorer(Rc<PickScore>);

impl Scorer {
    pub(crate) fn new(scorer: PickScore) -> Self {
        Self(Rc::new(scorer))
    }
}

#[wasm_bindgen]
impl Scorer {
    /// `{ parameters, unexpected, imageSize, dimensions, batch, logitScale }`
    pub fn info(&self) -> Object {
        let (info, config) = (self.0.info(), self.0.clip().config());
        let unexpected = info.unexpected.iter().map(|name| JsValue::from_str(name)).collect::<Array>();
        object(&[
            ("parameters", (info.parameters as f64).into()),
            ("unexpected", unexpected.into()),
            ("imageSize", (config.vision.image_size as f64).into()),
            ("dimensions", (config.projection as f64).into()),
            ("batch", (self.0.batch() as f64).into()),
            ("logitScale", self.0.logit_scale().into()),
        ])
    }

    /// Whether the model reads only the beginning of this prompt. Fails for an empty one.
    pub fn truncates(&self, prompt: &str) -> Result<bool, JsValue> {
        Ok(self.0.tokens(prompt).map_err(Fault::from)?.truncated)
    }

    /// Unit-length embeddings of prompts, one after the other: `[prompts, dimensions]`.
    pub async fn embed_texts(&self, prompts: Vec<String>) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let prompts: Vec<&str> = prompts.iter().map(String::as_str).collect();
        let embeddings = scorer.embed_texts(&prompts).await.map_err(Fault::from)?;
        Ok(flat(&embeddings))
    }

    /// An encoded image as the model reads it: `[3, imageSize, imageSize]`.
    pub fn pixels(&self, image: &[u8]) -> Result<Float32Array, JsValue> {
        let pixels = self.0.pixels(image).map_err(Fault::from)?;
        Ok(Float32Array::from(pixels.values.as_slice()))
    }

    /// An encoded image as the library decodes it, for pages that show what the browser cannot:
    /// `{ width, height, data }`, `data` being RGBA `[height, width, 4]`.
    pub fn decode(&self, image: &[u8]) -> Result<Object, JsValue> {
        let picture = decode(image, &self.0.processor().limits).map_err(Fault::from)?;
        let rgba: Vec<u8> =
            picture.values().as_chunks().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
        Ok(object(&[
            ("width", (picture.width() as f64).into()),
            ("height", (picture.height() as f64).into()),
            ("data", Uint8ClampedArray::from(rgba.as_slice()).into()),
        ]))
    }

    /// An image that the browser decoded, `[height, width, 4]`, as the model reads it.
    pub fn pixels_of_rgba(&self, width: usize, height: usize, rgba: &[u8]) -> Result<Float32Array, JsValue> {
        let limits = &self.0.processor().limits;
        let picture = Picture::from_rgba(width, height, rgba, limits).map_err(Fault::from)?;
        Ok(Float32Array::from(self.0.processor().prepare(&picture).values.as_slice()))
    }

    /// Unit-length embeddings of prepared images, in one batch: `[images, 3, imageSize, imageSize]` → `[images, dimensions]`.
    pub async fn embed_pixels(&self, images: Vec<f32>) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let size = scorer.clip().config().vision.image_size;
        let images: Vec<Pixels> =
            images.chunks(3 * size * size).map(|values| Pixels { size, values: values.to_vec() }).collect();
        let images: Vec<&Pixels> = images.iter().collect();
        let embeddings = scorer.embed_pixels(&images).await.map_err(Fault::from)?;
        Ok(flat(&embeddings))
    }

    /// A prompt's embedding with those of images, `[images, dimensions]` → their scores and probabilities, one after the other:
    /// `[2, images]`.
    pub fn score(&self, prompt: Vec<f32>, images: &[f32]) -> Float32Array {
        let dimensions = prompt.len().max(1);
        let prompt = Embedding::normalised(prompt);
        let score = |image: &[f32]| self.0.score_of(&prompt, &Embedding::normalised(image.to_vec()));
        let mut scores: Vec<f32> = images.chunks(dimensions).map(score).collect();
        scores.extend(pickscore_score::probabilities(&scores));
        Float32Array::from(scores.as_slice())
    }
}

fn flat(embeddings: &[Embedding]) -> Float32Array {
    let values: Vec<f32> = embeddings.iter().flat_map(|embedding| embedding.values()).copied().collect();
    Float32Array::from(values.as_slice())
}
