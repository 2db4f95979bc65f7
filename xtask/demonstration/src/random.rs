//! Random numbers that depend only on a seed, a purpose and an index, so that rows can be made in
//! any order and on any number of threads.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

/// A stream of random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The stream of a purpose's `index`-th item.
    pub(crate) fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(index.to_le_bytes());
        hash.update(purpose.as_bytes());
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// From `low` to below `high`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// From 0 to below `count`; 0 if `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let product = u128::from(self.bits()) * count as u128;
        (product >> 64) as usize
    }

    /// One of these; `None` if there are none.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.below(from.len());
        from.get(at)
    }

    /// One of these, with these weights; the last if rounding leaves none.
    pub(crate) fn weighted<T: Copy, const N: usize>(&mut self, from: [(f32, T); N]) -> T {
        let sum: f32 = from.iter().map(|(weight, _)| weight).sum();
        let mut left = self.unit() * sum;
        for (weight, value) in from {
            left -= weight;
            if left < 0.0 {
                return value;
            }
        }
        from[N - 1].1
    }

    /// A random order.
    pub(crate) fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }

    /// Approximately normal with mean 0 and deviation 1: the sum of twelve uniform numbers, minus
    /// six.
    pub(crate) fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_follow_from_seed_purpose_and_index() {
        let first = |seed, purpose, index| Random::new(seed, purpose, index).bits();
        assert_eq!(first(1, "a", 2), first(1, "a", 2));
        let all = [first(1, "a", 2), first(2, "a", 2), first(1, "b", 2), first(1, "a", 3)];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one));
        }
    }

    #[test]
    fn every_value_is_picked_about_as_often_as_its_weight_has_it() {
        let mut random = Random::new(1, "weights", 0);
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[random.weighted([(1.0, 0), (2.0, 1), (7.0, 2)])] += 1;
        }
        assert!((900..1100).contains(&counts[0]) && (1850..2150).contains(&counts[1]), "{counts:?}");
        let below: Vec<usize> = (0..1000).map(|_| random.below(3)).collect();
        assert!((0..3).all(|value| below.iter().filter(|found| **found == value).count() > 250));
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn a_shuffle_loses_nothing() {
        let mut values: Vec<u32> = (0..100).collect();
        Random::new(3, "shuffle", 0).shuffle(&mut values);
        assert_ne!(values, (0..100).collect::<Vec<_>>());
        values.sort_unstable();
        assert_eq!(values, (0..100).collect::<Vec<_>>());
    }
}
