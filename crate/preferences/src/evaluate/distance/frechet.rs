//! The Fréchet distance between two normal distributions.

use super::{eigenvalues::eigenvalues, moments::Moments, products::rows_by_rows};

/// The Fréchet distance of two sets of images, with the mean and covariance of their features:
/// ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½).
///
/// `None` if a set has fewer than two images, if the sets have different numbers of features, and
/// if a feature is not finite.
pub fn frechet(one: &Moments, other: &Moments) -> Option<f64> {
    let features = one.features();
    if features != other.features() {
        return None;
    }
    let (first, second) = (one.covariance()?, other.covariance()?);
    let apart: f64 = one.mean().iter().zip(other.mean()).map(|(a, b)| (a - b).powi(2)).sum();
    let trace = |matrix: &[f64]| (0..features).map(|at| matrix[at * features + at]).sum::<f64>();
    let traces = trace(&first) + trace(&second);
    let distance = apart + traces - 2.0 * trace_of_root(&first, &second, features)?;
    distance.is_finite().then_some(distance.max(0.0))
}

/// tr((A·B)^½) for two covariances. With A = LᵀL, A·B has the same eigenvalues as L·B·Lᵀ, which is
/// symmetric.
fn trace_of_root(a: &[f64], b: &[f64], size: usize) -> Option<f64> {
    let factor = factor(a, size)?;
    let rank = factor.len() / size.max(1);
    let product = rows_by_rows(&factor, b, size);
    let symmetric = rows_by_rows(&product, &factor, size);
    // Rounding makes the smallest ones negative.
    Some(eigenvalues(symmetric, rank)?.into_iter().map(|value| value.max(0.0).sqrt()).sum())
}

/// L, `[rank, size]`, with LᵀL = A: Cholesky's decomposition with pivots, which ends where the rest
/// of a singular matrix is zero but for rounding. `None` if a value is not finite.
fn factor(matrix: &[f64], size: usize) -> Option<Vec<f64>> {
    if !matrix.iter().all(|value| value.is_finite()) {
        return None;
    }
    // The diagonal of A − LᵀL. Other values are only computed for the pivot's row.
    let mut diagonal: Vec<f64> = (0..size).map(|at| matrix[at * size + at]).collect();
    let smallest = diagonal.iter().copied().fold(0.0, f64::max) * f64::EPSILON * size as f64;
    let mut factor: Vec<f64> = Vec::with_capacity(size * size);
    for _ in 0..size {
        let highest = diagonal.iter().enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other));
        let Some((pivot, &value)) = highest.filter(|(_, value)| **value > smallest) else { break };
        let root = value.sqrt();
        let mut row = matrix[pivot * size..(pivot + 1) * size].to_vec();
        for earlier in factor.chunks_exact(size) {
            let scale = earlier[pivot];
            row.iter_mut().zip(earlier).for_each(|(value, earlier)| *value -= scale * earlier);
        }
        for (at, value) in row.iter_mut().enumerate() {
            // Earlier pivots are done.
            *value = if diagonal[at] == f64::NEG_INFINITY { 0.0 } else { *value / root };
        }
        diagonal.iter_mut().zip(&row).for_each(|(left, value)| *left -= value * value);
        row[pivot] = root;
        diagonal[pivot] = f64::NEG_INFINITY;
        factor.extend(row);
    }
    Some(factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moments(images: &[Vec<f64>]) -> Moments {
        let mut moments = Moments::new(images[0].len());
        moments.add(&images.iter().map(Vec::as_slice).collect::<Vec<_>>());
        moments
    }

    #[test]
    fn one_feature_has_a_closed_form() {
        // (μ₁ − μ₂)² + (σ₁ − σ₂)²: means 2 and 5, deviations 1 and 3.
        let one = moments(&[vec![1.0], vec![2.0], vec![3.0]]);
        let other = moments(&[vec![2.0], vec![5.0], vec![8.0]]);
        assert!((frechet(&one, &other).unwrap() - 13.0).abs() < 1e-12);
        assert_eq!(frechet(&one, &Moments::new(1)), None);
        assert_eq!(frechet(&one, &moments(&[vec![1.0, 2.0], vec![2.0, 1.0]])), None);
        assert_eq!(frechet(&one, &moments(&[vec![f64::NAN], vec![2.0]])), None);
        let same = moments(&[vec![1.0], vec![1.0]]);
        assert_eq!(frechet(&same, &same), Some(0.0));
    }

    fn images() -> impl Strategy<Value = Vec<Vec<f64>>> {
        prop::collection::vec(prop::collection::vec(-1.0f64..1.0, 6), 2..20)
    }

    proptest! {
        #[test]
        fn the_distance_is_symmetric_and_zero_for_the_same(one in images(), other in images()) {
            let (one, other) = (moments(&one), moments(&other));
            let (there, back) = (frechet(&one, &other).unwrap(), frechet(&other, &one).unwrap());
            prop_assert!((there - back).abs() < 1e-6 && there >= 0.0, "{} {}", there, back);
            prop_assert!(frechet(&one, &one).unwrap() < 1e-6);
        }

        #[test]
        fn a_shift_adds_its_square(images in images(), shift in -3.0f64..3.0) {
            let moved: Vec<Vec<f64>> =
                images.iter().map(|image| image.iter().map(|x| x + shift).collect()).collect();
            let found = frechet(&moments(&images), &moments(&moved)).unwrap();
            prop_assert!((found - 6.0 * shift * shift).abs() < 1e-6, "{}", found);
        }
    }
}
