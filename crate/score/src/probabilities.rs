//! Preference probabilities from scores.

/// The probability that each image is the preferred one: the softmax of the scores for one prompt.
///
/// The result sums to 1. It is empty if `scores` is empty.
pub fn probabilities(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = scores.iter().map(|&score| f64::from(score - highest).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| (weight / sum) as f32).collect()
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
}
