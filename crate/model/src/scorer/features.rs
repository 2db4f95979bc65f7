//! What a model computes of prompts and of images before it combines them.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use pickscore_pixels::{PixelError, Pixels};
use pickscore_score::{Embedding, Formula};
use pickscore_tokens::Tokens;

use super::{
    batch, distinct,
    error::ScoreError,
    pick_score::{PerImage, PickScore},
};
use crate::towers::{ImageTokens, Model, TowerError};

/// What a model computes of a prompt alone.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptFeatures {
    /// Nothing, because the scorer reads no prompt.
    None,
    /// The embedding of a CLIP model.
    Embedding(Embedding),
    /// The tokens, because the text encoder reads the image.
    Tokens(Tokens),
}

/// What a model computes of an image alone.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageFeatures {
    /// The embedding of a CLIP model.
    Embedding(Embedding),
    /// All tokens of ImageReward's image encoder.
    Tokens(Arc<ImageTokens>),
}

impl ImageFeatures {
    fn bytes(&self) -> usize {
        size_of::<f32>()
            * match self {
                Self::Embedding(embedding) => embedding.values().len(),
                Self::Tokens(tokens) => tokens.values().len(),
            }
    }
}

/// Features of images, keyed by the SHA-256 of their bytes: 4 KB an image for CLIP, 0.8 MB for
/// ImageReward. The oldest are dropped beyond 512 MB.
#[derive(Debug, Default)]
pub struct ImageCache {
    features: HashMap<[u8; 32], Result<ImageFeatures, PixelError>>,
    /// The keys, oldest first.
    order: VecDeque<[u8; 32]>,
    bytes: usize,
}

/// Most bytes in an [`ImageCache`].
const MOST_CACHED: usize = 512 << 20;

impl ImageCache {
    /// The key of an encoded image: the SHA-256 of its bytes.
    pub fn key(encoded: &[u8]) -> [u8; 32] {
        distinct::hash(encoded)
    }

    /// Number of distinct images.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether the cache is empty.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    fn insert(&mut self, key: [u8; 32], features: Result<ImageFeatures, PixelError>) {
        let size = |features: &Result<ImageFeatures, _>| features.as_ref().map_or(0, ImageFeatures::bytes);
        self.bytes += size(&features);
        self.order.push_back(key);
        self.features.insert(key, features);
        while self.bytes > MOST_CACHED
            && let Some(oldest) = self.order.pop_front()
        {
            self.bytes -= self.features.remove(&oldest).as_ref().map_or(0, size);
        }
    }
}

impl PickScore {
    /// The features of prompts, in the given order. Equal prompts are computed once.
    ///
    /// # Errors
    ///
    /// Fails if the scorer reads prompts and one is empty, or if the device fails.
    pub async fn prompt_features(&self, prompts: &[&str]) -> Result<Vec<PromptFeatures>, ScoreError> {
        if !self.scoring.scorer.reads_prompt() {
            return Ok(vec![PromptFeatures::None; prompts.len()]);
        }
        match &self.model {
            Model::Clip(_) => {
                let embeddings = self.embed_texts(prompts).await?;
                Ok(embeddings.into_iter().map(PromptFeatures::Embedding).collect())
            }
            Model::Blip(_) => {
                prompts.iter().map(|prompt| Ok(PromptFeatures::Tokens(self.tokens(prompt)?))).collect()
            }
        }
    }

    /// The features of preprocessed images `[3, size, size]`, in one batch and the given order.
    ///
    /// # Errors
    ///
    /// Fails if an image does not have the model's size or the device fails.
    pub async fn pixel_features(&self, images: &[&Pixels]) -> Result<Vec<ImageFeatures>, TowerError> {
        Ok(match &self.model {
            Model::Clip(clip) => {
                clip.vision(images).await?.into_iter().map(ImageFeatures::Embedding).collect()
            }
            Model::Blip(blip) => {
                let tokens = blip.encode(images).await?.into_iter();
                tokens.map(|tokens| ImageFeatures::Tokens(Arc::new(tokens))).collect()
            }
        })
    }

    /// The features of encoded images, in the given order. Identical files are computed once, and
    /// kept in `cache` between calls.
    ///
    /// # Errors
    ///
    /// Fails if the device fails. An unreadable image is an error of its own result only.
    pub async fn image_features_with(
        &self,
        cache: &mut ImageCache,
        images: &[&[u8]],
    ) -> Result<PerImage<ImageFeatures>, ScoreError> {
        let hashes: Vec<_> = images.iter().map(|image| distinct::hash(image)).collect();
        // The results of this call stay available when the cache drops them.
        let mut found: HashMap<_, _> =
            hashes.iter().filter_map(|hash| Some((*hash, cache.features.get(hash)?.clone()))).collect();
        let mut once = HashSet::new();
        let unseen: Vec<usize> = (0..images.len())
            .filter(|&at| !found.contains_key(&hashes[at]) && once.insert(hashes[at]))
            .collect();
        for batch in unseen.chunks(self.batch()) {
            let encoded: Vec<&[u8]> = batch.iter().map(|&at| images[at]).collect();
            let pixels = self.pixels_of(&encoded);
            let readable: Vec<&Pixels> = pixels.iter().filter_map(|pixels| pixels.as_ref().ok()).collect();
            let mut computed = self.pixel_features(&readable).await?.into_iter();
            for (&at, pixels) in batch.iter().zip(pixels) {
                let Some(outcome) = pixels.map(|_| computed.next()).transpose() else { continue };
                found.insert(hashes[at], outcome.clone());
                cache.insert(hashes[at], outcome);
            }
        }
        Ok(hashes.iter().filter_map(|hash| found.get(hash).cloned()).collect())
    }

    /// As [`PickScore::pixel_features`], for images given with the SHA-256 of their files. Results
    /// are kept in `cache` between calls.
    ///
    /// # Errors
    ///
    /// As [`PickScore::pixel_features`].
    pub async fn pixel_features_with(
        &self,
        cache: &mut ImageCache,
        images: &[([u8; 32], &Pixels)],
    ) -> Result<Vec<ImageFeatures>, TowerError> {
        let known = |hash: &[u8; 32]| cache.features.get(hash).and_then(|found| found.as_ref().ok()).cloned();
        // The results of this call stay available when the cache drops them.
        let mut found: HashMap<_, _> =
            images.iter().filter_map(|(hash, _)| Some((*hash, known(hash)?))).collect();
        let mut once = HashSet::new();
        let unseen: Vec<_> =
            images.iter().filter(|(hash, _)| !found.contains_key(hash) && once.insert(*hash)).collect();
        for batch in unseen.chunks(self.batch()) {
            let pixels: Vec<&Pixels> = batch.iter().map(|(_, pixels)| *pixels).collect();
            for ((hash, _), features) in batch.iter().zip(self.pixel_features(&pixels).await?) {
                found.insert(*hash, features.clone());
                cache.insert(*hash, Ok(features));
            }
        }
        Ok(images.iter().filter_map(|(hash, _)| found.get(hash).cloned()).collect())
    }

    /// The scores of pairs of features of this model. Scorers that read no prompt ignore it.
    ///
    /// # Errors
    ///
    /// Fails if the features are another model's, a score is not finite, or the device fails.
    pub async fn score_features(
        &self,
        pairs: &[(&PromptFeatures, &ImageFeatures)],
    ) -> Result<Vec<f32>, ScoreError> {
        let mut scores = Vec::with_capacity(pairs.len());
        match &self.model {
            Model::Clip(_) => {
                for (prompt, image) in pairs {
                    scores.push(self.combined(prompt, image).ok_or(TowerError::OtherModel)?);
                }
            }
            Model::Blip(blip) => {
                for pairs in pairs.chunks(batch::PROMPTS) {
                    // Each image is uploaded, and its keys and values computed, once a batch.
                    let (mut images, mut tokens) = (Vec::<&ImageTokens>::new(), Vec::new());
                    for pair in pairs {
                        let (PromptFeatures::Tokens(prompt), ImageFeatures::Tokens(image)) = pair else {
                            return Err(TowerError::OtherModel.into());
                        };
                        let at = images.iter().position(|other| std::ptr::eq(*other, &**image));
                        let at = at.unwrap_or_else(|| {
                            images.push(image);
                            images.len() - 1
                        });
                        tokens.push((prompt, at));
                    }
                    scores.extend(blip.rewards(&images, &tokens).await?);
                }
            }
        }
        // A damaged logit scale or head can overflow.
        if scores.iter().all(|score| score.is_finite()) { Ok(scores) } else { Err(ScoreError::NotFinite) }
    }

    /// The score of a CLIP model's features; `None` for other features.
    fn combined(&self, prompt: &PromptFeatures, image: &ImageFeatures) -> Option<f32> {
        let ImageFeatures::Embedding(image) = image else { return None };
        match (self.scoring.scorer.formula, prompt) {
            (Formula::Head { unit, sigmoid }, _) => {
                let score = self.scoring.head.as_ref()?.apply(image, if unit { 1.0 } else { image.length() });
                Some(if sigmoid { 1.0 / (1.0 + (-score).exp()) } else { score } as f32)
            }
            (Formula::Similarity { scaled }, PromptFeatures::Embedding(prompt)) => {
                let scale = if scaled { self.logit_scale()? } else { 1.0 };
                Some(pickscore_score::score(scale, prompt, image))
            }
            _ => None,
        }
    }
}
