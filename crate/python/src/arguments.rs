//! Arguments that several methods share.

use std::sync::Arc;

use pyo3::{prelude::*, types::PyString};

use crate::{fault::Fault, pipeline::Outcome};

/// A prompt.
pub(crate) type Text = Arc<str>;

/// What becomes of inputs that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    Raise,
    Nan,
}

impl Errors {
    pub(crate) fn named(name: &str) -> Result<Self, Fault> {
        match name {
            "raise" => Ok(Self::Raise),
            "nan" => Ok(Self::Nan),
            _ => Err(Fault::argument(format!("errors is {name:?}; expected \"raise\" or \"nan\""))),
        }
    }

    /// The result of the input at this place, or what stands for it.
    pub(crate) fn take<T>(
        self,
        outcome: Outcome<T>,
        index: usize,
        nan: impl FnOnce() -> T,
    ) -> Result<T, Fault> {
        match (outcome, self) {
            (Ok(value), _) => Ok(value),
            (Err(_), Self::Nan) => Ok(nan()),
            (Err(fault), Self::Raise) => Err(fault.at(index)),
        }
    }
}

/// Tells the caller of progress, if wanted.
pub(crate) struct Report<'a, 'py>(Option<&'a Bound<'py, PyAny>>);

impl<'a, 'py> Report<'a, 'py> {
    pub(crate) fn new(callback: Option<&'a Bound<'py, PyAny>>) -> Self {
        Self(callback)
    }

    /// # Errors
    ///
    /// If the callback raises an exception.
    pub(crate) fn call(&self, done: u64, total: Option<u64>) -> PyResult<()> {
        self.0.map_or(Ok(()), |callback| callback.call1((done, total)).map(drop))
    }
}

/// The prompts of an iterable object.
pub(crate) fn texts<'py>(
    prompts: &Bound<'py, PyAny>,
) -> PyResult<impl Iterator<Item = PyResult<Outcome<Text>>> + use<'py>> {
    if prompts.is_instance_of::<PyString>() {
        return Err(Fault::argument("prompts is one string; expected a list of strings").into());
    }
    Ok(prompts.try_iter()?.map(|prompt| {
        let prompt = prompt?;
        let Ok(text) = prompt.cast::<PyString>() else {
            let kind = prompt.get_type().name()?;
            return Ok(Err(Fault::argument(format!("a prompt is of type {kind}; expected a string"))));
        };
        // A string may have surrogates, which no text has.
        let text = text.to_str().map_err(|_| Fault::argument("a prompt is not valid Unicode"));
        Ok(text.map(Arc::from))
    }))
}
