//! The shuffled order of rows, which follows from the seed.
//!
//! Row groups are shuffled and combined into windows of limited size, and the rows of each window
//! are shuffled. So a dataset of any size needs only the memory of one window, and a run can resume
//! at any position.

use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

/// The order of the rows of one pass through the data.
#[derive(Debug, Clone)]
pub(super) struct Order {
    windows: Vec<Vec<usize>>,
    rows: Vec<u64>,
    seed: u64,
}

/// Largest size of a window in encoded bytes, unless a single row group is larger.
const WINDOW: u64 = 256 << 20;

/// The position of a row: its group and its index in the group.
pub(super) type Place = (usize, usize);

impl Order {
    /// The order of one pass over groups, given the number of rows and encoded bytes of each.
    pub(super) fn new(groups: &[(u64, u64)], seed: u64, pass: u64) -> Self {
        let seed = seed ^ pass.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut shuffled: Vec<usize> = (0..groups.len()).collect();
        shuffled.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut windows: Vec<Vec<usize>> = Vec::new();
        let mut held = 0;
        for group in shuffled {
            let bytes = groups[group].1;
            match windows.last_mut() {
                Some(window) if held + bytes <= WINDOW => {
                    window.push(group);
                    held += bytes;
                }
                _ => {
                    windows.push(vec![group]);
                    held = bytes;
                }
            }
        }
        Self { windows, rows: groups.iter().map(|&(rows, _)| rows).collect(), seed }
    }

    /// Number of windows.
    pub(super) fn windows(&self) -> usize {
        self.windows.len()
    }

    /// The row groups of a window.
    pub(super) fn groups(&self, window: usize) -> &[usize] {
        &self.windows[window]
    }

    /// The rows of a window, in order.
    pub(super) fn places(&self, window: usize) -> Vec<Place> {
        let groups = self.windows[window].iter();
        let mut places: Vec<Place> =
            groups.flat_map(|&group| (0..self.rows[group] as usize).map(move |row| (group, row))).collect();
        places.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed ^ (1 + window as u64).rotate_left(32)));
        places
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_row_occurs_once_per_pass(
            groups in prop::collection::vec((1u64..40, 1u64..(100 << 20)), 1..30),
            seed: u64,
            pass in 0u64..5,
        ) {
            let order = Order::new(&groups, seed, pass);
            let mut all: Vec<Place> = (0..order.windows()).flat_map(|window| order.places(window)).collect();
            for window in 0..order.windows() {
                let bytes: u64 = order.groups(window).iter().map(|&group| groups[group].1).sum();
                prop_assert!(bytes <= WINDOW || order.groups(window).len() == 1);
            }
            prop_assert_eq!(&all, &(0..order.windows()).flat_map(|w| Order::new(&groups, seed, pass).places(w)).collect::<Vec<_>>());
            all.sort_unstable();
            let expected: Vec<Place> =
                groups.iter().enumerate().flat_map(|(group, &(rows, _))| (0..rows as usize).map(move |row| (group, row))).collect();
            prop_assert_eq!(all, expected);
        }
    }

    #[test]
    fn passes_differ() {
        let groups = [(50, 10), (50, 10)];
        assert_ne!(Order::new(&groups, 1, 0).places(0), Order::new(&groups, 1, 1).places(0));
    }
}
