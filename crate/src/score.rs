//! Embedding × embedding → score, probability, rank, verdict.
//!
//! `s(prompt, image) = exp(logit_scale) · cos(prompt, image)`; only scores of the same prompt compare.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

#[cfg(feature = "model")]
use crate::towers::Embedding;

/// How well an image fits a prompt. Real models give about 20 (`logit_scale` is about 100, cosines are about 0.2).
#[cfg(feature = "model")]
pub fn score(logit_scale: f32, prompt: &Embedding, image: &Embedding) -> f32 {
    logit_scale * prompt.cosine(image)
}

/// Each image's probability of being the preferred one, given the scores of one prompt's images: their softmax.
///
/// Sums to 1; empty for no scores.
pub fn probabilities(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = scores.iter().map(|&score| f64::from(score - highest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

/// Each image's place among the images of one prompt: 1 for the highest score. Equal scores share a place, and the places after it are
/// left out.
pub fn ranks(scores: &[f32]) -> Vec<usize> {
    let above =
        |score: &f32| scores.iter().filter(|other| other.total_cmp(score) == Ordering::Greater).count();
    scores.iter().map(|score| above(score) + 1).collect()
}

/// Which of two images is the better one: for a scorer, or for a person ([`crate::preference::Label`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The first.
    Left,
    /// Neither.
    Tie,
    /// The second.
    Right,
}

impl Verdict {
    /// A tie where the two probabilities are at most `tie_threshold` (0 to 1) apart, as the paper's evaluation has it.
    pub fn of(scores: [f32; 2], tie_threshold: f32) -> Self {
        let probabilities = probabilities(&scores);
        let lead = probabilities[0] - probabilities[1];
        if lead.abs() <= tie_threshold {
            Self::Tie
        } else if lead > 0.0 {
            Self::Left
        } else {
            Self::Right
        }
    }

    /// The same with the sides exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Tie => Self::Tie,
            Self::Right => Self::Left,
        }
    }

    /// `"left"`, `"tie"` or `"right"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Tie => "tie",
            Self::Right => "right",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_the_softmax() {
        // torch.softmax(torch.tensor([21.5, 20.0, 22.25], dtype=torch.float64), 0)
        let expected = [0.299_389_53, 0.066_802_83, 0.633_807_64];
        for (found, expected) in probabilities(&[21.5, 20.0, 22.25]).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(probabilities(&[500.0, -500.0]), [1.0, 0.0]);
        assert_eq!(probabilities(&[3.0]), [1.0]);
        assert!(probabilities(&[]).is_empty());
    }

    #[test]
    fn equal_scores_share_a_rank() {
        assert_eq!(ranks(&[2.0, 3.0, 2.0, 1.0]), [2, 1, 2, 4]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn a_verdict_is_a_tie_within_its_threshold() {
        assert_eq!(Verdict::of([21.0, 20.0], 0.0), Verdict::Left);
        assert_eq!(Verdict::of([20.0, 21.0], 0.0), Verdict::Right);
        assert_eq!(Verdict::of([20.0, 20.0], 0.0), Verdict::Tie);
        // softmax(1, 0) = 0.7311, 0.2689: 0.4621 apart
        assert_eq!(Verdict::of([21.0, 20.0], 0.47), Verdict::Tie);
        assert_eq!(Verdict::of([21.0, 20.0], 0.46), Verdict::Left);
    }
}
