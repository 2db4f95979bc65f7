//! The tie-aware accuracy of the Pick-a-Pic paper.

use super::judged::Judged;
use pickscore_score::Label;

/// The candidates for the tie threshold.
pub const GRID: [f64; 11] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// The points of a prediction: 1 if it equals the label, ½ if exactly one of the two is a tie, else
/// 0.
pub fn points(judged: Label, predicted: Label) -> f64 {
    if judged == predicted {
        1.0
    } else if (judged == Label::Tie) != (predicted == Label::Tie) {
        0.5
    } else {
        0.0
    }
}

/// The mean points of pairs at a tie threshold; `None` without pairs.
pub fn accuracy(pairs: &[Judged], threshold: f64) -> Option<f64> {
    let points = pairs.iter().map(|pair| points(pair.judged(), pair.predicted(threshold)));
    (!pairs.is_empty()).then(|| points.sum::<f64>() / pairs.len() as f64)
}

/// The threshold of [`GRID`] with the highest accuracy, the lowest if several are equal; `None`
/// without pairs. Choose it on validation pairs and apply it to test pairs.
pub fn best_threshold(pairs: &[Judged]) -> Option<f64> {
    let mut best = None;
    for threshold in GRID {
        let found = accuracy(pairs, threshold)?;
        if best.is_none_or(|(_, highest)| found > highest) {
            best = Some((threshold, found));
        }
    }
    best.map(|(threshold, _)| threshold)
}

/// The expected points of a random scorer for a pair. Its probability for the first image is
/// uniform in 0 to 1, so it predicts a tie with probability `threshold`, and otherwise each side
/// with equal probability.
///
/// If a share `q` of the pairs are ties, its accuracy is ½ + `threshold` · q / 2. At threshold 1
/// every prediction is a tie and the accuracy is largest: ½ + q / 2. With q = 13.6 %, about the
/// share of ties in the paper's dataset, this is the paper's 56.8 % for Random. Aesthetics has
/// exactly 56.8 % too, which suggests that both thresholds were tuned to 1.
pub fn random_points(judged: Label, threshold: f64) -> f64 {
    if judged == Label::Tie { threshold + (1.0 - threshold) * 0.5 } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::bootstrap::uniform;

    fn pairs(ties: usize, others: usize, scores: impl Iterator<Item = [f32; 2]>) -> Vec<Judged> {
        let labels = (0..ties + others).map(|at| match at {
            at if at < ties => [0.5, 0.5],
            at if at % 2 == 0 => [1.0, 0.0],
            _ => [0.0, 1.0],
        });
        let pair = |(prompt, (label, scores))| Judged { label, scores, kind: None, prompt };
        labels.zip(scores).enumerate().map(pair).collect()
    }

    #[test]
    fn points_are_the_papers() {
        use Label::{Left, Right, Tie};
        for (judged, predicted, expected) in [
            (Left, Left, 1.0),
            (Left, Tie, 0.5),
            (Left, Right, 0.0),
            (Tie, Left, 0.5),
            (Tie, Tie, 1.0),
            (Tie, Right, 0.5),
            (Right, Left, 0.0),
            (Right, Tie, 0.5),
            (Right, Right, 1.0),
        ] {
            assert_eq!(points(judged, predicted), expected, "{judged:?} {predicted:?}");
        }
    }

    #[test]
    fn a_scorer_that_knows_nothing_gets_what_the_paper_says() {
        // 13.6 % ties. Probabilities uniform in 0 to 1 are scores ln(u / (1 - u)).
        let (ties, others) = (13_600, 86_400);
        let scores = uniform(7, "random").map(|u| [(u / (1.0 - u)).ln() as f32, 0.0]);
        let pairs = pairs(ties, others, scores);
        for threshold in GRID {
            let expected: f64 =
                pairs.iter().map(|pair| random_points(pair.judged(), threshold)).sum::<f64>() / 1e5;
            let found = accuracy(&pairs, threshold).unwrap();
            // Five standard deviations of a mean of 100,000 points of variance ¼ at most.
            assert!((found - expected).abs() < 0.008, "{threshold}: {found} {expected}");
        }
        assert_eq!(best_threshold(&pairs), Some(1.0));
        assert_eq!(accuracy(&pairs, 1.0), Some(0.568));
    }

    #[test]
    fn the_first_of_equal_thresholds_is_taken() {
        let scores = std::iter::repeat([3.0, 3.0]);
        assert_eq!(best_threshold(&pairs(2, 4, scores)), Some(0.0));
        assert_eq!((best_threshold(&[]), accuracy(&[], 0.5)), (None, None));
    }

    fn judged() -> impl Strategy<Value = Judged> {
        let label = prop::sample::select(vec![[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]);
        (label, -3.0f32..3.0, -3.0f32..3.0).prop_map(|(label, left, right)| Judged {
            label,
            scores: [left, right],
            kind: None,
            prompt: 0,
        })
    }

    proptest! {
        #[test]
        fn sides_do_not_matter(pairs in prop::collection::vec(judged(), 1..40), threshold in 0.0f64..1.0) {
            let swapped: Vec<Judged> = pairs
                .iter()
                .map(|pair| Judged {
                    label: [pair.label[1], pair.label[0]],
                    scores: [pair.scores[1], pair.scores[0]],
                    ..pair.clone()
                })
                .collect();
            prop_assert_eq!(accuracy(&pairs, threshold), accuracy(&swapped, threshold));
        }

        #[test]
        fn the_best_threshold_is_the_best(pairs in prop::collection::vec(judged(), 1..40)) {
            let best = accuracy(&pairs, best_threshold(&pairs).unwrap()).unwrap();
            for threshold in GRID {
                prop_assert!(accuracy(&pairs, threshold).unwrap() <= best);
            }
            let ties = pairs.iter().filter(|pair| pair.judged() == Label::Tie).count() as f64;
            let always_a_tie = (1.0 + ties / pairs.len() as f64) / 2.0;
            prop_assert!((accuracy(&pairs, 1.0).unwrap() - always_a_tie).abs() < 1e-12);
        }

        #[test]
        fn adding_to_both_scores_changes_nothing(pair in judged(), threshold in 0.0f64..1.0) {
            let moved = Judged { scores: pair.scores.map(|score| score + 64.0), ..pair.clone() };
            let exact = Judged { scores: moved.scores.map(|score| score - 64.0), ..pair };
            prop_assert_eq!(moved.predicted(threshold), exact.predicted(threshold));
        }
    }
}
