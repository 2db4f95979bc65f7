//! Conversions of library errors to JavaScript errors with the codes in `../js/error.ts`.

use pickscore_checkpoint::config::ConfigError;
use pickscore_checkpoint::weights::WeightError;
use pickscore_model::scorer::ScoreError;
use pickscore_model::towers::TowerError;
use pickscore_pixels::{PixelError, ProcessorError};
use pickscore_score::Scorer;
use pickscore_tokens::TokenizerError;
use wasm_bindgen::prelude::*;

/// An error that is thrown in JavaScript. A separate type, because `From` can only be implemented
/// for a type of this crate.
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
            WeightError::NoModel { .. } => "not-found",
            WeightError::Manifest { .. } | WeightError::DamagedPart { .. } => "model-manifest",
            WeightError::Config { error, .. } if **error == ConfigError::NotClip => "not-clip",
            WeightError::Config { .. } => "model-config",
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
        // On `image-format` the worker tries the browser's decoder.
        let code = match &error {
            PixelError::OtherFormat { .. } | PixelError::Convertible { .. } | PixelError::NoImage => {
                "image-format"
            }
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
            ScoreError::UnknownScorer { .. } => Self::new("model-config", error),
            ScoreError::Contradiction { .. } | ScoreError::OtherModel { .. } => {
                Self::new("other-scorer", error)
            }
            ScoreError::NoEmbedding { .. } => Self::new("no-embedding", error),
            ScoreError::WordPiece(_) | ScoreError::NoVocabulary { .. } => Self::new("model-config", error),
            ScoreError::NoHead { scorer } => {
                let place = Scorer::named(scorer).and_then(|scorer| scorer.published.head);
                let place = place.map_or(String::new(), |place| format!(", such as {place}"));
                let reason = format!(
                    "{scorer} needs a head, and there is none next to the model; specify it as `head`{place}"
                );
                Self::new("no-head", reason)
            }
            ScoreError::HeadFile { .. }
            | ScoreError::HeadNotRead { .. }
            | ScoreError::SeveralHeads { .. } => Self::new("bad-head", error),
            ScoreError::NotFinite => Self::new("model-weights", error),
            ScoreError::NoGpu { .. } => Self::new("no-webgpu", error),
        }
    }
}
