//! Calibration: how well predicted probabilities match observed frequencies.

use serde::{Deserialize, Serialize};

use super::judged::Judged;

/// Number of bins of a reliability diagram.
pub const BINS: usize = 10;

/// A bin of a reliability diagram: pairs with a similar probability of the first image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// The lower edge. Probabilities are above it; in the lowest bin, also equal to it.
    pub above: f64,
    /// The upper edge, inclusive.
    pub up_to: f64,
    /// Number of pairs.
    pub pairs: usize,
    /// Mean probability of the first image.
    pub predicted: f64,
    /// Share of pairs with the first image preferred; a tie counts as half.
    pub observed: f64,
}

/// A reliability diagram: the bins that are not empty, lowest first.
pub fn reliability(pairs: &[Judged], bins: usize) -> Vec<Bin> {
    let edge = |at: usize| at as f64 / bins as f64;
    let mut sums = vec![(0_usize, 0.0, 0.0); bins];
    for pair in pairs {
        let [probability, _] = pair.probabilities();
        // As in scikit-learn's calibration_curve, a probability on an edge is in the lower bin.
        let at = (1..bins).filter(|&at| edge(at) < probability).count();
        if let Some((count, predicted, observed)) = sums.get_mut(at) {
            (*count, *predicted, *observed) =
                (*count + 1, *predicted + probability, *observed + pair.label[0]);
        }
    }
    let held = sums.into_iter().enumerate().filter(|(_, (count, ..))| *count > 0);
    let bin = |(at, (pairs, predicted, observed)): (usize, (usize, f64, f64))| Bin {
        above: edge(at),
        up_to: edge(at + 1),
        pairs,
        predicted: predicted / pairs as f64,
        observed: observed / pairs as f64,
    };
    held.map(bin).collect()
}

/// The expected calibration error: the mean over pairs of the difference between predicted and
/// observed in their bin. 0 without pairs.
pub fn expected_error(bins: &[Bin]) -> f64 {
    let pairs: usize = bins.iter().map(|bin| bin.pairs).sum();
    let apart = |bin: &Bin| (bin.predicted - bin.observed).abs() * bin.pairs as f64;
    bins.iter().map(apart).sum::<f64>() / pairs.max(1) as f64
}

/// The log loss of a pair in nats: the cross-entropy of label and probabilities. It is ln 2 for
/// equal scores.
pub fn log_loss(pair: &Judged) -> f64 {
    let logs = pair.log_probabilities();
    // Avoids 0 · ∞.
    let cost = |(&share, log): (&f64, f64)| if share > 0.0 { -share * log } else { 0.0 };
    pair.label.iter().zip(logs).map(cost).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::bootstrap::uniform;

    #[test]
    fn labels_drawn_from_the_probabilities_are_calibrated() {
        let (mut numbers, mut draws) = (uniform(5, "scores"), uniform(5, "draws"));
        let pairs: Vec<Judged> = (0..50_000)
            .map(|prompt| {
                let scores = [(numbers.next().unwrap() * 6.0 - 3.0) as f32, 0.0];
                let mut pair = Judged { label: [0.0, 1.0], scores, kind: None, prompt };
                if draws.next().unwrap() < pair.probabilities()[0] {
                    pair.label = [1.0, 0.0];
                }
                pair
            })
            .collect();
        assert!(expected_error(&reliability(&pairs, BINS)) < 0.01);
        let sure: Vec<Judged> = pairs
            .iter()
            .map(|pair| Judged { scores: pair.scores.map(|score| score * 4.0), ..pair.clone() })
            .collect();
        assert!(expected_error(&reliability(&sure, BINS)) > 0.1);
        let loss = |pairs: &[Judged]| pairs.iter().map(log_loss).sum::<f64>();
        assert!(loss(&pairs) < loss(&sure));
    }

    #[test]
    fn far_scores_cost_what_they_lie_apart() {
        let pair = |label, scores| Judged { label, scores, kind: None, prompt: 0 };
        assert_eq!(log_loss(&pair([0.0, 1.0], [2000.0, 0.0])), 2000.0);
        assert_eq!(log_loss(&pair([1.0, 0.0], [2000.0, 0.0])), 0.0);
        assert!((log_loss(&pair([0.5, 0.5], [7.0, 7.0])) - std::f64::consts::LN_2).abs() < 1e-15);
    }

    #[test]
    fn no_pairs_have_no_error() {
        assert_eq!(expected_error(&reliability(&[], BINS)), 0.0);
    }

    proptest! {
        #[test]
        fn every_pair_is_in_the_bin_of_its_probability(
            scores in prop::collection::vec((-5.0f32..5.0, -5.0f32..5.0), 1..50), bins in 1usize..20,
        ) {
            let pairs: Vec<Judged> = scores
                .iter()
                .map(|&(left, right)| Judged { label: [0.5, 0.5], scores: [left, right], kind: None, prompt: 0 })
                .collect();
            let found = reliability(&pairs, bins);
            prop_assert_eq!(found.iter().map(|bin| bin.pairs).sum::<usize>(), pairs.len());
            for bin in &found {
                prop_assert!(bin.above - 1e-12 <= bin.predicted && bin.predicted <= bin.up_to + 1e-12);
                prop_assert_eq!(bin.observed, 0.5);
            }
        }
    }
}
