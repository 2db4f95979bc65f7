//! Batches that are prepared on another thread while earlier ones are used.

use std::{sync::mpsc::sync_channel, thread};

/// Number of batches that wait to be used. One more is being prepared, and one is used.
const WAITING: usize = 1;

/// Prepares each batch and uses the results in order. If using one fails, no further batches are
/// prepared.
///
/// # Errors
///
/// The first error of `consume`.
///
/// # Panics
///
/// If `prepare` does.
pub fn ahead<B: Send, P: Send, E>(
    batches: impl Iterator<Item = B> + Send,
    mut prepare: impl FnMut(B) -> P + Send,
    mut consume: impl FnMut(P) -> Result<(), E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        scope.spawn(move || {
            for batch in batches {
                // The receiver is gone if using a batch has failed.
                if sender.send(prepare(batch)).is_err() {
                    return;
                }
            }
        });
        receiver.into_iter().try_for_each(&mut consume)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use super::*;

    #[test]
    fn batches_keep_their_order_and_a_bounded_number_is_ahead() {
        let (prepared, furthest) = (AtomicUsize::new(0), Mutex::new(0));
        let mut used = Vec::new();
        let prepare = |batch: usize| {
            prepared.fetch_add(1, SeqCst);
            batch
        };
        ahead(0..100, prepare, |batch| {
            let mut furthest = furthest.lock().unwrap();
            *furthest = (*furthest).max(prepared.load(SeqCst) - used.len());
            used.push(batch);
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(used, (0..100).collect::<Vec<_>>());
        // The used one, those that wait, and one whose sender waits.
        assert!(*furthest.lock().unwrap() <= WAITING + 2);
    }

    #[test]
    fn while_a_batch_is_used_the_next_is_prepared() {
        let (started, waiting) = std::sync::mpsc::channel();
        let prepare = |batch: usize| {
            started.send(batch).unwrap();
            batch
        };
        ahead(0..3, prepare, |batch| {
            // Blocks for ever if nothing is prepared meanwhile.
            while batch < 2 && waiting.recv().unwrap() <= batch {}
            Ok::<_, ()>(())
        })
        .unwrap();
    }

    #[test]
    fn after_an_error_no_more_is_prepared() {
        let prepared = AtomicUsize::new(0);
        let prepare = |batch: usize| {
            prepared.fetch_add(1, SeqCst);
            batch
        };
        let failed = ahead(0..1000, prepare, |_| Err("no"));
        assert_eq!(failed, Err("no"));
        assert!(prepared.load(SeqCst) <= WAITING + 2);
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_of_the_other_thread_is_not_lost() {
        let _ = ahead(0..3, |batch: usize| assert!(batch < 1), |()| Ok::<_, ()>(()));
    }
}
