//! A loaded model.

use std::{rc::Rc, sync::Arc};

use js_sys::{Array, Float32Array, Object, Uint8ClampedArray};
use pickscore_glue::object;
use pickscore_model::PickScore;
use pickscore_model::scorer::{ImageFeatures, PromptFeatures};
use pickscore_model::towers::{Embedding, Model, TowerError};
use pickscore_pixels::{Method, Original, Picture, Pixels, decode};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

/// Embeds and scores prompts and images.
#[wasm_bindgen]
pub struct Scorer(Rc<PickScore>);

impl Scorer {
    pub(crate) fn new(scorer: PickScore) -> Self {
        Self(Rc::new(scorer))
    }
}

#[wasm_bindgen]
impl Scorer {
    /// Properties of the model:
    /// `{ parameters, unexpected, identity, imageSize, dimensions, batch, logitScale }`. A model
    /// without embeddings has 0 dimensions, and a logit scale of 1.
    pub fn info(&self) -> Object {
        let info = self.0.info();
        let dimensions = match self.0.model() {
            Model::Clip(clip) => clip.config().projection,
            Model::Blip(_) => 0,
        };
        let unexpected = info.unexpected.iter().map(|name| JsValue::from_str(name)).collect::<Array>();
        object(&[
            ("parameters", (info.parameters as f64).into()),
            ("unexpected", unexpected.into()),
            ("identity", info.identity.as_str().into()),
            ("imageSize", (self.0.image_size() as f64).into()),
            ("dimensions", (dimensions as f64).into()),
            ("batch", (self.0.batch() as f64).into()),
            ("logitScale", self.0.logit_scale().unwrap_or(1.0).into()),
        ])
    }

    /// Whether the prompt is truncated to the context length. Fails for an empty prompt.
    pub fn truncates(&self, prompt: &str) -> Result<bool, JsValue> {
        Ok(self.0.tokens(prompt).map_err(Fault::from)?.truncated)
    }

    /// Unit-length embeddings of prompts: `[prompts, dimensions]`
    pub async fn embed_texts(&self, prompts: Vec<String>) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let prompts: Vec<&str> = prompts.iter().map(String::as_str).collect();
        let embeddings = scorer.embed_texts(&prompts).await.map_err(Fault::from)?;
        Ok(flat(&embeddings))
    }

    /// Decodes and preprocesses an encoded image: `[3, imageSize, imageSize]`
    pub fn pixels(&self, image: &[u8]) -> Result<Float32Array, JsValue> {
        let pixels = self.0.pixels(image).map_err(Fault::from)?;
        Ok(Float32Array::from(pixels.values.as_slice()))
    }

    /// Decodes an encoded image to `{ width, height, data }`, where `data` is RGBA
    /// `[height, width, 4]`. For pages that show formats that the browser does not support.
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

    /// Preprocesses an image that the browser decoded: RGBA `[height, width, 4]` →
    /// `[3, imageSize, imageSize]`
    pub fn pixels_of_rgba(&self, width: usize, height: usize, rgba: &[u8]) -> Result<Float32Array, JsValue> {
        let (processor, limits) = (self.0.processor(), &self.0.processor().limits);
        let pixels = if processor.method == Method::ImageReward {
            let original = Original::from_rgba(width, height, rgba.to_vec(), limits).map_err(Fault::from)?;
            processor.prepare_original(original)
        } else {
            processor.prepare(&Picture::from_rgba(width, height, rgba, limits).map_err(Fault::from)?)
        };
        Ok(Float32Array::from(pixels.values.as_slice()))
    }

    /// What the model computes of preprocessed images alone, in one batch: unit-length embeddings
    /// `[images, dimensions]`, or ImageReward's tokens `[images, positions · width]`; followed by
    /// the lengths of embeddings before normalisation, `[images]`.
    pub async fn features(&self, images: Vec<f32>) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let size = scorer.image_size();
        let images: Vec<Pixels> =
            images.chunks(3 * size * size).map(|values| Pixels { size, values: values.to_vec() }).collect();
        let features =
            scorer.pixel_features(&images.iter().collect::<Vec<_>>()).await.map_err(Fault::from)?;
        let (mut values, mut lengths) = (Vec::new(), Vec::new());
        for features in &features {
            match features {
                ImageFeatures::Embedding(embedding) => {
                    values.extend_from_slice(embedding.values());
                    lengths.push(embedding.length() as f32);
                }
                ImageFeatures::Tokens(tokens) => {
                    values.extend_from_slice(tokens.values());
                    lengths.push(1.0);
                }
            }
        }
        values.extend(lengths);
        Ok(Float32Array::from(values.as_slice()))
    }

    /// Scores of images, followed by their probabilities if the scorer has any: prompt
    /// `[dimensions]`, or nothing for scorers that read none; images `[images, dimensions]` with
    /// their `lengths` before normalisation → `[images]` or `[2, images]`
    pub async fn score(
        &self,
        prompt: Option<Vec<f32>>,
        images: Vec<f32>,
        lengths: Vec<f32>,
    ) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let prompt = prompt
            .map_or(PromptFeatures::None, |prompt| PromptFeatures::Embedding(Embedding::normalised(prompt)));
        let dimensions = images.len() / lengths.len().max(1);
        let images: Vec<ImageFeatures> = images
            .chunks(dimensions.max(1))
            .zip(lengths)
            .map(|(image, length)| {
                ImageFeatures::Embedding(Embedding::normalised(image.to_vec()).with_length(length.into()))
            })
            .collect();
        scores(&scorer, &prompt, &images).await
    }

    /// Scores of images whose tokens `[images, positions · width]` the text encoder reads together
    /// with the prompt: → `[images]`
    pub async fn score_together(
        &self,
        prompt: String,
        tokens: Vec<f32>,
        count: usize,
    ) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let Model::Blip(blip) = scorer.model() else {
            return Err(Fault::from(TowerError::OtherModel).into());
        };
        let prompt = PromptFeatures::Tokens(scorer.tokens(&prompt).map_err(Fault::from)?);
        let images: Vec<ImageFeatures> = tokens
            .chunks((tokens.len() / count.max(1)).max(1))
            .map(|tokens| Ok(ImageFeatures::Tokens(Arc::new(blip.tokens(tokens.to_vec())?))))
            .collect::<Result<_, TowerError>>()
            .map_err(Fault::from)?;
        scores(&scorer, &prompt, &images).await
    }
}

/// Scores of images for a prompt, followed by their probabilities if the scorer has any.
async fn scores(
    scorer: &PickScore,
    prompt: &PromptFeatures,
    images: &[ImageFeatures],
) -> Result<Float32Array, JsValue> {
    let pairs: Vec<_> = images.iter().map(|image| (prompt, image)).collect();
    let mut scores = scorer.score_features(&pairs).await.map_err(Fault::from)?;
    if scorer.scoring().scorer.has_probabilities() {
        scores.extend(pickscore_score::probabilities(&scores));
    }
    Ok(Float32Array::from(scores.as_slice()))
}

/// Concatenates embeddings: `[embeddings, dimensions]`
fn flat(embeddings: &[Embedding]) -> Float32Array {
    let values: Vec<f32> = embeddings.iter().flat_map(|embedding| embedding.values()).copied().collect();
    Float32Array::from(values.as_slice())
}
