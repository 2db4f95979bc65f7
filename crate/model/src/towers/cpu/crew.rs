//! A pool of threads that spin for the duration of one forward pass.
//!
//! Between two steps of a pass a thread has nothing to do for a few microseconds. If it goes to
//! sleep there, waking it takes longer than the next step: where waking is slow, as in browsers, a
//! prompt took as long on two cores as on one. So rayon lends its threads for the whole pass, and
//! each step hands out its parts to threads that are already running.
//!
//! The threads are rayon's global pool, one for the process as there is one set of cores. A pass
//! keeps its own state, which threads find through a thread-local.

#![allow(unsafe_code, reason = "threads find the pass and its work through raw pointers")]

use std::{
    cell::Cell,
    hint, ptr,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::SeqCst},
    thread,
};

/// How often a thread that finds nothing looks again before it lets others have its core.
const SPINS: usize = 64;

thread_local! {
    /// Whether this thread has a part in a pass: it has one at most, or two passes could each wait
    /// for the other's end.
    static TAKES_PART: Cell<bool> = const { Cell::new(false) };
    /// The crew of the pass that this thread runs, unless it is at a part.
    static CREW: Cell<*const Crew> = const { Cell::new(ptr::null()) };
}

/// Runs `pass` on one of rayon's threads, with the others at hand.
pub(super) fn run<T: Send>(pass: impl FnOnce() -> T + Send) -> T {
    // The outer scope is for getting on one of rayon's threads. That thread's part lasts until the
    // inner one has ended: while it waits for the others it is given what is left for it to do, and
    // must not begin to wait for another pass.
    rayon::scope(|_| {
        let Some(_part) = take_part().filter(|_| rayon::current_num_threads() > 1) else { return pass() };
        let crew = Crew::of(rayon::current_num_threads());
        rayon::scope(|scope| {
            scope.spawn_broadcast(|_, _| crew.help());
            let _end = OnDrop(|| crew.ended.store(true, SeqCst));
            CREW.set(&crew);
            let _gone = OnDrop(|| CREW.set(ptr::null()));
            pass()
        })
    })
}

fn take_part() -> Option<OnDrop<impl FnMut()>> {
    (!TAKES_PART.replace(true)).then_some(OnDrop(|| TAKES_PART.set(false)))
}

/// Runs `task(0)` to `task(count - 1)` on all threads of this thread's pass; `false` if they are
/// not at hand, which leaves it to rayon.
pub(super) fn share(count: usize, task: &(dyn Fn(usize) + Sync)) -> bool {
    // A part that shares out in turn finds no crew.
    let crew = CREW.replace(ptr::null());
    let _back = OnDrop(|| CREW.set(crew));
    // SAFETY: `run` keeps the crew alive for as long as this thread knows of it.
    let Some(crew) = (unsafe { crew.as_ref() }) else { return false };
    if crew.is_left.load(SeqCst) {
        return false;
    }
    let threads = crew.next.len();
    for (stretch, next) in crew.next.iter().enumerate() {
        next.0.store(count * stretch / threads, SeqCst);
    }
    let work = Work { task, count, next: &crew.next };
    let _left = OnDrop(|| crew.recall());
    crew.work.store(ptr::from_ref(&work).cast_mut().cast(), SeqCst);
    work.take_parts();
    true
}

/// Who shares a pass.
struct Crew {
    /// What is shared out at present.
    work: AtomicPtr<()>,
    /// Threads that look at it.
    visitors: AtomicUsize,
    /// [`Work::next`]
    next: Vec<Next>,
    /// Whether a thread has left before the end.
    is_left: AtomicBool,
    ended: AtomicBool,
}

/// What is shared out.
struct Work<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    count: usize,
    /// Of each thread's stretch the first part that nobody has taken. Neighbouring parts go to one
    /// thread, which brings what the next one needs while it is at the last; those who are done
    /// with theirs go on with others'.
    next: &'a [Next],
}

/// A part's number in a cache line of its own.
#[repr(align(64))]
struct Next(AtomicUsize);

impl Crew {
    fn of(threads: usize) -> Self {
        Self {
            work: AtomicPtr::default(),
            visitors: AtomicUsize::new(0),
            next: (0..threads).map(|_| Next(AtomicUsize::new(0))).collect(),
            is_left: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// Takes parts of whatever is shared out until the pass has ended.
    fn help(&self) {
        let Some(_part) = take_part() else { return };
        let mut idle = Idle::new();
        while !self.ended.load(SeqCst) {
            // Others may have given rayon something to do.
            if soon(|| self.visit()) || rayon::yield_now() == Some(rayon::Yield::Executed) {
                idle = Idle::new();
            } else if idle.is_long() {
                self.is_left.store(true, SeqCst);
                return;
            } else {
                thread::yield_now();
            }
        }
    }

    /// Takes parts if there are any.
    fn visit(&self) -> bool {
        // Looks before it enters, or those that find nothing would be waited for.
        if self.work.load(SeqCst).is_null() {
            return false;
        }
        self.visitors.fetch_add(1, SeqCst);
        let _left = OnDrop(|| {
            self.visitors.fetch_sub(1, SeqCst);
        });
        let work = self.work.load(SeqCst).cast::<Work<'_>>();
        // SAFETY: `recall` takes the work back before it asks for visitors, and this one was
        // counted before it asked for the work: it found none, or is waited for.
        let Some(work) = (unsafe { work.as_ref() }) else { return false };
        work.take_parts()
    }

    /// Takes back what is shared out, and waits for those who are still at it.
    fn recall(&self) {
        self.work.store(ptr::null_mut(), SeqCst);
        while !soon(|| self.visitors.load(SeqCst) == 0) {
            thread::yield_now();
        }
    }
}

impl Work<'_> {
    /// Does part after part that nobody has taken; whether there was one.
    fn take_parts(&self) -> bool {
        let (all, own) = (self.next.len(), rayon::current_thread_index().unwrap_or_default());
        let mut any = false;
        for stretch in (0..all).map(|further| (own + further) % all) {
            let (next, end) = (&self.next[stretch].0, self.count * (stretch + 1) / all);
            // Looks first: those who only wait should not write.
            while next.load(SeqCst) < end {
                let part = next.fetch_add(1, SeqCst);
                if part >= end {
                    break;
                }
                (self.task)(part);
                any = true;
            }
        }
        any
    }
}

/// How long a thread has found nothing to do.
///
/// Rayon may have it help while it is itself waited for: by this pass, or by one that this pass
/// waits for. So nobody stays for ever, and what is left of a pass that someone has left is
/// rayon's. Few steps take so long on one thread.
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
    fn is_long(&mut self) -> bool {
        self.since.elapsed() > std::time::Duration::from_millis(20)
    }

    /// Wasm has no clock: these take some fifty milliseconds.
    #[cfg(target_family = "wasm")]
    fn is_long(&mut self) -> bool {
        self.rounds += 1;
        self.rounds > 1 << 18
    }
}

/// Whether something comes true while one looks again and again, for a moment.
fn soon(is_true: impl Fn() -> bool) -> bool {
    (0..SPINS).any(|_| {
        is_true() || {
            hint::spin_loop();
            false
        }
    })
}

/// Something that is done however a scope is left.
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

    /// Parts that were done, each once, by passes of some steps.
    fn pass(steps: usize, parts: usize) -> usize {
        run(|| {
            let done = AtomicUsize::new(0);
            for step in 0..steps {
                let each: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
                let part = |part: usize| {
                    each[part].fetch_add(1, SeqCst);
                    // Parts that share out in turn do so by themselves.
                    assert!(!share(1, &|_| ()));
                    done.fetch_add(1, SeqCst);
                };
                if !share(parts, &part) {
                    (0..parts).for_each(part);
                }
                assert!(each.iter().all(|times| times.load(SeqCst) == 1), "step {step}");
            }
            done.into_inner()
        })
    }

    #[test]
    fn each_part_is_done_once_before_the_next_step() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            assert_eq!(pool.install(|| pass(500, 7)), 3500);
        }
    }

    #[test]
    fn passes_side_by_side_and_within_each_other_end() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let parts = pool.install(|| {
                            // What the pass gives to rayon is done by its crew too.
                            run(|| (0..4).into_par_iter().map(|_| pass(3, 5)).sum::<usize>() + pass(3, 5))
                        });
                        assert_eq!(parts, 75);
                    }
                });
            }
        });
    }

    #[test]
    fn a_part_that_panics_ends_the_pass() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        for part in 0..20 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.install(|| run(|| share(20, &|at| assert!(at != part, "part {part}"))));
            }));
            assert!(result.is_err());
            assert_eq!(pool.install(|| pass(2, 3)), 6);
        }
    }
}
