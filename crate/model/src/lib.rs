//! CLIP on [burn](https://burn.dev): prompts and images to embeddings and scores.
//!
//! ```text
//! prompt ─► Tokens [77] ──────────► text tower ───► Embedding [1024] ─┐
//!                                                                      ├─► score
//! image ──► Pixels [3, 224, 224] ─► vision tower ─► Embedding [1024] ─┘
//! ```

pub mod scorer;
pub mod self_test;
pub mod towers;

pub use scorer::PickScore;
