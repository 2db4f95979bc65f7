//! Ends a command that can be run again when it is interrupted: in order if that is quick.

use std::{
    ops::ControlFlow,
    process,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::fault;

/// Whether a signal has arrived.
static ARRIVED: AtomicBool = AtomicBool::new(false);
/// Whether [`orderly`] is asked often.
static IS_ASKED: AtomicBool = AtomicBool::new(false);
/// Held by the first who leaves.
static LEAVING: Mutex<()> = Mutex::new(());

/// The exit code of a program that Ctrl-C has ended.
const EXIT_CODE: i32 = 130;

/// From now on, Ctrl-C ends the command with one line that says how to go on. The signal with which
/// schedulers end jobs does the same.
#[cfg(unix)]
pub(super) fn watch() {
    use std::{thread, time::Duration};

    /// Time for which a second signal or the end of a batch is waited for.
    const PATIENCE: Duration = Duration::from_secs(3);

    let signals = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
    let Ok(mut signals) = signal_hook::iterator::Signals::new(signals) else { return };
    thread::spawn(move || {
        for _ in signals.forever() {
            if ARRIVED.swap(true, Ordering::SeqCst) || !IS_ASKED.load(Ordering::SeqCst) {
                leave();
            }
            thread::spawn(|| {
                thread::sleep(PATIENCE);
                leave();
            });
        }
    });
}

/// Elsewhere, the system ends the command.
#[cfg(not(unix))]
pub(super) fn watch() {}

/// Whether to go on. Whoever is told to stop calls [`leave`] soon.
pub(super) fn orderly() -> ControlFlow<()> {
    IS_ASKED.store(true, Ordering::SeqCst);
    if ARRIVED.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// [`orderly`] is not asked any more.
pub(super) fn is_over() {
    IS_ASKED.store(false, Ordering::SeqCst);
    if ARRIVED.load(Ordering::SeqCst) {
        leave();
    }
}

/// Ends the command with one line.
pub(super) fn leave() -> ! {
    let _first = LEAVING.lock();
    fault::report(&"interrupted; run the same command again to score what is missing");
    process::exit(EXIT_CODE)
}
