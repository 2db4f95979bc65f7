//! Batches of inputs, computed on another thread.

use std::sync::mpsc::{channel, sync_channel};

use pyo3::prelude::*;

use crate::{fault::Fault, pool::pool, wait};

/// Batches that are taken before they are needed: one is computed, one waits.
const AHEAD: usize = 2;

/// The result of one input.
pub(crate) type Outcome<T> = Result<T, Fault>;

/// Computes batches of inputs, in order. While one is computed, the next is taken from Python.
///
/// `next` gives the batches, until there are no more. `work` computes one, on the threads of the
/// pool. `take` is given the results.
///
/// # Errors
///
/// The first error of `next`, `work` or `take`, or an interruption. Work that has begun then ends
/// without effect.
pub(crate) fn run<I: Send + 'static, T: Send + 'static>(
    py: Python<'_>,
    next: &mut dyn FnMut() -> PyResult<Option<Vec<I>>>,
    mut work: impl FnMut(Vec<I>) -> Result<Vec<Outcome<T>>, Fault> + Send + 'static,
    take: &mut dyn FnMut(Vec<Outcome<T>>) -> PyResult<()>,
) -> PyResult<()> {
    let pool = pool()?;
    let (batches, waiting) = sync_channel::<Vec<I>>(AHEAD);
    let (finished, mut results) = channel();
    wait::start(move || {
        for batch in waiting {
            let results = pool.install(|| work(batch));
            if results.is_err() | finished.send(results).is_err() {
                return;
            }
        }
    })?;
    let (mut pending, mut ended) = (0, false);
    loop {
        while pending < AHEAD && !ended {
            match next()? {
                // It cannot block. It fails if the thread has ended, and then so does the wait.
                Some(batch) => {
                    let _ = batches.send(batch);
                    pending += 1;
                }
                None => ended = true,
            }
        }
        if pending == 0 {
            return Ok(());
        }
        let results = wait::next(py, &mut results)?;
        pending -= 1;
        take(results?)?;
    }
}
