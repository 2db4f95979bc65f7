//! A CLIP model for scoring.

use pickscore_checkpoint::config::ClipConfig;
use pickscore_pixels::Pixels;
use pickscore_score::Embedding;
use pickscore_tokens::Tokens;

#[cfg(feature = "gpu")]
use super::gpu::Wgsl;
#[cfg(any(feature = "gpu", not(target_family = "wasm")))]
use super::operations::Operations;
use super::{cpu::Fused, error::TowerError, parts::Pair, steps::Scoring, table::HostTable};

/// A CLIP model for scoring: the text and vision towers on one device.
#[derive(Debug)]
pub struct Clip {
    pub(super) config: ClipConfig,
    pub(super) pair: AnyPair,
    pub(super) logit_scale: f32,
}

/// The towers with their kernels.
#[derive(Debug)]
pub(super) enum AnyPair {
    Cpu(Box<Pair<Fused, HostTable>>),
    #[cfg(feature = "gpu")]
    Wgsl(Box<Pair<Wgsl, HostTable>>),
    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
    Burn(Box<Pair<Operations, HostTable>>),
}

impl Clip {
    /// The configuration of both towers.
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// `exp(logit_scale)`, by which a cosine similarity is multiplied to give a score.
    pub fn logit_scale(&self) -> f32 {
        self.logit_scale
    }

    /// Embeds prompts in one batch, in the given order: `batch` × `[context]` →
    /// `batch` × `[projection]`.
    ///
    /// # Errors
    ///
    /// Fails if a prompt is not `[context]` long, if a token ID is outside the vocabulary, if the
    /// text tower was not built, or if the device fails.
    pub async fn text(&self, prompts: &[&Tokens]) -> Result<Vec<Embedding>, TowerError> {
        match &self.pair {
            AnyPair::Cpu(pair) => pair.embed_texts(prompts).await,
            #[cfg(feature = "gpu")]
            AnyPair::Wgsl(pair) => pair.embed_texts(prompts).await,
            #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
            AnyPair::Burn(pair) => pair.embed_texts(prompts).await,
        }
    }

    /// Embeds images in one batch, in the given order: `batch` × `[3, size, size]` →
    /// `batch` × `[projection]`.
    ///
    /// # Errors
    ///
    /// Fails if an image is not `[3, size, size]`, if the vision tower was not built, or if the
    /// device fails.
    pub async fn vision(&self, images: &[&Pixels]) -> Result<Vec<Embedding>, TowerError> {
        match &self.pair {
            AnyPair::Cpu(pair) => pair.embed_images(images).await,
            #[cfg(feature = "gpu")]
            AnyPair::Wgsl(pair) => pair.embed_images(images).await,
            #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
            AnyPair::Burn(pair) => pair.embed_images(images).await,
        }
    }

    /// What bounds each step of a block of the vision tower, for a batch of images; `None` if it
    /// does not run on the WGSL kernels. `now` is a clock in milliseconds.
    #[cfg(all(feature = "gpu", not(target_family = "wasm")))]
    pub async fn bounds(&self, batch: usize, now: &dyn Fn() -> f64) -> Option<super::gpu::Bounds> {
        let AnyPair::Wgsl(pair) = &self.pair else { return None };
        let tower = pair.vision.as_ref()?;
        let shape = [batch, tower.config.positions()];
        Some(super::gpu::bounds(&tower.steps, tower.blocks.first()?, shape, now).await)
    }
}

impl<S: Scoring> Pair<S, HostTable> {
    async fn embed_texts(&self, prompts: &[&Tokens]) -> Result<Vec<Embedding>, TowerError> {
        let tower = self.text.as_ref().ok_or(TowerError::NotBuilt { tower: "text" })?;
        let (expected, vocabulary) = (tower.config.context, tower.config.vocabulary);
        for tokens in prompts {
            if tokens.ids.len() != expected {
                return Err(TowerError::Context { expected, found: tokens.ids.len() });
            }
            if let Some(&id) = tokens.ids.iter().find(|&&id| id as usize >= vocabulary) {
                return Err(TowerError::Token { vocabulary, id });
            }
        }
        if prompts.is_empty() {
            return Ok(Vec::new());
        }
        let projected = tower.steps.pass(|| tower.forward(prompts));
        embeddings(tower.steps.read(projected).await?, prompts.len())
    }

    async fn embed_images(&self, images: &[&Pixels]) -> Result<Vec<Embedding>, TowerError> {
        let tower = self.vision.as_ref().ok_or(TowerError::NotBuilt { tower: "vision" })?;
        let expected = tower.config.image_size;
        for image in images {
            if image.size != expected || image.values.len() != 3 * expected * expected {
                return Err(TowerError::ImageSize { expected, found: image.size });
            }
        }
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let projected = tower.steps.pass(|| tower.forward(images));
        embeddings(tower.steps.read(projected).await?, images.len())
    }
}

/// Splits `[batch, projection]` into unit-length embeddings; `batch` is at least 1.
fn embeddings(values: Vec<f32>, batch: usize) -> Result<Vec<Embedding>, TowerError> {
    if values.iter().any(|x| !x.is_finite()) {
        return Err(TowerError::NotFinite);
    }
    let rows = values.chunks_exact((values.len() / batch).max(1));
    Ok(rows.map(|row| Embedding::normalised(row.to_vec())).collect())
}
