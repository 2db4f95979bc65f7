//! Waiting for another thread, with Python's interpreter free and Ctrl-C obeyed.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use pyo3::prelude::*;

use crate::fault::Fault;

/// Time between two checks for Ctrl-C.
const TICK: Duration = Duration::from_millis(50);

/// The next message of another thread.
///
/// # Errors
///
/// If the thread panicked, or Python's signal handlers raise an exception.
pub(crate) fn next<T: Send>(py: Python<'_>, receiver: &mut Receiver<T>) -> PyResult<T> {
    loop {
        let receiver = &mut *receiver;
        let message = py.detach(move || receiver.recv_timeout(TICK));
        // After each message too: where they follow each other quickly there is no timeout.
        py.check_signals()?;
        match message {
            Ok(message) => return Ok(message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Fault::new("crashed", "the engine stopped because of a bug").into());
            }
        }
    }
}

/// Starts a thread.
pub(crate) fn start(work: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let started = thread::Builder::new().name("pickscore".into()).spawn(work);
    started.map(drop).map_err(|error| Fault::internal(format!("no thread can be started: {error}")))
}
