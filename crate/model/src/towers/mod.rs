//! [`Tokens`] and [`Pixels`] → [`Embedding`]
//!
//! ```text
//! Tokens  ids [context] ─► token + position ─► blocks (causal) ─► state at the end token ─► final_norm ─► projection ─┐
//!                                                                                                                   unit length
//! Pixels  [3, S, S] ─► patches, class, position ─► pre_norm ─► blocks ─► state of the class token ─► post_norm ─► projection ─┘
//! ```
//!
//! The residual stream, norms and softmax are f32; so are products on the CPU and on WebGPU, elsewhere they are in the precision the model was built for. On the CPU the functions of
//! `cpu` take over, on WebGPU those of `gpu`; everywhere else, and in training, these are burn's operations.

mod block;
mod builder;
mod cpu;
#[cfg(test)]
mod definitions;
// Fusion, which `gpu` brings, has tensors of its own kind, and Vulkan's kernels are not WGSL.
#[cfg(all(feature = "wgpu", not(feature = "gpu")))]
mod gpu;
#[cfg(not(all(feature = "wgpu", not(feature = "gpu"))))]
#[path = "no_gpu.rs"]
mod gpu;
mod linear;
mod packed_half;
mod table;
mod text;
mod vision;

use burn::tensor::{Device, FloatDType, Tensor};

pub use block::{Attention, Block, LayerNorm, Mlp};
pub use builder::{ClipBuilder, Towers};
pub use linear::{Linear, Matrix};
pub use pickscore_score::Embedding;
pub use table::TokenTable;
pub use text::TextTower;
pub use vision::VisionTower;

use pickscore_checkpoint::config::ClipConfig;
use pickscore_pixels::Pixels;
use pickscore_tokens::Tokens;

/// A CLIP model: two towers on one device.
#[derive(Debug)]
pub struct Clip {
    config: ClipConfig,
    vision: Option<VisionTower>,
    text: Option<TextTower>,
    logit_scale: f32,
    device: Device,
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

/// Chooses how a GPU multiplies matrices from now on: as `name` says, where it is the answer of an earlier call; otherwise each way is tried on a small matrix,
/// and the fastest taken. The answer is worth remembering for the adapter. `None` where there is nothing to choose.
///
/// `subgroup` is the size of the smallest subgroup whose operations the device was asked for, 0 where it was not; `now` a clock, in milliseconds.
pub async fn tune(
    device: &Device,
    name: Option<&str>,
    subgroup: usize,
    now: &dyn Fn() -> f64,
) -> Option<&'static str> {
    if gpu::runs_on(device) { gpu::tune(device, name, subgroup, now).await } else { None }
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

    /// Prompts → embeddings `[batch, projection]` before they have unit length, with their gradients.
    #[cfg(feature = "train")]
    pub fn text_features(&self, prompts: &[&Tokens]) -> Result<Tensor<2>, TowerError> {
        let tower = self.text.as_ref().ok_or(TowerError::NotBuilt { tower: "text" })?;
        Ok(tower.forward(prompts, &self.device))
    }

    /// Images → embeddings `[batch, projection]` before they have unit length, with their gradients.
    #[cfg(feature = "train")]
    pub fn vision_features(&self, images: &[&Pixels]) -> Result<Tensor<2>, TowerError> {
        let tower = self.vision.as_ref().ok_or(TowerError::NotBuilt { tower: "vision" })?;
        Ok(tower.forward(images, &self.device))
    }

    /// The same of some patches of each image: `seen[image]` are their places, equally many of each.
    #[cfg(feature = "train")]
    pub fn vision_features_of(
        &self,
        images: &[&Pixels],
        seen: &[Vec<usize>],
    ) -> Result<Tensor<2>, TowerError> {
        let tower = self.vision.as_ref().ok_or(TowerError::NotBuilt { tower: "vision" })?;
        Ok(tower.forward_seen(images, seen, &self.device))
    }

    /// Prompts → embeddings, in the order given, all in one batch.
    ///
    /// # Errors
    ///
    /// A prompt that is not `[context]` long or has ids outside the vocabulary; a failing device.
    pub async fn text(&self, prompts: &[&Tokens]) -> Result<Vec<Embedding>, TowerError> {
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
        let projected = cpu::inside(&self.device, || tower.forward(prompts, &self.device));
        embeddings(projected).await
    }

    /// Images → embeddings, in the order given, all in one batch.
    ///
    /// # Errors
    ///
    /// An image that is not `[3, size, size]`; a failing device.
    pub async fn vision(&self, images: &[&Pixels]) -> Result<Vec<Embedding>, TowerError> {
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
        let projected = cpu::inside(&self.device, || tower.forward(images, &self.device));
        embeddings(projected).await
    }
}

/// `[batch, projection]` → embeddings of unit length.
async fn embeddings(projected: Tensor<2>) -> Result<Vec<Embedding>, TowerError> {
    let [_, projection] = projected.dims();
    let data = projected.cast(FloatDType::F32).into_data_async().await;
    let values = data
        .map_err(|error| TowerError::Device { reason: error.to_string() })?
        .try_into_vec::<f32>()
        .map_err(|error| TowerError::Device { reason: format!("{error:?}") })?;
    if values.iter().any(|x| !x.is_finite()) {
        return Err(TowerError::NotFinite);
    }
    Ok(values.chunks_exact(projection).map(|row| Embedding::normalised(row.to_vec())).collect())
}
