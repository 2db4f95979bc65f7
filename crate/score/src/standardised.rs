//! Standardised scores, which compare between scorers.

/// Scores with mean 0 and standard deviation 1 (z-scores): (score − mean) / standard deviation,
/// over all scores. They are all 0 if the scores are equal.
pub fn standardised(scores: &[f32]) -> Vec<f64> {
    let count = scores.len() as f64;
    let mean = scores.iter().map(|&score| f64::from(score)).sum::<f64>() / count;
    let squares = scores.iter().map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>();
    let deviation = (squares / count).sqrt();
    let is_spread = scores.iter().any(|&score| score != scores[0]);
    scores.iter().map(|&score| if is_spread { (f64::from(score) - mean) / deviation } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_standardised() {
        // scipy.stats.zscore([21.5, 20.0, 22.25, 20.75])
        let expected = [0.447_213_6, -1.341_640_79, 1.341_640_79, -0.447_213_6];
        for (found, expected) in standardised(&[21.5, 20.0, 22.25, 20.75]).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-7, "{found} {expected}");
        }
        assert_eq!(standardised(&[0.1, 0.1, 0.1]), [0.0; 3]);
        assert!(standardised(&[]).is_empty());
    }
}
