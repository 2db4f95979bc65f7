//! Conversions of library errors to `PickScoreError`. The codes are those of the JavaScript library
//! (`web/engine/js/error.ts`), where it has the error too.

use pickscore_bulk::BulkError;
use pickscore_model::{
    Coded,
    scorer::{OptionNames, ScoreError},
    towers::TowerError,
};
use pickscore_pixels::PixelError;
use pyo3::{prelude::*, sync::PyOnceLock, types::PyType};

const OPTIONS: OptionNames =
    OptionNames { scorer: Some("scorer=…"), head: Some("head=…"), cpu: "device=\"cpu\"" };

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

impl From<BulkError> for Fault {
    fn from(error: BulkError) -> Self {
        let code = match error {
            BulkError::Score(error) => return error.into(),
            BulkError::Write { .. }
            | BulkError::Encode(_)
            | BulkError::OtherModels { .. }
            | BulkError::OtherColumns { .. }
            | BulkError::OtherImages { .. } => "output",
            _ => "table-unreadable",
        };
        Self::new(code, error)
    }
}

impl From<ScoreError> for Fault {
    fn from(error: ScoreError) -> Self {
        Self::new(error.code(), error.message(&OPTIONS))
    }
}

impl From<PixelError> for Fault {
    fn from(error: PixelError) -> Self {
        Self::new(error.code(), error)
    }
}

impl From<TowerError> for Fault {
    fn from(error: TowerError) -> Self {
        Self::new(error.code(), error)
    }
}
