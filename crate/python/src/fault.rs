//! Conversions of library errors to `PickScoreError`. The codes are those of the JavaScript library
//! (`web/engine/js/error.ts`), where it has the error too.

use pickscore_checkpoint::{config::ConfigError, weights::WeightError};
use pickscore_model::{scorer::ScoreError, towers::TowerError};
use pickscore_pixels::PixelError;
use pyo3::{prelude::*, sync::PyOnceLock, types::PyType};

/// An error that is raised in Python.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    code: &'static str,
    pub(crate) message: String,
    /// The place of the image or prompt that caused the error.
    index: Option<usize>,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl ToString) -> Self {
        Self { code, message: message.to_string(), index: None }
    }

    /// An argument has the wrong type or value.
    pub(crate) fn argument(message: impl ToString) -> Self {
        Self::new("bad-argument", message)
    }

    /// A bug.
    pub(crate) fn internal(message: impl ToString) -> Self {
        Self::new("internal", message)
    }

    /// The fault, caused by the image or prompt at this place.
    pub(crate) fn at(self, index: usize) -> Self {
        Self { index: Some(index), ..self }
    }
}

impl From<Fault> for PyErr {
    fn from(Fault { code, message, index }: Fault) -> Self {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        Python::attach(|py| {
            let raised = CLASS
                .import(py, "pickscore._error", "PickScoreError")
                .and_then(|class| class.call1((code, message, index)));
            raised.map_or_else(|error| error, Self::from_value)
        })
    }
}

impl From<WeightError> for Fault {
    fn from(error: WeightError) -> Self {
        let code = match &error {
            WeightError::Memory { .. } => "out-of-memory",
            WeightError::TooLarge { .. } => "precision",
            WeightError::NotHere { .. } | WeightError::NoModel { .. } => "not-found",
            WeightError::NotClip { .. } => "not-clip",
            WeightError::Manifest { .. } | WeightError::DamagedPart { .. } => "model-manifest",
            WeightError::Config { error, .. } if **error == ConfigError::NotClip => "not-clip",
            WeightError::Config { .. } => "model-config",
            _ => "model-weights",
        };
        Self::new(code, error)
    }
}

impl From<PixelError> for Fault {
    fn from(error: PixelError) -> Self {
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
        let code = match error {
            ScoreError::Weights(error) => return error.into(),
            ScoreError::Tower(error) => return error.into(),
            ScoreError::NoGpu { reason } => {
                let message = format!("no GPU is available: {reason}; use the CPU with device=\"cpu\"");
                return Self::new("no-webgpu", message);
            }
            ScoreError::NoHead { scorer } => {
                let message = format!("{scorer} needs a head next to the model, or a file given as head=…");
                return Self::new("no-head", message);
            }
            ScoreError::EmptyPrompt => "empty-prompt",
            ScoreError::NoEmbedding { .. } => "no-embedding",
            ScoreError::HeadFile { .. }
            | ScoreError::HeadNotRead { .. }
            | ScoreError::SeveralHeads { .. } => "bad-head",
            ScoreError::NotFinite => "model-weights",
            ScoreError::OtherModel { .. } | ScoreError::Contradiction { .. } => "other-scorer",
            ScoreError::Tokenizer(_)
            | ScoreError::WordPiece(_)
            | ScoreError::Processor(_)
            | ScoreError::NoVocabulary { .. }
            | ScoreError::UnknownScorer { .. } => "model-config",
        };
        Self::new(code, error)
    }
}
