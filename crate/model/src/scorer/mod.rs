//! PickScore: scores encoded images for prompts.

#[cfg(all(feature = "gpu", not(target_family = "wasm")))]
mod assigned;
mod batch;
mod cached;
mod distinct;
mod error;
mod features;
mod identity;
mod inputs;
mod notices;
#[cfg(not(target_family = "wasm"))]
mod open;
mod pick_score;
mod prompt_tokenizer;
mod recognise;

pub use cached::ScoreCache;
pub use error::{OptionNames, ScoreError};
pub use features::{ImageCache, ImageFeatures, PromptFeatures};
pub use identity::identity;
pub use inputs::{processor, prompt_tokenizer};
pub use notices::{LISTED_PROMPTS, cut_off};
#[cfg(not(target_family = "wasm"))]
pub use open::{CheckedModel, DeviceChoice, GpuKernels, OpenOptions, PrecisionChoice, device, reading};
pub use pick_score::{Info, PerImage, PickScore, Scoring};
pub use prompt_tokenizer::PromptTokenizer;
pub use recognise::{Clues, Recognised, chosen_head, recognise};
