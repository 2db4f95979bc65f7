//! Confidence intervals by percentile bootstrap over prompts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use pickscore_common::seeded::hashes;

/// An estimate with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// Settings of the bootstrap. The same seed gives the same interval on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// Number of resampled datasets.
    pub resamples: usize,
    /// The seed.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 2000, seed: 42 }
    }
}

impl Bootstrap {
    /// The mean of values, each with the number of its prompt, and its 95 % interval. Prompts are
    /// resampled as a whole, because pairs of the same prompt are not independent. `None` without
    /// values.
    pub fn mean(&self, values: impl IntoIterator<Item = (usize, f64)>) -> Option<Estimate> {
        let mut prompts: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for (prompt, value) in values {
            let (sum, count) = prompts.entry(prompt).or_default();
            (*sum, *count) = (*sum + value, *count + 1.0);
        }
        let prompts: Vec<(f64, f64)> = prompts.into_values().collect();
        if prompts.is_empty() {
            return None;
        }
        let ratio = |(sum, count): (f64, f64)| sum / count;
        let add = |(sum, count): (f64, f64), &(other, more): &(f64, f64)| (sum + other, count + more);
        let value = ratio(prompts.iter().fold((0.0, 0.0), add));
        let mut numbers = hashes(self.seed, "bootstrap", 0);
        let mut means: Vec<f64> = (0..self.resamples)
            .map(|_| {
                let drawn =
                    numbers.by_ref().take(prompts.len()).map(|number| &prompts[below(number, prompts.len())]);
                ratio(drawn.fold((0.0, 0.0), add))
            })
            .collect();
        means.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&means, 0.025), percentile(&means, 0.975));
        Some(Estimate { value, low: low.unwrap_or(value), high: high.unwrap_or(value) })
    }
}

impl Bootstrap {
    /// How often each of `units` units occurs in resampled dataset number `at`.
    pub fn draw(&self, units: usize, at: usize) -> Vec<f64> {
        let mut counts = vec![0.0; units];
        let numbers = hashes(self.seed, "bootstrap", at as u64 * units as u64);
        numbers.take(units).for_each(|number| counts[below(number, units)] += 1.0);
        counts
    }
}

/// The interval of the central 95 % of values, which it sorts. `None` without values.
pub(super) fn interval(values: &mut [f64]) -> Option<[f64; 2]> {
    values.sort_by(f64::total_cmp);
    Some([percentile(values, 0.025)?, percentile(values, 0.975)?])
}

/// Maps 64 random bits to a number below `bound`; the bias is less than `bound` / 2⁶⁴.
pub(super) fn below(number: u64, bound: usize) -> usize {
    ((u128::from(number) * bound as u128) >> 64) as usize
}

/// A percentile of sorted values with linear interpolation, as `numpy.percentile`.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * place.fract())
}

/// Random numbers in the open interval from 0 to 1.
#[cfg(test)]
pub(super) fn uniform(seed: u64, name: &str) -> impl Iterator<Item = f64> + use<> {
    hashes(seed, name, 0).map(|number| ((number >> 12) as f64 + 0.5) / (1u64 << 52) as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_lie_between() {
        // numpy.percentile([1, 2, 4, 8], [0, 2.5, 50, 97.5, 100])
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (share, expected) in [(0.0, 1.0), (0.025, 1.075), (0.5, 3.0), (0.975, 7.7), (1.0, 8.0)] {
            assert!((percentile(&sorted, share).unwrap() - expected).abs() < 1e-12, "{share}");
        }
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn the_interval_covers_as_often_as_it_says() {
        // 400 datasets of 120 values from 40 prompts, whose mean is ½ by construction.
        let bootstrap = Bootstrap { resamples: 300, seed: 1 };
        let mut numbers = uniform(3, "coverage");
        let mut covered = 0;
        for _ in 0..400 {
            let mut values = Vec::new();
            for prompt in 0..40 {
                let base = numbers.next().unwrap() * 0.8;
                values.extend((0..3).map(|_| (prompt, base)));
            }
            for (_, value) in &mut values {
                *value += numbers.next().unwrap() * 0.2;
            }
            let Estimate { low, high, .. } = bootstrap.mean(values).unwrap();
            covered += u32::from(low <= 0.5 && 0.5 <= high);
        }
        // 95 % of 400 is 380. The tolerance is four standard deviations and the bias of the
        // percentile method.
        assert!((356..=396).contains(&covered), "{covered}");
    }

    proptest! {
        #[test]
        fn the_same_seed_gives_the_same_interval(
            values in prop::collection::vec((0usize..9, 0.0f64..1.0), 1..30),
            seed: u64,
        ) {
            let bootstrap = Bootstrap { resamples: 200, seed };
            let found = bootstrap.mean(values.clone()).unwrap();
            prop_assert_eq!(bootstrap.mean(values.clone()), Some(found));
            prop_assert!(found.low <= found.high && 0.0 <= found.low && found.high <= 1.0);
            let mean = values.iter().map(|(_, value)| value).sum::<f64>() / values.len() as f64;
            prop_assert!((found.value - mean).abs() < 1e-12);
        }

        #[test]
        fn one_prompt_has_no_spread(values in prop::collection::vec(0.0f64..1.0, 1..30)) {
            let found = Bootstrap::default().mean(values.iter().map(|&value| (4, value))).unwrap();
            prop_assert!(found.low == found.value && found.high == found.value);
        }
    }

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(Bootstrap::default().mean([]), None);
    }
}
