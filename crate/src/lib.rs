//! PickScore: how well an image fits a prompt, as people would judge it.
//!
//! ```text
//! prompt ─► Tokens [77] ──────────► text tower ───► Embedding [1024] ─┐
//!                                                                      ├─► Score ─► probability, verdict
//! image ──► Pixels [3, 224, 224] ─► vision tower ─► Embedding [1024] ─┘
//! ```

pub mod config;
pub mod pixels;
pub mod progress;
pub mod tokens;
pub mod towers;
pub mod weights;

#[cfg(feature = "cli")]
pub mod cli;
