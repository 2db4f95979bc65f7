//! Images as a taste sees them, beside the base scorer.

use crate::{error::TasteError, file::Taste};

/// An image by a taste.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The score in logits.
    pub score: f64,
    /// The standard deviation of the score from the mean score of the images.
    pub deviation: f64,
    /// How much more than people this person likes it: the score less the base score in logits,
    /// each from the mean of the images.
    pub difference: f64,
}

impl Taste {
    /// Images of one prompt by this taste, from their base scores and embeddings.
    ///
    /// # Errors
    ///
    /// If an embedding is of another model, or a score or an embedding is not finite.
    pub fn judge(&self, images: &[(f64, &[f32])]) -> Result<Vec<Judged>, TasteError> {
        let expected = self.weights.len();
        for (image, (base, embedding)) in images.iter().enumerate() {
            if embedding.len() != expected {
                return Err(TasteError::OtherModel { expected, found: embedding.len() });
            }
            if !base.is_finite() {
                return Err(TasteError::Score { image });
            }
            if !embedding.iter().all(|e| e.is_finite()) {
                return Err(TasteError::Embedding { image, problem: "not finite" });
            }
        }
        let count = images.len().max(1) as f64;
        let scores: Vec<f64> = images.iter().map(|(base, embedding)| self.score(*base, embedding)).collect();
        let mean_score = scores.iter().sum::<f64>() / count;
        let mean_base = images.iter().map(|(base, _)| base).sum::<f64>() / count;
        let mut middle = vec![0.0; expected];
        for (_, embedding) in images {
            middle.iter_mut().zip(*embedding).for_each(|(sum, &e)| *sum += f64::from(e) / count);
        }
        let judged = |((base, embedding), score): (&(f64, &[f32]), f64)| {
            let apart: Vec<f64> =
                embedding.iter().zip(&middle).map(|(&e, middle)| f64::from(e) - middle).collect();
            let base = base - mean_base;
            Judged {
                score,
                deviation: self.variance(base, &apart).sqrt(),
                difference: score - mean_score - self.scorer.scale * base,
            }
        };
        Ok(images.iter().zip(scores).map(judged).collect())
    }
}
