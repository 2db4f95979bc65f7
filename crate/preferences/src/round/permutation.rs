//! A random permutation from a seed whose elements are computed one at a time.

use pickscore_common::seeded;

/// Rounds of the Feistel network. Four are enough for pseudorandom output (Luby and Rackoff, 1988);
/// small domains need six for a uniform one.
const ROUNDS: u64 = 6;

/// A permutation of `0..count`.
///
/// A Feistel network permutes the numbers of an even number of bits, a domain at most four times as
/// large as needed. While a result is out of range, the network is applied again (cycle walking).
/// The order of two million pairs so takes no memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permutation {
    count: u64,
    /// Half of the bits.
    half: u32,
    keys: Vec<u64>,
}

impl Permutation {
    /// The permutation of this seed and name.
    pub(super) fn new(count: u64, seed: u64, name: &str) -> Self {
        let bits = 64 - count.saturating_sub(1).leading_zeros();
        let half = bits.div_ceil(2).max(1);
        Self { count, half, keys: seeded::hashes(seed, name, 0).take(ROUNDS as usize).collect() }
    }

    /// The element at `place`, which must be below `count`.
    pub(super) fn at(&self, place: u64) -> u64 {
        debug_assert!(place < self.count, "place {place} of {}", self.count);
        let mut value = self.once(place);
        // The loop ends: in a bijection, every walk returns to its start, which is in range.
        while value >= self.count {
            value = self.once(value);
        }
        value
    }

    fn once(&self, value: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (value >> self.half, value & mask);
        for key in &self.keys {
            (left, right) = (right, left ^ (seeded::mixed(key.wrapping_add(right)) & mask));
        }
        left << self.half | right
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_stands_somewhere_once(count in 1_u64..700, seed in any::<u64>()) {
            let order = Permutation::new(count, seed, "test");
            let mut found: Vec<u64> = (0..count).map(|place| order.at(place)).collect();
            found.sort_unstable();
            prop_assert_eq!(found, (0..count).collect::<Vec<_>>());
        }
    }

    /// Each of the 24 permutations of four elements is about equally frequent.
    #[test]
    fn orders_are_even() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..24_000 {
            let order = Permutation::new(4, seed, "test");
            *counts.entry([0, 1, 2, 3].map(|place| order.at(place))).or_insert(0_u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        // The 99.9th percentile of χ² with 23 degrees of freedom is 49.7.
        let statistic: f64 = counts.values().map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0).sum();
        assert!(statistic < 49.7, "{statistic}");
    }
}
