//! Parallel loops and per-thread buffers.

use std::{
    cell::RefCell,
    mem::MaybeUninit,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

#[cfg(feature = "parallel")]
use super::pool;

/// Number of threads that run a parallel loop.
pub(super) fn threads() -> usize {
    #[cfg(feature = "parallel")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    1
}

/// Runs `task(0)` to `task(count - 1)` on all threads.
fn for_each(count: usize, task: impl Fn(usize) + Sync + Send) {
    #[cfg(feature = "parallel")]
    if count > 1 {
        use rayon::prelude::*;
        if !pool::run_tasks(count, &task) {
            // The tasks are few and large, so rayon must not give two of them to one thread.
            (0..count).into_par_iter().with_max_len(1).for_each(task);
        }
        return;
    }
    (0..count).for_each(task);
}

/// Runs `task(scratch, 0)` to `task(scratch, count - 1)` on all threads, each with its own scratch
/// memory.
pub(super) fn for_each_with_scratch(count: usize, task: impl Fn(&mut Vec<f32>, usize) + Sync + Send) {
    thread_local! {
        static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    for_each(count, |index| SCRATCH.with_borrow_mut(|scratch| task(scratch, index)));
}

/// The first `length` values of scratch memory, which grows as needed. They are unspecified.
pub(super) fn first_values(scratch: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if scratch.len() < length {
        scratch.resize(length, 0.0);
    }
    &mut scratch[..length]
}

/// Runs `task(index, chunk)` on all threads, for consecutive chunks of `length` values.
pub(super) fn for_each_chunk(
    values: &mut [f32],
    length: usize,
    task: impl Fn(usize, &mut [f32]) + Sync + Send,
) {
    for_each_part(values.chunks_mut(length).enumerate().collect(), |(index, chunk)| task(index, chunk));
}

/// Runs `task(part)` on all threads, for each part.
pub(super) fn for_each_part<T: Send>(parts: Vec<T>, task: impl Fn(T) + Sync + Send) {
    let parts: Vec<_> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
    for_each(parts.len(), |index| {
        let part = parts[index].lock().ok().and_then(|mut part| part.take());
        part.into_iter().for_each(&task);
    });
}

/// The `length` values of each of `parts` parts, which `write(part, room)` writes on all threads.
///
/// Writing to fresh memory costs most when pages are assigned to it. Zeroing it first would do that
/// on one thread.
///
/// # Panics
///
/// If `write` writes more or fewer values.
pub(super) fn collect_parts<T: Send>(
    parts: usize,
    length: usize,
    write: impl Fn(usize, &mut Room<'_, T>) + Sync + Send,
) -> Vec<T> {
    let mut values = Vec::with_capacity(parts * length);
    let rooms = values.spare_capacity_mut()[..parts * length].chunks_exact_mut(length.max(1));
    let complete = AtomicUsize::new(0);
    for_each_part(rooms.enumerate().collect(), |(part, values)| {
        let mut room = Room { values, written: 0 };
        write(part, &mut room);
        assert_eq!(room.written, length, "a part is incomplete");
        complete.fetch_add(length, Relaxed);
    });
    assert_eq!(complete.into_inner(), parts * length, "a part is missing");
    // SAFETY: `complete` counts the values of parts whose room is full, and a room counts what it
    // has written.
    #[allow(unsafe_code, reason = "the memory is written by several threads before it is a `Vec`'s")]
    unsafe {
        values.set_len(parts * length);
    }
    values
}

/// Memory to be written from its start to its end.
pub(super) struct Room<'a, T> {
    values: &'a mut [MaybeUninit<T>],
    written: usize,
}

impl<T> Room<'_, T> {
    /// Writes the next value.
    ///
    /// # Panics
    ///
    /// If there is no room left.
    #[inline(always)]
    pub(super) fn push(&mut self, value: T) {
        self.values[self.written].write(value);
        self.written += 1;
    }
}

/// Runs `task` with a buffer of `length` values, which this thread keeps for the next call. The
/// contents are unspecified.
pub(super) fn with_buffer(length: usize, task: impl FnOnce(&mut [f32])) {
    thread_local! {
        static BUFFER: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    // The buffer is taken out while in use, because rayon may run another call on this thread.
    let mut buffer = BUFFER.take();
    task(first_values(&mut buffer, length));
    BUFFER.set(buffer);
}
