//! The factor that makes a base scorer's scores logits.

use pickscore_score::{Formula, Scorer};

/// The factor that makes scores of a scorer logits: 100 for cosines, the inverse spread of `scores`
/// for heads, whose scores have no scale of their own, and 1 for the others. `scores` are those of
/// distinct images.
pub fn logit_scale(scorer: &Scorer, scores: &[f64]) -> f64 {
    match scorer.formula {
        Formula::Similarity { scaled: false } => 100.0,
        Formula::Head { .. } => {
            let count = scores.len().max(1) as f64;
            let mean = scores.iter().sum::<f64>() / count;
            let spread = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count).sqrt();
            if spread > 1e-6 { 1.0 / spread } else { 1.0 }
        }
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_formula_has_its_scale() {
        let scale = |name, scores: &[f64]| logit_scale(Scorer::named(name).unwrap(), scores);
        assert_eq!(scale("pickscore", &[20.0, 22.0]), 1.0);
        assert_eq!(scale("hps-v2", &[0.2, 0.3]), 100.0);
        assert_eq!(scale("aesthetic-v2", &[4.0, 6.0, 4.0, 6.0]), 1.0);
        assert_eq!(scale("aesthetic-v2", &[5.0, 5.5]), 4.0);
        assert_eq!(scale("aesthetic-v2", &[5.0]), 1.0);
    }
}
