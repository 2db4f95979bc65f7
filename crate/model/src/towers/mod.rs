//! [`Tokens`] and [`Pixels`] → [`Embedding`]
//!
//! ```text
//! Tokens [context]   ─► token + position ─► blocks (causal) ─► state at the end token
//!     ─► final_norm ─► projection ─► unit length
//! Pixels [3, S, S]   ─► patches, class, position ─► pre_norm ─► blocks ─► state of the class token
//!     ─► post_norm ─► projection ─► unit length
//! ```
//!
//! The towers are written once, in steps (`kernels.rs`) that have four implementations: `cpu`
//! (fused, for scoring), `cpu/gradient` (the same with gradients), `gpu` (WGSL) and `operations`
//! (burn's own, on any device). [`Kernels`] says which of them a model uses.
//!
//! The residual stream, norms and softmax are f32, and so are products, except with burn's
//! operations, which multiply in the precision they are given.

mod block;
mod builder;
mod cpu;
#[cfg(test)]
mod definitions;
#[cfg(feature = "gpu")]
mod gpu;
mod kernels;
mod linear;
mod operations;
mod parts;
mod table;
mod text;
#[cfg(feature = "train")]
mod trainable;
mod vision;

use pickscore_checkpoint::config::ClipConfig;
use pickscore_pixels::Pixels;
pub use pickscore_score::Embedding;
use pickscore_tokens::Tokens;

pub use builder::{ClipBuilder, Towers};
#[cfg(feature = "gpu")]
pub use gpu::{Tuning, Wgsl, tune};
pub use kernels::Kernels;
#[cfg(feature = "train")]
pub use trainable::TrainableClip;

use kernels::Scoring;
use linear::Linear;
use parts::Pair;
use table::HostTable;
use text::TextTower;
use vision::VisionTower;

/// A CLIP model for scoring: two towers on one device.
#[derive(Debug)]
pub struct Clip {
    config: ClipConfig,
    pair: AnyPair,
    logit_scale: f32,
}

/// The towers with the kernels that were chosen.
#[derive(Debug)]
enum AnyPair {
    Cpu(Box<Pair<cpu::Fused, HostTable>>),
    #[cfg(feature = "gpu")]
    Wgsl(Box<Pair<Wgsl, HostTable>>),
    Burn(Box<Pair<operations::Operations, HostTable>>),
}

/// What can go wrong in the towers.
#[derive(Debug, thiserror::Error)]
pub enum TowerError {
    /// A parameter that the configuration asks for never came.
    #[error("the model has no parameter {name}")]
    Missing {
        /// Its name, as [`parameters`](pickscore_checkpoint::weights::parameters) lists it.
        name: String,
    },
    /// An image of another size than the model reads.
    #[error("the model reads images of {expected} × {expected} pixels, this one has {found} × {found}")]
    ImageSize {
        /// The configuration's image size.
        expected: usize,
        /// The image's.
        found: usize,
    },
    /// A prompt of another length than the model reads.
    #[error("the model reads {expected} tokens, this prompt has {found}")]
    Context {
        /// The configuration's context.
        expected: usize,
        /// The prompt's length with padding.
        found: usize,
    },
    /// A token that the model does not have.
    #[error(
        "the model's vocabulary has {vocabulary} tokens, this prompt has the token {id}: model and tokenizer do not belong together"
    )]
    Token {
        /// The configuration's vocabulary.
        vocabulary: usize,
        /// The token.
        id: u32,
    },
    /// Only the other tower was built.
    #[error("the model was loaded without its {tower} tower")]
    NotBuilt {
        /// `"text"` or `"vision"`.
        tower: &'static str,
    },
    /// The device failed.
    #[error("the device failed: {reason}")]
    Device {
        /// What it said.
        reason: String,
    },
    /// The device computed something that is not a number.
    #[error("the device computed numbers that are not finite; try another precision or the CPU")]
    NotFinite,
}

impl TowerError {
    fn missing(name: &str) -> Self {
        Self::Missing { name: name.into() }
    }
}

impl Clip {
    /// The shapes of the two towers.
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// `exp(logit_scale)`: what a cosine is multiplied by to be a score.
    pub fn logit_scale(&self) -> f32 {
        self.logit_scale
    }

    /// Prompts → embeddings, in the order given, all in one batch.
    ///
    /// # Errors
    ///
    /// A prompt that is not `[context]` long or has ids outside the vocabulary; a failing device.
    pub async fn text(&self, prompts: &[&Tokens]) -> Result<Vec<Embedding>, TowerError> {
        match &self.pair {
            AnyPair::Cpu(pair) => pair.embed_texts(prompts).await,
            #[cfg(feature = "gpu")]
            AnyPair::Wgsl(pair) => pair.embed_texts(prompts).await,
            AnyPair::Burn(pair) => pair.embed_texts(prompts).await,
        }
    }

    /// Images → embeddings, in the order given, all in one batch.
    ///
    /// # Errors
    ///
    /// An image that is not `[3, size, size]`; a failing device.
    pub async fn vision(&self, images: &[&Pixels]) -> Result<Vec<Embedding>, TowerError> {
        match &self.pair {
            AnyPair::Cpu(pair) => pair.embed_images(images).await,
            #[cfg(feature = "gpu")]
            AnyPair::Wgsl(pair) => pair.embed_images(images).await,
            AnyPair::Burn(pair) => pair.embed_images(images).await,
        }
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

/// `[batch, projection]`, batch at least 1 → embeddings of unit length.
fn embeddings(values: Vec<f32>, batch: usize) -> Result<Vec<Embedding>, TowerError> {
    if values.iter().any(|x| !x.is_finite()) {
        return Err(TowerError::NotFinite);
    }
    let rows = values.chunks_exact((values.len() / batch).max(1));
    Ok(rows.map(|row| Embedding::normalised(row.to_vec())).collect())
}
