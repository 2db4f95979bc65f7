//! A thread pool that spins for the duration of one forward pass.
//!
//! Between two steps of a pass a thread is idle for a few microseconds. Waking a thread that went
//! to sleep takes longer than that, and in browsers so much longer that two cores were no faster
//! than one for a single prompt. So rayon's threads join the pass once, spin between steps, and
//! take tasks as each step publishes them.
//!
//! The threads are those of rayon's current pool. The thread that runs the pass finds its state
//! through a thread-local.

use std::{
    cell::Cell,
    hint, ptr,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::SeqCst},
    thread,
};

/// Number of polls before an idle thread yields its core.
const SPINS: usize = 64;

thread_local! {
    /// Whether this thread takes part in a pass. A thread joins at most one pass at a time;
    /// otherwise two passes could each wait for the other to end.
    static IN_PASS: Cell<bool> = const { Cell::new(false) };
    /// The pass that this thread runs, or null. Null while the thread executes a task.
    static PASS: Cell<*const Pass> = const { Cell::new(ptr::null()) };
}

/// Runs `pass` on a thread of the pool, while the other threads stand by for [`run_tasks`].
pub(super) fn run_pass<T: Send>(pass: impl FnOnce() -> T + Send) -> T {
    // The outer scope moves to a thread of the pool. The inner scope waits for the helpers, and
    // while it waits rayon may run other jobs on this thread; `joined` outlives it, so that none of
    // those jobs starts a nested pass here.
    rayon::scope(|_| {
        let Some(_joined) = join().filter(|_| rayon::current_num_threads() > 1) else { return pass() };
        let state = Pass::new(rayon::current_num_threads());
        rayon::scope(|scope| {
            scope.spawn_broadcast(|_, _| state.help());
            let _end = OnDrop(|| state.ended.store(true, SeqCst));
            PASS.set(&state);
            let _clear = OnDrop(|| PASS.set(ptr::null()));
            pass()
        })
    })
}

/// Marks this thread as part of a pass until the result is dropped; `None` if it already is.
fn join() -> Option<OnDrop<impl FnMut()>> {
    (!IN_PASS.replace(true)).then_some(OnDrop(|| IN_PASS.set(false)))
}

/// Runs `task(0)` to `task(count - 1)` on the threads of the current pass. Returns `false` without
/// running anything if there is no pass, if this is a nested call, or if a helper has left.
#[allow(unsafe_code, reason = "the thread-local refers to the pass by a raw pointer")]
pub(super) fn run_tasks(count: usize, task: &(dyn Fn(usize) + Sync)) -> bool {
    // Nested calls see no pass.
    let pass = PASS.replace(ptr::null());
    let _restore = OnDrop(|| PASS.set(pass));
    // SAFETY: `run_pass` clears the thread-local before it drops the pass.
    let Some(pass) = (unsafe { pass.as_ref() }) else { return false };
    if pass.has_left.load(SeqCst) {
        return false;
    }
    let threads = pass.next.len();
    for (thread, next) in pass.next.iter().enumerate() {
        next.0.store(count * thread / threads, SeqCst);
    }
    let work = Work { task, count, next: &pass.next };
    let _withdraw = OnDrop(|| pass.withdraw());
    pass.work.store(ptr::from_ref(&work).cast_mut().cast(), SeqCst);
    work.run();
    true
}

/// The shared state of one pass.
struct Pass {
    /// The published [`Work`], or null.
    work: AtomicPtr<()>,
    /// Number of threads that may hold a reference to `work`.
    visitors: AtomicUsize,
    /// See [`Work::next`].
    next: Vec<Next>,
    /// Whether a helper has left before the end.
    has_left: AtomicBool,
    ended: AtomicBool,
}

/// The tasks of one step.
struct Work<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    count: usize,
    /// For each thread, the next task of its own range. Each thread starts with its own range,
    /// since neighbouring tasks prefetch for each other, and then takes tasks from the other
    /// ranges.
    next: &'a [Next],
}

/// The index of a task, on its own cache line.
#[repr(align(64))]
struct Next(AtomicUsize);

impl Pass {
    fn new(threads: usize) -> Self {
        Self {
            work: AtomicPtr::default(),
            visitors: AtomicUsize::new(0),
            next: (0..threads).map(|_| Next(AtomicUsize::new(0))).collect(),
            has_left: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// Runs published tasks until the pass ends.
    fn help(&self) {
        let Some(_joined) = join() else { return };
        let mut idle = Idle::new();
        while !self.ended.load(SeqCst) {
            // Jobs that others gave to rayon must run too.
            if poll(|| self.visit()) || rayon::yield_now() == Some(rayon::Yield::Executed) {
                idle = Idle::new();
            } else if idle.is_over() {
                self.has_left.store(true, SeqCst);
                return;
            } else {
                thread::yield_now();
            }
        }
    }

    /// Runs tasks of the published work. Returns whether there were any.
    #[allow(unsafe_code, reason = "the work is published as a raw pointer")]
    fn visit(&self) -> bool {
        // Without this check `withdraw` would wait for threads that find nothing.
        if self.work.load(SeqCst).is_null() {
            return false;
        }
        self.visitors.fetch_add(1, SeqCst);
        let _leave = OnDrop(|| {
            self.visitors.fetch_sub(1, SeqCst);
        });
        let work = self.work.load(SeqCst).cast::<Work<'_>>();
        // SAFETY: `withdraw` first clears `work` and then waits until `visitors` is zero. This
        // thread incremented `visitors` before loading `work`, so it either sees null or is waited
        // for.
        let Some(work) = (unsafe { work.as_ref() }) else { return false };
        work.run()
    }

    /// Withdraws the published work and waits until no thread uses it.
    fn withdraw(&self) {
        self.work.store(ptr::null_mut(), SeqCst);
        while !poll(|| self.visitors.load(SeqCst) == 0) {
            thread::yield_now();
        }
    }
}

impl Work<'_> {
    /// Runs tasks until none are left. Returns whether there were any.
    fn run(&self) -> bool {
        let (threads, own) = (self.next.len(), rayon::current_thread_index().unwrap_or_default());
        let mut any = false;
        for thread in (0..threads).map(|offset| (own + offset) % threads) {
            let (next, end) = (&self.next[thread].0, self.count * (thread + 1) / threads);
            // Loads first, so that waiting threads do not write to the cache line.
            while next.load(SeqCst) < end {
                let index = next.fetch_add(1, SeqCst);
                if index >= end {
                    break;
                }
                (self.task)(index);
                any = true;
            }
        }
        any
    }
}

/// How long a helper has been idle.
///
/// A helper must not wait forever: rayon may have started it from within a job that the pass itself
/// waits for. So a helper that stays idle leaves the pass, whose remaining steps then run on rayon.
/// The limit is longer than almost any single-threaded stretch of a pass.
struct Idle {
    #[cfg(not(target_family = "wasm"))]
    since: std::time::Instant,
    #[cfg(target_family = "wasm")]
    rounds: usize,
}

impl Idle {
    fn new() -> Self {
        Self {
            #[cfg(not(target_family = "wasm"))]
            since: std::time::Instant::now(),
            #[cfg(target_family = "wasm")]
            rounds: 0,
        }
    }

    #[cfg(not(target_family = "wasm"))]
    fn is_over(&mut self) -> bool {
        self.since.elapsed() > std::time::Duration::from_millis(20)
    }

    /// Counts rounds, since wasm has no clock. The limit takes about 50 ms.
    #[cfg(target_family = "wasm")]
    fn is_over(&mut self) -> bool {
        self.rounds += 1;
        self.rounds > 1 << 18
    }
}

/// Polls a condition [`SPINS`] times. Returns whether it became true.
fn poll(is_true: impl Fn() -> bool) -> bool {
    (0..SPINS).any(|_| {
        is_true() || {
            hint::spin_loop();
            false
        }
    })
}

/// Calls a function when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use rayon::prelude::*;

    use super::*;

    /// Runs a pass and returns the number of tasks, after checking that each ran once.
    fn pass(steps: usize, tasks: usize) -> usize {
        run_pass(|| {
            let done = AtomicUsize::new(0);
            for step in 0..steps {
                let each: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                let task = |task: usize| {
                    each[task].fetch_add(1, SeqCst);
                    assert!(!run_tasks(1, &|_| ()), "nested");
                    done.fetch_add(1, SeqCst);
                };
                if !run_tasks(tasks, &task) {
                    (0..tasks).for_each(task);
                }
                assert!(each.iter().all(|times| times.load(SeqCst) == 1), "step {step}");
            }
            done.into_inner()
        })
    }

    #[test]
    fn each_task_runs_once_before_the_next_step() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            assert_eq!(pool.install(|| pass(500, 7)), 3500);
        }
    }

    #[test]
    fn concurrent_and_nested_passes_end() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let tasks = pool.install(|| {
                            // Helpers also run the jobs that the pass gives to rayon.
                            run_pass(|| {
                                (0..4).into_par_iter().map(|_| pass(3, 5)).sum::<usize>() + pass(3, 5)
                            })
                        });
                        assert_eq!(tasks, 75);
                    }
                });
            }
        });
    }

    #[test]
    fn a_panicking_task_ends_the_pass() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        for task in 0..20 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.install(|| run_pass(|| run_tasks(20, &|index| assert!(index != task, "task {task}"))));
            }));
            assert!(result.is_err());
            assert_eq!(pool.install(|| pass(2, 3)), 6);
        }
    }
}
