//! How far scorers agree with each other: Kendall's τ-b with a bootstrap interval.

use serde::{Deserialize, Serialize};

use super::{
    bootstrap::{Bootstrap, Estimate, interval},
    correlation::kendall,
    judged::Judged,
};

/// The agreement of two scorers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Concordance {
    /// The names of the scorers.
    pub scorers: [String; 2],
    /// Kendall's τ-b: 1 if both put everything in the same order, −1 if in the opposite order.
    pub kendall: Estimate,
}

/// Limit on the number of values that are drawn for an interval. With more than 20,000 images there
/// are fewer than 2000 resamples.
const MOST_DRAWN: usize = 40_000_000;
/// Minimum number of resamples.
const FEWEST: usize = 100;

/// The agreement of two scorers on the images of one prompt, given their scores in the same order.
/// The interval resamples images. `None` for fewer than two images, if all scores of one scorer are
/// equal, and if a score is not finite.
pub fn of_images(one: &[f64], other: &[f64], bootstrap: &Bootstrap) -> Option<Estimate> {
    let value = kendall(one, other)?;
    let resamples = (MOST_DRAWN / one.len()).max(FEWEST).min(bootstrap.resamples);
    let of_draw = |at: usize| {
        let counts = bootstrap.draw(one.len(), at);
        let places: Vec<usize> =
            (0..one.len()).flat_map(|place| std::iter::repeat_n(place, counts[place] as usize)).collect();
        let drawn = |values: &[f64]| places.iter().map(|&place| values[place]).collect::<Vec<_>>();
        kendall(&drawn(one), &drawn(other))
    };
    let mut drawn: Vec<f64> = (0..resamples).filter_map(of_draw).collect();
    Some(estimate(value, &mut drawn))
}

/// The agreement of two scorers on pairs of images, given the same pairs with the scores of each:
/// τ-b over the pairs. Scores of different prompts do not compare, so only the two images of a pair
/// are put in order. The interval resamples prompts. `None` if one scorer prefers no image.
pub fn of_pairs(one: &[Judged], other: &[Judged], bootstrap: &Bootstrap) -> Option<Estimate> {
    let mut sums: Vec<[f64; 3]> = Vec::new();
    for (one, other) in one.iter().zip(other) {
        let [a, b] = [one, other].map(|pair| order(pair.scores));
        if one.prompt >= sums.len() {
            sums.resize(one.prompt + 1, [0.0; 3]);
        }
        let of_prompt = &mut sums[one.prompt];
        *of_prompt = [of_prompt[0] + a * b, of_prompt[1] + a * a, of_prompt[2] + b * b];
    }
    let total = |weights: &dyn Fn(usize) -> f64| {
        sums.iter().enumerate().fold([0.0; 3], |all, (prompt, sums)| {
            let weight = weights(prompt);
            [0, 1, 2].map(|at| all[at] + weight * sums[at])
        })
    };
    let tau = |[ahead, one, other]: [f64; 3]| (one * other > 0.0).then(|| ahead / (one * other).sqrt());
    let value = tau(total(&|_| 1.0))?;
    let mut drawn: Vec<f64> = (0..bootstrap.resamples)
        .filter_map(|at| {
            let counts = bootstrap.draw(sums.len(), at);
            tau(total(&|prompt| counts[prompt]))
        })
        .collect();
    Some(estimate(value, &mut drawn))
}

/// 1 if the left score is higher, −1 if the right one is, 0 if they are equal.
fn order([left, right]: [f32; 2]) -> f64 {
    f64::from(i8::from(left > right) - i8::from(left < right))
}

fn estimate(value: f64, drawn: &mut [f64]) -> Estimate {
    let [low, high] = interval(drawn).unwrap_or([value, value]);
    Estimate { value, low, high }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(prompt: usize, scores: [f32; 2]) -> Judged {
        Judged { label: [1.0, 0.0], scores, kind: None, prompt }
    }

    #[test]
    fn one_scorer_agrees_with_itself_and_not_with_its_opposite() {
        let scores: Vec<f64> = (0..12).map(|at| f64::from(at * 5 % 12)).collect();
        let opposite: Vec<f64> = scores.iter().map(|score| -score).collect();
        let same = Estimate { value: 1.0, low: 1.0, high: 1.0 };
        assert_eq!(of_images(&scores, &scores, &Bootstrap::default()), Some(same));
        let found = of_images(&scores, &opposite, &Bootstrap::default()).unwrap();
        assert_eq!((found.value, found.low, found.high), (-1.0, -1.0, -1.0));
        assert_eq!(of_images(&[1.0], &[1.0], &Bootstrap::default()), None);
        assert_eq!(of_images(&[1.0, 1.0], &[1.0, 2.0], &Bootstrap::default()), None);
    }

    #[test]
    fn pairs_of_one_prompt_stay_together() {
        // The scorers agree on the three pairs of prompt 0, disagree on prompt 1, and each has a
        // tie: τ = (3 − 1) / √(5 · 5).
        let one = [[1.0, 0.0], [2.0, 1.0], [0.0, 4.0], [1.0, 2.0], [1.0, 1.0], [1.0, 2.0]];
        let other = [[0.3, 0.1], [0.3, 0.2], [0.0, 0.1], [0.2, 0.1], [0.1, 0.2], [0.1, 0.1]];
        let prompts = [0, 0, 0, 1, 2, 3];
        let [one, other] = [one, other]
            .map(|scores| prompts.into_iter().zip(scores).map(|(prompt, scores)| judged(prompt, scores)))
            .map(Iterator::collect::<Vec<_>>);
        let found = of_pairs(&one, &other, &Bootstrap::default()).unwrap();
        assert!((found.value - 0.4).abs() < 1e-12, "{found:?}");
        assert!(found.low < 0.0 && found.high > 0.8, "{found:?}");
        let alike: Vec<Judged> = one.iter().map(|pair| judged(pair.prompt, [1.0; 2])).collect();
        assert_eq!(of_pairs(&one, &alike, &Bootstrap::default()), None);
    }

    proptest! {
        /// With one pair for each prompt and no ties, τ is the share of agreement scaled to −1..1.
        #[test]
        fn of_pairs_counts_agreement(signs in prop::collection::vec((any::<bool>(), any::<bool>()), 1..40)) {
            let side = |left: bool| if left { [1.0, 0.0] } else { [0.0, 1.0] };
            let of = |signs: &mut dyn Iterator<Item = bool>| {
                signs.enumerate().map(|(prompt, left)| judged(prompt, side(left))).collect::<Vec<_>>()
            };
            let one = of(&mut signs.iter().map(|(a, _)| *a));
            let other = of(&mut signs.iter().map(|(_, b)| *b));
            let agree = signs.iter().filter(|(a, b)| a == b).count() as f64 / signs.len() as f64;
            let bootstrap = Bootstrap { resamples: 50, seed: 1 };
            let found = of_pairs(&one, &other, &bootstrap).unwrap();
            prop_assert!((found.value - (2.0 * agree - 1.0)).abs() < 1e-12);
        }
    }
}
