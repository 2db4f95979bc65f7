//! Runs steps two at a time.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::Result;

/// A step that fails with its name.
pub(crate) type Step<'a> = Box<dyn Fn() -> Result<()> + Sync + 'a>;

/// Runs steps, two at a time and in their order, for steps that leave a core idle. After a failure
/// no other step is started.
pub(crate) fn run(steps: &[Step<'_>]) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some(step) = steps.get(next.fetch_add(1, Ordering::Relaxed)) {
            step().inspect_err(|_| next.store(steps.len(), Ordering::Relaxed))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let other = scope.spawn(work);
        let one = work();
        other.join().unwrap_or_else(|panic| resume_unwind(panic)).and(one)
    })
}
