//! A loaded model.

use std::{rc::Rc, sync::Arc};

use js_sys::{Array, Float32Array, Object};
use pickscore_glue::object;
use pickscore_model::PickScore;
use pickscore_model::scorer::{ImageFeatures, PromptFeatures};
use pickscore_model::towers::{Embedding, Model, TowerError};
use pickscore_pixels::Pixels;
use pickscore_tokens::Tokens;
use wasm_bindgen::prelude::*;

use crate::{
    fault::Fault,
    images::{ImagePixels, ImageReader},
};

/// A prompt that has been tokenized.
#[wasm_bindgen]
pub struct PromptTokens(Tokens);

#[wasm_bindgen]
impl PromptTokens {
    /// Whether the prompt is truncated to the context length.
    #[wasm_bindgen(getter)]
    pub fn truncated(&self) -> bool {
        self.0.truncated
    }
}

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

    /// Tokenizes a prompt. Fails for an empty one.
    pub fn tokens(&self, prompt: &str) -> Result<PromptTokens, JsValue> {
        Ok(PromptTokens(self.0.tokens(prompt).map_err(Fault::from)?))
    }

    /// Unit-length embeddings of prompts: `[prompts, dimensions]`
    pub async fn embed_texts(&self, prompts: Vec<PromptTokens>) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let tokens: Vec<&Tokens> = prompts.iter().map(|PromptTokens(tokens)| tokens).collect();
        let embeddings = scorer.embed_tokens(&tokens).await.map_err(Fault::from)?;
        Ok(flat(&embeddings))
    }

    /// What decodes images and prepares them for this model.
    pub fn reader(&self) -> ImageReader {
        ImageReader(self.0.processor().clone())
    }

    /// What the model computes of preprocessed images alone, in one batch: unit-length embeddings
    /// `[images, dimensions]`, or ImageReward's tokens `[images, positions · width]`; followed by
    /// the lengths of embeddings before normalisation, `[images]`.
    pub async fn features(&self, images: Vec<ImagePixels>) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let images: Vec<&Pixels> = images.iter().map(|ImagePixels(pixels)| pixels).collect();
        let features = scorer.pixel_features(&images).await.map_err(Fault::from)?;
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
        prompt: &PromptTokens,
        tokens: Vec<f32>,
        count: usize,
    ) -> Result<Float32Array, JsValue> {
        let scorer = self.0.clone();
        let Model::Blip(blip) = scorer.model() else {
            return Err(Fault::from(TowerError::OtherModel).into());
        };
        let prompt = PromptFeatures::Tokens(prompt.0.clone());
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
