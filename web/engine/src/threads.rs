//! Threads for the CPU: Web Workers that share this memory and run rayon's thread pool.
//!
//! First call [`prepare_threads`], then start the workers, each of which calls [`run_thread`], and
//! finally call [`plan_threads`], which waits until every thread runs.

#![allow(unreachable_pub, reason = "wasm-bindgen exports public items")]

use std::sync::{
    Mutex,
    mpsc::{Receiver, Sender, channel},
};

use rayon::{ThreadBuilder, ThreadPoolBuilder};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

/// Passes threads from [`plan_threads`] to [`run_thread`].
static PLANNED: Mutex<Option<Receiver<ThreadBuilder>>> = Mutex::new(None);
static PLANNER: Mutex<Option<Sender<ThreadBuilder>>> = Mutex::new(None);

/// Creates the channel on which workers wait.
#[wasm_bindgen]
pub fn prepare_threads() {
    let (sender, receiver) = channel();
    if let (Ok(mut planned), Ok(mut planner)) = (PLANNED.lock(), PLANNER.lock()) {
        *planned = Some(receiver);
        *planner = Some(sender);
    }
}

/// Creates the thread pool and waits until all its threads run.
#[wasm_bindgen]
pub fn plan_threads(count: usize) -> Result<(), JsValue> {
    let planner = PLANNER.lock().ok().and_then(|mut planner| planner.take());
    let planner = planner.ok_or_else(|| Fault::new("internal", "no threads were prepared"))?;
    let pool = ThreadPoolBuilder::new().num_threads(count).spawn_handler(move |thread| {
        planner.send(thread).map_err(|_| std::io::Error::other("no worker is waiting"))
    });
    Ok(pool.build_global().map_err(|error| Fault::new("internal", error))?)
}

/// Turns this worker into a thread of the pool. Blocks for as long as the pool exists.
#[wasm_bindgen]
pub fn run_thread() {
    let next = PLANNED.lock().ok().and_then(|planned| planned.as_ref()?.recv().ok());
    if let Some(thread) = next {
        thread.run();
    }
}
