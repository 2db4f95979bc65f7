//! The threads that compute.

use std::{
    process,
    sync::{Mutex, PoisonError},
};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::fault::Fault;

/// The pool of this process: one thread per core, or `RAYON_NUM_THREADS`.
///
/// A process that was forked has none of its parent's threads and would wait for them forever, so
/// it gets a pool of its own.
pub(crate) fn pool() -> Result<&'static ThreadPool, Fault> {
    static POOL: Mutex<Option<(u32, &'static ThreadPool)>> = Mutex::new(None);
    let mut known = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let process = process::id();
    if let Some((owner, pool)) = *known
        && owner == process
    {
        return Ok(pool);
    }
    let pool = ThreadPoolBuilder::new().thread_name(|index| format!("pickscore-{index}")).build();
    let pool = pool.map_err(|error| Fault::internal(format!("no threads can be started: {error}")))?;
    // Never dropped: in a forked process that would wait for the parent's threads.
    let pool: &'static ThreadPool = Box::leak(Box::new(pool));
    *known = Some((process, pool));
    Ok(pool)
}
