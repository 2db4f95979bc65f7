//! Scores from pairs of embeddings; probabilities, ranks and labels from scores.
//!
//! `s(prompt, image) = exp(logit_scale) · cos(prompt, image)`. Only scores for the same prompt are
//! comparable.

mod catalogue;
mod embedding;
mod head;
mod label;
mod probabilities;
mod standardised;

use std::cmp::Ordering;

pub use catalogue::{Formula, Group, ImageInput, Licence, Published, SCORERS, Scorer, TextInput};
pub use embedding::Embedding;
pub use head::{Head, HeadError, Layer};
pub use label::Label;
pub use probabilities::probabilities;
pub use standardised::standardised;

/// Scores how well an image matches a prompt. `logit_scale` is the already exponentiated factor,
/// about 100 for published models. Their cosines are about 0.2, so typical scores are about 20.
pub fn score(logit_scale: f32, prompt: &Embedding, image: &Embedding) -> f32 {
    logit_scale * prompt.cosine(image)
}

/// Ranks the images of one prompt: 1 for the highest score. Equal scores share a rank, and the
/// following ranks are skipped (1, 2, 2, 4).
pub fn ranks(scores: &[f32]) -> Vec<usize> {
    let above =
        |score: &f32| scores.iter().filter(|other| other.total_cmp(score) == Ordering::Greater).count();
    scores.iter().map(|score| above(score) + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_share_a_rank() {
        assert_eq!(ranks(&[2.0, 3.0, 2.0, 1.0]), [2, 1, 2, 4]);
        assert!(ranks(&[]).is_empty());
    }
}
