//! Threads for the CPU path: workers that run on the same memory, and rayon on them.
//!
//! In this order, since whoever plans waits until every thread runs: [`prepare_threads`]; as many
//! workers as threads, each calling [`run_thread`]; [`plan_threads`].

#![allow(unreachable_pub, reason = "wasm-bindgen exports what is public")]

use std::sync::{
    Mutex,
    mpsc::{Receiver, Sender, channel},
};

use rayon::{ThreadBuilder, ThreadPoolBuilder};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

/// Where threads that are planned wait for the workers that become them.
static PLANNED: Mutex<Option<Receiver<ThreadBuilder>>> = Mutex::new(None);
static PLANNER: Mutex<Option<Sender<ThreadBuilder>>> = Mutex::new(None);

/// Makes the place that workers wait at.
#[wasm_bindgen]
pub fn prepare_threads() {
    let (sender, receiver) = channel();
    if let (Ok(mut planned), Ok(mut planner)) = (PLANNED.lock(), PLANNER.lock()) {
        *planned = Some(receiver);
        *planner = Some(sender);
    }
}

/// Has this many threads, which workers become; waits until they have.
#[wasm_bindgen]
pub fn plan_threads(count: usize) -> Result<(), JsValue> {
    let planner = PLANNER.lock().ok().and_then(|mut planner| planner.take());
    let planner = planner.ok_or_else(|| Fault::new("internal", "no threads were prepared"))?;
    let pool = ThreadPoolBuilder::new().num_threads(count).spawn_handler(move |thread| {
        planner.send(thread).map_err(|_| std::io::Error::other("no worker waits"))
    });
    Ok(pool.build_global().map_err(|error| Fault::new("internal", error))?)
}

/// Becomes a thread once one is planned. Never returns.
#[wasm_bindgen]
pub fn run_thread() {
    let next = PLANNED.lock().ok().and_then(|planned| planned.as_ref()?.recv().ok());
    if let Some(thread) = next {
        thread.run();
    }
}
