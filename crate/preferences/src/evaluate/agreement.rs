//! The human baseline: how well people predict the choices of others, and their own.
//!
//! It is measured in points, as for scorers. A choice is predicted by the choice of another rater
//! about the same prompt and images (or by another choice of the same rater), regardless of sides.
//! If there are several other raters, each has the same weight.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    accuracy::points,
    bootstrap::{Bootstrap, Estimate},
    opinions::Opinions,
};
use pickscore_score::Label;

/// A rater's choice about a pair. Pairs and raters are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opinion {
    /// The prompt and the two images.
    pub pair: u32,
    /// The rater.
    pub rater: u32,
    /// The label. Left is the first image of the pair, on whichever side it was shown.
    pub verdict: Label,
}

/// Who predicts a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predictor {
    /// The other raters of the pair, each with the mean of their choices.
    Others,
    /// The other choices of the same rater about the pair.
    Oneself,
}

/// How well a choice was predicted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// Expected points: 1 for the same choice, ½ if exactly one is a tie.
    pub points: f64,
    /// The probability of the same choice.
    pub exact: f64,
}

/// How well people predict choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreed {
    /// Number of predicted choices.
    pub choices: usize,
    /// Number of pairs of these choices.
    pub pairs: usize,
    /// Number of raters of these choices.
    pub raters: usize,
    /// Tie-aware accuracy of the prediction.
    pub accuracy: Estimate,
    /// How often prediction and choice are equal.
    pub exact: Estimate,
}

/// The human baselines of a dataset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Humans {
    /// Choices predicted by other raters; absent if no pair has two raters.
    pub others: Option<Agreed>,
    /// Choices predicted by the same rater; absent if nobody judged a pair twice.
    pub oneself: Option<Agreed>,
}

impl Humans {
    /// Computes both from choices between images. Choices without a rater are ignored.
    pub fn of(opinions: &Opinions, bootstrap: &Bootstrap) -> Self {
        let (opinions, prompts) = opinions.repeated();
        let [others, oneself] = [Predictor::Others, Predictor::Oneself]
            .map(|predictor| Agreed::of(&opinions, &prompts, predictor, bootstrap));
        Self { others, oneself }
    }
}

impl Agreed {
    /// How well choices are predicted, each with the number of its prompt; `None` if none is.
    fn of(
        opinions: &[Opinion],
        prompts: &[usize],
        predictor: Predictor,
        bootstrap: &Bootstrap,
    ) -> Option<Self> {
        let predicted = predictions(opinions, predictor);
        let found = || opinions.iter().zip(prompts).zip(&predicted);
        let found = || found().filter_map(|((one, prompt), found)| Some((one, *prompt, (*found)?)));
        let mean = |of: &dyn Fn(Predicted) -> f64| {
            bootstrap.mean(found().map(|(_, prompt, found)| (prompt, of(found))))
        };
        Some(Self {
            choices: found().count(),
            pairs: found().map(|(one, ..)| one.pair).collect::<BTreeSet<_>>().len(),
            raters: found().map(|(one, ..)| one.rater).collect::<BTreeSet<_>>().len(),
            accuracy: mean(&|found| found.points)?,
            exact: mean(&|found| found.exact)?,
        })
    }
}

/// How well each choice is predicted; `None` for a choice without a predictor.
pub fn predictions(opinions: &[Opinion], predictor: Predictor) -> Vec<Option<Predicted>> {
    let mut order: Vec<usize> = (0..opinions.len()).collect();
    order.sort_by_key(|&at| (opinions[at].pair, opinions[at].rater, at));
    let mut found = vec![None; opinions.len()];
    for of_pair in order.chunk_by(|&one, &other| opinions[one].pair == opinions[other].pair) {
        let of_raters = || of_pair.chunk_by(|&one, &other| opinions[one].rater == opinions[other].rater);
        let shares: Vec<[f64; 3]> = of_raters()
            .map(|places| {
                let mut counts = [0.0; 3];
                places
                    .iter()
                    .for_each(|&at| counts[place(opinions[at].verdict)] += 1.0 / places.len() as f64);
                counts
            })
            .collect();
        let all = shares.iter().fold([0.0; 3], |all, share| [0, 1, 2].map(|at| all[at] + share[at]));
        for (places, own) in of_raters().zip(&shares) {
            for &at in places {
                let verdict = opinions[at].verdict;
                let (voices, weights) = match predictor {
                    Predictor::Others => (shares.len() - 1, [0, 1, 2].map(|at| all[at] - own[at])),
                    Predictor::Oneself => {
                        let mut counts = own.map(|share| share * places.len() as f64);
                        counts[place(verdict)] -= 1.0;
                        (places.len() - 1, counts)
                    }
                };
                if voices > 0 {
                    let share = |said: Label| weights[place(said)].max(0.0) / voices as f64;
                    let expected = |said: Label| share(said) * points(verdict, said);
                    let points = [Label::Left, Label::Tie, Label::Right].map(expected).iter().sum();
                    found[at] = Some(Predicted { points, exact: share(verdict) });
                }
            }
        }
    }
    found
}

fn place(verdict: Label) -> usize {
    match verdict {
        Label::Left => 0,
        Label::Tie => 1,
        Label::Right => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::Comparison;

    fn humans(comparisons: &[Comparison], bootstrap: &Bootstrap) -> Humans {
        Humans::of(&comparisons.iter().collect(), bootstrap)
    }

    /// The definition: compares every choice with every other one.
    fn slowly(opinions: &[Opinion], predictor: Predictor) -> Vec<Option<Predicted>> {
        let of_one = |at: usize| {
            let one = opinions[at];
            let mut voices: BTreeMap<(u32, usize), Vec<Label>> = BTreeMap::new();
            for (index, other) in opinions.iter().enumerate() {
                let same = other.rater == one.rater;
                if index == at || other.pair != one.pair || same != (predictor == Predictor::Oneself) {
                    continue;
                }
                let voice = (other.rater, if same { index } else { 0 });
                voices.entry(voice).or_default().push(other.verdict);
            }
            let mean = |of: &dyn Fn(Label) -> f64| {
                let of_voice =
                    |said: &Vec<Label>| said.iter().map(|&said| of(said)).sum::<f64>() / said.len() as f64;
                voices.values().map(of_voice).sum::<f64>() / voices.len() as f64
            };
            (!voices.is_empty()).then(|| Predicted {
                points: mean(&|said| points(one.verdict, said)),
                exact: mean(&|said| f64::from(u8::from(said == one.verdict))),
            })
        };
        (0..opinions.len()).map(of_one).collect()
    }

    fn opinion() -> impl Strategy<Value = Opinion> {
        let verdict = prop::sample::select(vec![Label::Left, Label::Tie, Label::Right]);
        (0u32..4, 0u32..4, verdict).prop_map(|(pair, rater, verdict)| Opinion { pair, rater, verdict })
    }

    fn comparison(opinion: &Opinion, swapped: bool) -> Comparison {
        let (left, right) = (format!("{}-a", opinion.pair), format!("{}-b", opinion.pair));
        let (left, right, verdict) =
            if swapped { (right, left, opinion.verdict.swapped()) } else { (left, right, opinion.verdict) };
        Comparison {
            left,
            right,
            verdict,
            prompt: (opinion.pair % 2).to_string(),
            rater: Some(opinion.rater.to_string()),
        }
    }

    proptest! {
        #[test]
        fn counting_says_what_every_two_say(opinions in prop::collection::vec(opinion(), 0..40)) {
            for predictor in [Predictor::Others, Predictor::Oneself] {
                let (fast, slow) = (predictions(&opinions, predictor), slowly(&opinions, predictor));
                for pair in fast.into_iter().zip(slow) {
                    match pair {
                        (Some(a), Some(b)) => prop_assert!(
                            (a.points - b.points).abs() < 1e-12 && (a.exact - b.exact).abs() < 1e-12
                        ),
                        (a, b) => prop_assert_eq!(a, b),
                    }
                }
            }
        }

        #[test]
        fn sides_and_order_do_not_matter(opinions in prop::collection::vec((opinion(), any::<bool>()), 0..40)) {
            let bootstrap = Bootstrap { resamples: 0, seed: 1 };
            let plain: Vec<Comparison> = opinions.iter().map(|(one, _)| comparison(one, false)).collect();
            let swapped: Vec<Comparison> =
                opinions.iter().rev().map(|(one, swapped)| comparison(one, *swapped)).collect();
            let (one, other) = (humans(&plain, &bootstrap), humans(&swapped, &bootstrap));
            for pair in [(one.others, other.others), (one.oneself, other.oneself)] {
                match pair {
                    (Some(a), Some(b)) => {
                        prop_assert_eq!((a.choices, a.pairs, a.raters), (b.choices, b.pairs, b.raters));
                        prop_assert!((a.accuracy.value - b.accuracy.value).abs() < 1e-12);
                        prop_assert!((a.exact.value - b.exact.value).abs() < 1e-12);
                    }
                    (a, b) => prop_assert_eq!(a, b),
                }
            }
        }
    }

    #[test]
    fn those_without_a_rater_say_nothing() {
        let one = Opinion { pair: 0, rater: 0, verdict: Label::Left };
        let named = comparison(&one, false);
        let nameless = Comparison { rater: None, ..named.clone() };
        assert_eq!(humans(&[named.clone(), nameless], &Bootstrap::default()), Humans::default());
        let other = Comparison { rater: Some("b".into()), verdict: Label::Tie, ..named.clone() };
        let found = humans(&[named, other], &Bootstrap::default()).others.unwrap();
        assert_eq!((found.choices, found.pairs, found.raters, found.accuracy.value), (2, 1, 2, 0.5));
        assert_eq!(found.exact.value, 0.0);
    }
}
