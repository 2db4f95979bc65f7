//! Errors of the crates below, with the codes that `../js/error.ts` documents.

use pickscore_checkpoint::config::ConfigError;
use pickscore_checkpoint::weights::WeightError;
use pickscore_model::scorer::ScoreError;
use pickscore_model::towers::TowerError;
use pickscore_pixels::{PixelError, ProcessorError};
use pickscore_tokens::TokenizerError;
use wasm_bindgen::prelude::*;

/// An error of this package on its way to JavaScript. A type of its own, so that errors of other crates
/// can be converted to it.
pub(crate) struct Fault(pickscore_glue::Fault);

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl ToString) -> Self {
        Self(pickscore_glue::Fault::new(code, message))
    }
}

impl From<Fault> for JsValue {
    fn from(Fault(fault): Fault) -> Self {
        fault.into()
    }
}

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        let code = if error == ConfigError::NotClip { "not-clip" } else { "model-config" };
        Self::new(code, error)
    }
}

impl From<WeightError> for Fault {
    fn from(error: WeightError) -> Self {
        let code = match &error {
            WeightError::Memory { .. } => "out-of-memory",
            WeightError::TooLarge { .. } => "precision",
            _ => "model-weights",
        };
        Self::new(code, error)
    }
}

impl From<TokenizerError> for Fault {
    fn from(error: TokenizerError) -> Self {
        Self::new("model-config", format!("tokenizer.json: {error}"))
    }
}

impl From<ProcessorError> for Fault {
    fn from(error: ProcessorError) -> Self {
        Self::new("model-config", error)
    }
}

impl From<PixelError> for Fault {
    fn from(error: PixelError) -> Self {
        // The worker tries the browser's decoder on the first of these.
        let code = match &error {
            PixelError::OtherFormat { .. } | PixelError::NoImage => "image-format",
            PixelError::TooLarge { .. } => "image-too-large",
            _ => "image-damaged",
        };
        Self::new(code, error)
    }
}

impl From<TowerError> for Fault {
    fn from(error: TowerError) -> Self {
        let code = match &error {
            TowerError::Device { .. } | TowerError::NotFinite => "device-failed",
            TowerError::Token { .. } => "model-config",
            _ => "internal",
        };
        Self::new(code, error)
    }
}

impl From<ScoreError> for Fault {
    fn from(error: ScoreError) -> Self {
        match error {
            ScoreError::EmptyPrompt => Self::new("empty-prompt", error),
            ScoreError::Weights(error) => error.into(),
            ScoreError::Tokenizer(error) => error.into(),
            ScoreError::Processor(error) => error.into(),
            ScoreError::Tower(error) => error.into(),
            ScoreError::NoGpu { .. } => Self::new("no-webgpu", error),
        }
    }
}
