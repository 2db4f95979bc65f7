//! Warnings, as `PickScoreWarning`.

use std::{
    collections::HashSet,
    ffi::CString,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Mutex, PoisonError},
};

use pickscore_model::scorer::{LISTED_PROMPTS, cut_off};
use pyo3::{prelude::*, sync::PyOnceLock, types::PyType};

use crate::{arguments::Text, fault::Fault};

/// Warns the caller.
///
/// # Errors
///
/// If the caller's filters make the warning an exception.
pub(crate) fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, "pickscore._error", "PickScoreWarning")?;
    let message = CString::new(message.replace('\0', " ")).map_err(Fault::internal)?;
    PyErr::warn(py, class, &message, 1)
}

/// The prompts of a call that were cut off. Another thread adds them; the caller's warns of them.
#[derive(Clone, Default)]
pub(crate) struct CutOff(Arc<Mutex<Found>>);

#[derive(Default)]
struct Found {
    first: Vec<Text>,
    /// Hashes of all of them, because a table may have millions.
    all: HashSet<u64>,
}

impl CutOff {
    pub(crate) fn add(&self, prompt: &Text) {
        let mut hasher = DefaultHasher::new();
        prompt.hash(&mut hasher);
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.all.insert(hasher.finish()) && found.first.len() < LISTED_PROMPTS {
            found.first.push(Arc::clone(prompt));
        }
    }

    /// # Errors
    ///
    /// As [`warn`].
    pub(crate) fn warn(&self, py: Python<'_>) -> PyResult<()> {
        let notices = {
            let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cut_off(found.first.iter().map(|prompt| &**prompt), found.all.len() - found.first.len())
        };
        notices.iter().try_for_each(|notice| warn(py, notice))
    }
}
