//! Two embeddings → score; scores → probabilities, ranks and labels.
//!
//! `s(prompt, image) = exp(logit_scale) · cos(prompt, image)`; only scores of the same prompt compare.

mod embedding;
mod label;

use std::cmp::Ordering;

pub use embedding::Embedding;
pub use label::Label;

/// How well an image fits a prompt. Real models give about 20 (`logit_scale` is about 100, cosines are about 0.2).
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
}
