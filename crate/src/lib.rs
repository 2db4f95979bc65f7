//! PickScore: how well an image fits a prompt, as people would judge it.
//!
//! ```text
//! prompt ─► Tokens [77] ──────────► text tower ───► Embedding [1024] ─┐
//!                                                                      ├─► Score ─► probability, verdict
//! image ──► Pixels [3, 224, 224] ─► vision tower ─► Embedding [1024] ─┘
//! ```
//!
//! The model is CLIP (ViT-H/14 for PickScore v1, arXiv 2305.01569); the towers run on
//! [burn](https://burn.dev) and name no backend.
//!
//! ```no_run
//! use pickscore::{PickScore, scorer::OpenOptions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let scorer = PickScore::open("PickScore_v1".as_ref(), &OpenOptions::default())?;
//! let image = std::fs::read("fox.png")?;
//! let scores = scorer.score("a fox in the snow", &[&image]).await?;
//! # Ok(())
//! # }
//! ```

/// The code in the README compiles.
#[cfg(all(doctest, feature = "model"))]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(feature = "cli")]
pub use pickscore_bulk as bulk;
#[cfg(feature = "model")]
pub use pickscore_checkpoint::{config, weights};
pub use pickscore_common::{progress, seeded};
pub use pickscore_dataset as dataset;
pub use pickscore_metadata as metadata;
#[cfg(feature = "model")]
pub use pickscore_model::{PickScore, scorer, self_test, towers};
#[cfg(all(feature = "model", not(target_family = "wasm")))]
pub use pickscore_model::{files, inception};
#[cfg(feature = "model")]
pub use pickscore_pixels as pixels;
pub use pickscore_preferences as preference;
pub use pickscore_preferences::evaluate;
pub use pickscore_score as score;
#[cfg(feature = "cli")]
pub use pickscore_taste as taste;
#[cfg(feature = "model")]
pub use pickscore_tokens as tokens;
#[cfg(feature = "train")]
pub use pickscore_training as train;

#[cfg(feature = "cli")]
pub mod cli;
