//! Stable codes of errors, the same in JavaScript and Python. `web/engine/js/error.ts` documents
//! them.

use std::fmt::Display;

use pickscore_checkpoint::config::ConfigError;
use pickscore_checkpoint::weights::WeightError;
use pickscore_pixels::{PixelError, ProcessorError};
use pickscore_tokens::TokenizerError;

use crate::{scorer::ScoreError, towers::TowerError};

/// An error with a code that is stable between versions.
pub trait Coded: Display {
    /// The code, such as `"not-found"`.
    fn code(&self) -> &'static str;
}

impl Coded for ConfigError {
    fn code(&self) -> &'static str {
        if *self == Self::NotClip { "not-clip" } else { "model-config" }
    }
}

impl Coded for WeightError {
    fn code(&self) -> &'static str {
        match self {
            Self::Memory { .. } => "out-of-memory",
            Self::TooLarge { .. } => "precision",
            Self::NotHere { .. } | Self::NoModel { .. } => "not-found",
            Self::NotClip { .. } | Self::NotWhole { .. } => "not-clip",
            Self::Manifest { .. } | Self::DamagedPart { .. } => "model-manifest",
            Self::TwoModels { .. } => "model-config",
            Self::Config { error, .. } => error.code(),
            _ => "model-weights",
        }
    }
}

impl Coded for TokenizerError {
    fn code(&self) -> &'static str {
        "model-config"
    }
}

impl Coded for ProcessorError {
    fn code(&self) -> &'static str {
        "model-config"
    }
}

impl Coded for PixelError {
    fn code(&self) -> &'static str {
        // The inherent function, which the decoder's wasm package uses without this crate.
        self.code()
    }
}

impl Coded for TowerError {
    fn code(&self) -> &'static str {
        match self {
            Self::Device { .. } | Self::NotFinite => "device-failed",
            Self::Token { .. } => "model-config",
            _ => "internal",
        }
    }
}

impl Coded for ScoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Weights(error) => error.code(),
            Self::Tokenizer(error) => error.code(),
            Self::Processor(error) => error.code(),
            Self::Tower(error) => error.code(),
            Self::EmptyPrompt => "empty-prompt",
            Self::NoEmbedding { .. } => "no-embedding",
            Self::NoHead { .. } => "no-head",
            Self::HeadFile { .. } | Self::HeadNotRead { .. } | Self::SeveralHeads { .. } => "bad-head",
            Self::OtherModel { .. } | Self::Contradiction { .. } => "other-scorer",
            Self::WordPiece { .. } | Self::NoVocabulary { .. } | Self::UnknownScorer { .. } => "model-config",
            Self::NotFinite => "model-weights",
            Self::NoGpu { .. } => "no-webgpu",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_code_of_its_cause() {
        let config = || Box::new(ConfigError::NotClip);
        let weights = WeightError::Config { file: "config.json".into(), error: config() };
        assert_eq!((config().code(), weights.code()), ("not-clip", "not-clip"));
        assert_eq!(ScoreError::from(weights).code(), "not-clip");
        assert_eq!(ScoreError::from(TowerError::NotFinite).code(), "device-failed");
        assert_eq!(ScoreError::NoHead { scorer: "hp" }.code(), "no-head");
    }

    /// The list of the JavaScript library has every code.
    #[test]
    fn every_code_is_documented() {
        let documented = include_str!("../../../web/engine/js/error.ts");
        let table = include_str!("codes.rs");
        let table = &table[..table.find("#[cfg(test)]").unwrap_or_default()];
        let tables = [table, include_str!("../../pixels/src/code.rs")];
        let quoted = tables.iter().flat_map(|table| table.split('"').skip(1).step_by(2));
        let codes: Vec<&str> = quoted.filter(|text| !text.contains(['`', ' '])).collect();
        assert!(codes.len() > 15);
        for code in codes {
            assert!(documented.contains(&format!("| `{code}` |")), "{code}");
        }
    }
}
