//! The text and vision towers of CLIP: [`Tokens`](pickscore_tokens::Tokens) and
//! [`Pixels`](pickscore_pixels::Pixels) → [`Embedding`]; and ImageReward's encoders, see [`Blip`].
//!
//! ```text
//! Tokens [context]   ─► token + position ─► blocks (causal) ─► state at the end token
//!     ─► final_norm ─► projection ─► unit length
//! Pixels [3, S, S]   ─► patches, class, position ─► pre_norm ─► blocks ─► state of the class token
//!     ─► post_norm ─► projection ─► unit length
//! ```
//!
//! The towers are written once, as a sequence of steps (`steps.rs`). The steps have four
//! implementations: `cpu` (fused, for scoring), `cpu/gradient` (fused, with gradients), `gpu`
//! (WGSL) and `operations` (burn's operations, on any device). [`Kernels`] selects one of them.
//!
//! The residual stream, layer norms and softmax are f32. Matrix products are f32 too, except with
//! burn's operations, where the caller chooses the precision.

mod blip;
mod block;
mod builder;
mod clip;
mod cpu;
mod cross_block;
#[cfg(test)]
mod definitions;
mod error;
#[cfg(feature = "gpu")]
mod gpu;
mod kernels;
mod linear;
mod model;
#[cfg(any(feature = "gpu", not(target_family = "wasm")))]
mod operations;
mod parts;
mod steps;
mod table;
mod text;
#[cfg(feature = "train")]
mod trainable;
mod vision;

pub use pickscore_score::Embedding;

pub use blip::{Blip, ImageTokens};
pub use builder::{ModelBuilder, Towers};
pub use clip::Clip;
#[cfg(not(target_family = "wasm"))]
pub(crate) use cpu::Dense;
pub use error::TowerError;
#[cfg(feature = "gpu")]
#[cfg(all(feature = "gpu", not(target_family = "wasm")))]
pub use gpu::{Arithmetic, Bounds, StepBound};
#[cfg(feature = "gpu")]
pub use gpu::{Capabilities, Tuning, Wgsl, tune};
pub use kernels::{Kernels, Q8Inputs};
pub use model::Model;
#[cfg(feature = "train")]
pub use trainable::TrainableClip;
