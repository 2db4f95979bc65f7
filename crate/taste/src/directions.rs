//! The directions of a posterior that choices have taught most about: the largest eigenvalues of
//! the matrix of negative second derivatives and their vectors (Lanczos' method).
//!
//! In whitened variables the covariance is about 1 − Σ λ·u·uᵀ. Leaving directions out leaves the
//! variance larger, never smaller.

use pickscore_common::seeded::{hashes, uniform};

use crate::{
    linear::{add, dot, length},
    posterior::Posterior,
};

/// Maximum number of Lanczos' steps; with five times as many steps as directions the first ones are
/// exact to several digits.
const STEPS: usize = 80;

/// A direction in whitened variables: those of w in the space of embeddings, then that of α.
#[derive(Debug, Clone, PartialEq)]
pub struct Direction {
    /// By how much the variance along it is lower than the prior's: 0 to 1.
    pub reduction: f64,
    /// The unit vector.
    pub vector: Vec<f64>,
}

/// At most `count` directions, the most reduced first.
pub fn directions(posterior: &Posterior, count: usize) -> Vec<Direction> {
    let size = posterior.fit().weights.len() + 1;
    let steps = STEPS.min(size);
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(steps);
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut next: Vec<f64> =
        hashes(0, "taste directions", 0).map(|z| f64::from(uniform(z))).take(size).collect();
    for _ in 0..steps {
        let norm = length(&next);
        // The space is exhausted: what is left is the prior.
        if norm < 1e-9 {
            break;
        }
        if !basis.is_empty() {
            beside.push(norm);
        }
        let unit: Vec<f64> = next.iter().map(|x| x / norm).collect();
        // Without the prior's 1, so that numbers near it keep their digits.
        next = posterior.precision(&unit);
        add(&mut next, -1.0, &unit);
        diagonal.push(dot(&next, &unit));
        basis.push(unit);
        // Twice, because rounding would let found directions come back.
        for _ in 0..2 {
            for known in &basis {
                let share = dot(&next, known);
                add(&mut next, -share, known);
            }
        }
    }
    let (values, vectors) = tridiagonal(&diagonal, &beside);
    let mut left: Vec<usize> = (0..values.len()).filter(|&at| values[at] > 1e-6).collect();
    let mut order = Vec::new();
    while let Some(place) = (0..left.len()).max_by(|&a, &b| values[left[a]].total_cmp(&values[left[b]])) {
        order.push(left.swap_remove(place));
    }
    let direction = |at: usize| {
        let mut vector = vec![0.0; size];
        basis.iter().zip(&vectors).for_each(|(basis, row)| add(&mut vector, row[at], basis));
        let norm = length(&vector);
        vector.iter_mut().for_each(|x| *x /= norm);
        Direction { reduction: values[at] / (1.0 + values[at]), vector }
    };
    order.into_iter().take(count).map(direction).collect()
}

/// The eigenvalues of a symmetric tridiagonal matrix, and the matrix of its vectors, a column for
/// each (Jacobi's method: the matrix is small).
fn tridiagonal(diagonal: &[f64], beside: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let count = diagonal.len();
    let mut matrix = vec![vec![0.0; count]; count];
    for at in 0..count {
        matrix[at][at] = diagonal[at];
        if at + 1 < count {
            matrix[at][at + 1] = beside[at];
            matrix[at + 1][at] = beside[at];
        }
    }
    let mut vectors = vec![vec![0.0; count]; count];
    (0..count).for_each(|at| vectors[at][at] = 1.0);
    let whole: f64 = matrix.iter().flatten().map(|x| x * x).sum();
    for _ in 0..60 {
        let off: f64 = (0..count).map(|row| matrix[row][..row].iter().map(|x| x * x).sum::<f64>()).sum();
        if off <= whole * 1e-30 {
            break;
        }
        for one in 0..count {
            for other in one + 1..count {
                rotate(&mut matrix, &mut vectors, one, other);
            }
        }
    }
    ((0..count).map(|at| matrix[at][at]).collect(), vectors)
}

/// Makes an entry of the matrix 0.
fn rotate(matrix: &mut [Vec<f64>], vectors: &mut [Vec<f64>], one: usize, other: usize) {
    let entry = matrix[one][other];
    if entry.abs() < f64::MIN_POSITIVE {
        return;
    }
    let theta = (matrix[other][other] - matrix[one][one]) / (2.0 * entry);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    for row in matrix.iter_mut().chain(vectors.iter_mut()) {
        let (a, b) = (row[one], row[other]);
        row[one] = cosine * a - sine * b;
        row[other] = sine * a + cosine * b;
    }
    let Ok([first, second]) = matrix.get_disjoint_mut([one, other]) else { return };
    for (a, b) in first.iter_mut().zip(second) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Pool, Posterior, fit,
        tests::{any_data, any_priors, embeddings},
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// With a direction for every dimension the covariance is the whole one; with fewer, no
        /// variance is below it.
        #[test]
        fn all_directions_are_the_covariance_and_few_are_above_it(data in any_data(), priors in any_priors()) {
            let dimensions = data.embeddings().dimensions();
            let posterior = Posterior::new(&data, &fit(&data, priors).unwrap());
            let pool = Pool::new(embeddings(2, dimensions, 3), vec![0.7, -0.4]).unwrap();
            let expected = posterior.covariance(&pool).of_difference(0, 1);
            let mut apart: Vec<f64> = pool.embeddings().difference([0, 1]).map(|e| priors.weights * e).collect();
            apart.push(priors.alpha * 1.1);
            let variance = |count: usize| {
                let reduced = directions(&posterior, count).into_iter();
                dot(&apart, &apart) - reduced.map(|of| of.reduction * dot(&of.vector, &apart).powi(2)).sum::<f64>()
            };
            let all = variance(dimensions + 1);
            prop_assert!((all - expected).abs() < 1e-5 * (1.0 + dot(&apart, &apart)), "{all} {expected}");
            prop_assert!(variance(1) >= all - 1e-9 && variance(2) >= all - 1e-9);
        }
    }

    #[test]
    fn eigenvalues_of_a_small_matrix_are_known() {
        // [[2, 1], [1, 2]] has 1 and 3.
        let (mut values, _) = tridiagonal(&[2.0, 2.0], &[1.0]);
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-14 && (values[1] - 3.0).abs() < 1e-14);
        assert_eq!(tridiagonal(&[], &[]).0, Vec::<f64>::new());
    }
}
