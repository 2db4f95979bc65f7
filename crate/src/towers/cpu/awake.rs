//! Keeps the threads that share a pass awake until it ends.
//!
//! Between a pass's parts a thread has nothing to do for some microseconds. One that goes to sleep there takes longer to come back than the next part lasts,
//! finds nothing left and goes to sleep again: now and then, where waking is slow, a pass took as long on two cores as on one.

use std::{
    cell::Cell,
    hint, iter,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rayon::Yield;

/// How often a thread that finds nothing to do waits for a moment before it lets others have its core.
const SPINS: usize = 64;

/// Runs `pass` on one of the threads, while the others look for parts of it.
pub(super) fn run<T: Send>(pass: impl FnOnce() -> T + Send) -> T {
    let ended = AtomicBool::new(false);
    rayon::scope(|scope| {
        // On a thread that waits for another pass's parts, the others are awake already.
        let here = Part::take();
        if here.is_some() && rayon::current_num_threads() > 1 {
            scope.spawn_broadcast(|_, _| stay(&ended));
        }
        let _end = End(&ended);
        pass()
    })
}

/// Does what there is to do until the pass has ended.
fn stay(ended: &AtomicBool) {
    // A thread that waited for two passes could keep either from its end.
    let Some(_here) = Part::take() else { return };
    while !ended.load(Ordering::Acquire) {
        if rayon::yield_now() != Some(Yield::Executed) {
            iter::repeat_n((), SPINS).for_each(|()| hint::spin_loop());
            thread::yield_now();
        }
    }
}

/// This thread's part in a pass, of which it has one at most.
struct Part;

thread_local! {
    static TAKEN: Cell<bool> = const { Cell::new(false) };
}

impl Part {
    fn take() -> Option<Self> {
        (!TAKEN.replace(true)).then_some(Self)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        TAKEN.set(false);
    }
}

/// The end of a pass, however it ends.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}
