//! CLIP on [burn](https://burn.dev): embeds prompts and images and scores them.
//!
//! ```text
//! prompt ─► Tokens [77] ──────────► text tower ───► Embedding [1024] ─┐
//!                                                                      ├─► score
//! image ──► Pixels [3, 224, 224] ─► vision tower ─► Embedding [1024] ─┘
//! ```

mod codes;
#[cfg(not(target_family = "wasm"))]
pub mod files;
#[cfg(not(target_family = "wasm"))]
pub mod inception;
pub mod scorer;
pub mod self_test;
pub mod towers;

pub use codes::Coded;
pub use scorer::PickScore;
