//! A model with everything around it: prompts and encoded images in, scores out.

mod distinct;
mod error;
mod memory;
#[cfg(not(target_family = "wasm"))]
mod open;

pub use error::ScoreError;
#[cfg(not(target_family = "wasm"))]
pub use open::{DeviceChoice, GpuKernels, OpenOptions, PrecisionChoice, device, reading};

use std::collections::HashMap;

use crate::towers::{Clip, Embedding, TowerError};
use pickscore_checkpoint::weights::Precision;
use pickscore_pixels::{PixelError, Pixels, Processor};
use pickscore_tokens::{Tokenizer, Tokens};

/// What a scorer is and what it runs on.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// The model's name: the last part of its path or address.
    pub model: String,
    /// `"cpu"` or `"gpu"`.
    pub device: &'static str,
    /// The GPU's name.
    pub adapter: Option<String>,
    /// What its matrices are stored as.
    pub precision: Precision,
    /// Number of parameters.
    pub parameters: u64,
    /// Tensors of its files that belong to no parameter.
    pub unexpected: Vec<String>,
}

/// PickScore: the two towers with their tokenizer and image processor.
#[derive(Debug)]
pub struct PickScore {
    clip: Clip,
    tokenizer: Tokenizer,
    processor: Processor,
    info: Info,
    batch: usize,
}

/// What images came to, by the SHA-256 of their bytes. Holds 4 KB an image.
#[derive(Debug, Default)]
pub struct ImageCache(HashMap<[u8; 32], Result<Embedding, PixelError>>);

impl ImageCache {
    /// How many different images it has seen.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has seen none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What each image came to, in the order given.
pub type PerImage<T> = Vec<Result<T, PixelError>>;

impl PickScore {
    /// Puts a scorer together.
    pub fn new(clip: Clip, tokenizer: Tokenizer, processor: Processor, info: Info) -> Self {
        let batch = memory::batch(&clip.config().vision, info.device == "gpu");
        Self { clip, tokenizer, processor, info, batch }
    }

    /// What it is and what it runs on.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// What a cosine is multiplied by to be a score.
    pub fn logit_scale(&self) -> f32 {
        self.clip.logit_scale()
    }

    /// The two towers.
    pub fn clip(&self) -> &Clip {
        &self.clip
    }

    /// How images are prepared.
    pub fn processor(&self) -> &Processor {
        &self.processor
    }

    /// How many images are worth handing to [`PickScore::embed_pixels`] at once.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Makes batches small enough that no tensor of an image's way through the model takes more
    /// than this many bytes.
    pub fn limit_batch(&mut self, largest: usize) {
        self.batch = self.batch.min(memory::fitting(&self.clip.config().vision, largest));
    }

    /// Tokens of a prompt, cut to the model's context.
    ///
    /// # Errors
    ///
    /// [`ScoreError::EmptyPrompt`] when nothing is left of it.
    pub fn tokens(&self, prompt: &str) -> Result<Tokens, ScoreError> {
        let tokens = self.tokenizer.encode(prompt, self.clip.config().text.context);
        // Start and end token alone.
        if tokens.length <= 2 { Err(ScoreError::EmptyPrompt) } else { Ok(tokens) }
    }

    /// Decodes and prepares an image.
    ///
    /// # Errors
    ///
    /// See [`PixelError`].
    pub fn pixels(&self, image: &[u8]) -> Result<Pixels, PixelError> {
        self.processor.pixels(image)
    }

    /// Embeddings of prompts, in the order given; equal prompts run once.
    ///
    /// # Errors
    ///
    /// An empty prompt; a failing device.
    pub async fn embed_texts(&self, prompts: &[&str]) -> Result<Vec<Embedding>, ScoreError> {
        let distinct = distinct::Distinct::new(prompts.iter().map(|prompt| prompt.as_bytes()));
        let tokens =
            distinct.first.iter().map(|&at| self.tokens(prompts[at])).collect::<Result<Vec<_>, _>>()?;
        let mut embeddings = Vec::with_capacity(tokens.len());
        for batch in tokens.chunks(memory::PROMPTS) {
            embeddings.extend(self.clip.text(&batch.iter().collect::<Vec<_>>()).await?);
        }
        Ok(distinct.of.iter().map(|&index| embeddings[index].clone()).collect())
    }

    /// Embeddings of encoded images, in the order given; images of equal bytes (SHA-256) run once,
    /// and one that cannot be read does not stop the others.
    ///
    /// # Errors
    ///
    /// A failing device.
    pub async fn embed_images(&self, images: &[&[u8]]) -> Result<PerImage<Embedding>, ScoreError> {
        self.embed_images_with(&mut ImageCache::default(), images).await
    }

    /// As [`PickScore::embed_images`], and images that `cache` has seen do not run again: for calls
    /// that hand over a folder piece by piece.
    ///
    /// # Errors
    ///
    /// A failing device.
    pub async fn embed_images_with(
        &self,
        cache: &mut ImageCache,
        images: &[&[u8]],
    ) -> Result<PerImage<Embedding>, ScoreError> {
        let hashes: Vec<_> = images.iter().map(|image| distinct::hash(image)).collect();
        let mut unseen: Vec<usize> =
            (0..images.len()).filter(|&at| !cache.0.contains_key(&hashes[at])).collect();
        let mut once = std::collections::HashSet::new();
        unseen.retain(|&at| once.insert(hashes[at]));
        for batch in unseen.chunks(self.batch) {
            let encoded: Vec<&[u8]> = batch.iter().map(|&at| images[at]).collect();
            let pixels = self.pixels_of(&encoded);
            let readable: Vec<&Pixels> = pixels.iter().filter_map(|pixels| pixels.as_ref().ok()).collect();
            let mut embedded = self.embed_pixels(&readable).await?.into_iter();
            for (&at, pixels) in batch.iter().zip(&pixels) {
                let outcome = match pixels {
                    Ok(_) => embedded.next().map(Ok),
                    Err(error) => Some(Err(error.clone())),
                };
                cache.0.extend(outcome.map(|outcome| (hashes[at], outcome)));
            }
        }
        Ok(hashes.iter().filter_map(|hash| cache.0.get(hash).cloned()).collect())
    }

    /// Embeddings of prepared images, in the order given, in one batch.
    ///
    /// # Errors
    ///
    /// An image of another size than the model reads; a failing device.
    pub async fn embed_pixels(&self, images: &[&Pixels]) -> Result<Vec<Embedding>, TowerError> {
        self.clip.vision(images).await
    }

    /// Decodes and prepares images, on all cores where there are several.
    pub fn pixels_of(&self, images: &[&[u8]]) -> PerImage<Pixels> {
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            images.par_iter().map(|image| self.pixels(image)).collect()
        }
        #[cfg(not(feature = "parallel"))]
        images.iter().map(|image| self.pixels(image)).collect()
    }

    /// Score of two embeddings of this model.
    pub fn score_of(&self, prompt: &Embedding, image: &Embedding) -> f32 {
        pickscore_score::score(self.logit_scale(), prompt, image)
    }

    /// One prompt with many images.
    ///
    /// # Errors
    ///
    /// An empty prompt; a failing device.
    pub async fn score(&self, prompt: &str, images: &[&[u8]]) -> Result<PerImage<f32>, ScoreError> {
        let mut rows = self.score_matrix(&[prompt], images).await?;
        Ok(rows.pop().unwrap_or_default())
    }

    /// Aligned pairs of prompt and image.
    ///
    /// # Errors
    ///
    /// An empty prompt; a failing device.
    pub async fn score_pairs(&self, pairs: &[(&str, &[u8])]) -> Result<PerImage<f32>, ScoreError> {
        let prompts: Vec<&str> = pairs.iter().map(|(prompt, _)| *prompt).collect();
        let images: Vec<&[u8]> = pairs.iter().map(|(_, image)| *image).collect();
        let (prompts, images) = (self.embed_texts(&prompts).await?, self.embed_images(&images).await?);
        let score =
            |(prompt, image): (&Embedding, Result<Embedding, PixelError>)| Ok(self.score_of(prompt, &image?));
        Ok(prompts.iter().zip(images).map(score).collect())
    }

    /// Every prompt with every image: one row a prompt.
    ///
    /// # Errors
    ///
    /// An empty prompt; a failing device.
    pub async fn score_matrix(
        &self,
        prompts: &[&str],
        images: &[&[u8]],
    ) -> Result<Vec<PerImage<f32>>, ScoreError> {
        let (prompts, images) = (self.embed_texts(prompts).await?, self.embed_images(images).await?);
        let row = |prompt: &Embedding| {
            let score = |image: &Result<Embedding, PixelError>| match image {
                Ok(image) => Ok(self.score_of(prompt, image)),
                Err(error) => Err(error.clone()),
            };
            images.iter().map(score).collect()
        };
        Ok(prompts.iter().map(row).collect())
    }
}
