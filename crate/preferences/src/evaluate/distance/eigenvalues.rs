//! Eigenvalues of symmetric matrices: Householder's reduction to a tridiagonal matrix, then the QL
//! method with implicit shifts.
//!
//! Own code, because only eigenvalues are needed, of at most a few thousand rows, and the matrix
//! libraries that have them are larger than this whole crate.

use super::products::dot;

/// Maximum number of iterations for one eigenvalue. It usually takes two.
const ITERATIONS: usize = 60;

/// The eigenvalues of a symmetric matrix `[size, size]`, in no particular order. `None` if a value
/// is not finite.
pub(super) fn eigenvalues(matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    if !matrix.iter().all(|value| value.is_finite()) {
        return None;
    }
    let (diagonal, beside) = tridiagonal(matrix, size);
    of_tridiagonal(diagonal, beside)
}

/// The diagonal `[size]` of a similar tridiagonal matrix, and the values beside it `[size]`, of
/// which the last is 0.
///
/// Each step reflects one column with v: A ← A − v·wᵀ − w·vᵀ. The change of a step is made during
/// the next one, which has to read the whole matrix too.
fn tridiagonal(mut matrix: Vec<f64>, size: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut diagonal, mut beside) = (vec![0.0; size], vec![0.0; size]);
    let (mut v, mut w) = (vec![0.0; size], vec![0.0; size]);
    let change = |row: &mut [f64], at: usize, from: usize, v: &[f64], w: &[f64]| {
        let (v_at, w_at) = (v[at], w[at]);
        for ((value, v), w) in row[from..].iter_mut().zip(&v[from..]).zip(&w[from..]) {
            *value -= v_at * w + w_at * v;
        }
    };
    for step in 0..size {
        let pivot = &mut matrix[step * size..(step + 1) * size];
        change(pivot, step, step, &v, &w);
        diagonal[step] = pivot[step];
        let column = pivot[step + 1..].to_vec();
        let norm = column.iter().fold(0.0_f64, |norm, value| norm.hypot(*value));
        let first = column.first().copied().unwrap_or_default();
        beside[step] = if first > 0.0 { -norm } else { norm };
        let mut reflected = vec![0.0; size];
        reflected[step + 1..].copy_from_slice(&column);
        if step + 1 < size {
            reflected[step + 1] -= beside[step];
        }
        let squares = dot(&reflected, &reflected);
        let mut product = vec![0.0; size];
        let rows = matrix.chunks_exact_mut(size).enumerate().skip(step + 1);
        for (at, row) in rows {
            change(row, at, step + 1, &v, &w);
            product[at] = dot(&row[step + 1..], &reflected[step + 1..]);
        }
        // H = 1 − 2 v·vᵀ / (v·v); a zero column is left as it is.
        let factor = if squares > 0.0 { 2.0 / squares } else { 0.0 };
        product.iter_mut().for_each(|value| *value *= factor);
        let along = factor / 2.0 * dot(&product, &reflected);
        product.iter_mut().zip(&reflected).for_each(|(product, v)| *product -= along * v);
        (v, w) = (reflected, product);
    }
    (diagonal, beside)
}

/// The eigenvalues of a tridiagonal matrix, as `tql1` of EISPACK.
fn of_tridiagonal(mut d: Vec<f64>, mut e: Vec<f64>) -> Option<Vec<f64>> {
    let size = d.len();
    for low in 0..size {
        for iteration in 0.. {
            // The first place from `low` on where the matrix falls apart.
            let split = (low..size - 1).find(|&at| {
                let scale = d[at].abs() + d[at + 1].abs();
                e[at].abs() <= f64::EPSILON * scale
            });
            let high = split.unwrap_or(size - 1);
            if high == low {
                break;
            }
            if iteration == ITERATIONS {
                return None;
            }
            // Wilkinson's shift.
            let half = (d[low + 1] - d[low]) / (2.0 * e[low]);
            let root = half.hypot(1.0);
            let mut g = d[high] - d[low] + e[low] / (half + root.copysign(half));
            let (mut sine, mut cosine, mut p) = (1.0, 1.0, 0.0);
            let mut is_split = false;
            for at in (low..high).rev() {
                let (f, b) = (sine * e[at], cosine * e[at]);
                let r = f.hypot(g);
                e[at + 1] = r;
                if r == 0.0 {
                    d[at + 1] -= p;
                    e[high] = 0.0;
                    is_split = true;
                    break;
                }
                (sine, cosine) = (f / r, g / r);
                let rest = d[at + 1] - p;
                let r = (d[at] - rest) * sine + 2.0 * cosine * b;
                p = sine * r;
                d[at + 1] = rest + p;
                g = cosine * r - b;
            }
            if !is_split {
                d[low] -= p;
                e[low] = g;
                e[high] = 0.0;
            }
        }
    }
    Some(d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn known_eigenvalues_are_found() {
        assert_eq!(eigenvalues(vec![], 0), Some(vec![]));
        assert_eq!(eigenvalues(vec![3.0], 1), Some(vec![3.0]));
        assert_eq!(eigenvalues(vec![0.0; 9], 3), Some(vec![0.0; 3]));
        assert_eq!(eigenvalues(vec![f64::NAN], 1), None);
        let found = sorted(eigenvalues(vec![2.0, 1.0, 1.0, 2.0], 2).unwrap());
        assert!((found[0] - 1.0).abs() < 1e-15 && (found[1] - 3.0).abs() < 1e-15, "{found:?}");
        // The second difference: 2 − 2 cos(kπ / (n + 1)).
        let size = 40;
        let mut matrix = vec![0.0; size * size];
        for at in 0..size {
            matrix[at * size + at] = 2.0;
            if at > 0 {
                matrix[at * size + at - 1] = -1.0;
                matrix[(at - 1) * size + at] = -1.0;
            }
        }
        let found = sorted(eigenvalues(matrix, size).unwrap());
        for (k, found) in (1..).zip(found) {
            let angle = f64::from(k) * std::f64::consts::PI / (size as f64 + 1.0);
            assert!((found - (2.0 - 2.0 * libm::cos(angle))).abs() < 1e-13);
        }
    }

    proptest! {
        /// Reflections turn a diagonal matrix into a full one with the same eigenvalues.
        #[test]
        fn reflected_matrices_keep_their_eigenvalues(
            values in prop::collection::vec(prop_oneof![-3.0f64..3.0, Just(1.0)], 1..14),
            normals in prop::collection::vec(prop::collection::vec(-1.0f64..1.0, 14), 3),
        ) {
            let size = values.len();
            let mut matrix = vec![0.0; size * size];
            (0..size).for_each(|at| matrix[at * size + at] = values[at]);
            for normal in &normals {
                let v = &normal[..size];
                let squares = dot(v, v);
                if squares < 1e-3 {
                    continue;
                }
                let product: Vec<f64> = matrix.chunks_exact(size).map(|row| 2.0 / squares * dot(row, v)).collect();
                let along = dot(&product, v) / squares;
                let w: Vec<f64> = product.iter().zip(v).map(|(p, v)| p - along * v).collect();
                for row in 0..size {
                    for column in 0..size {
                        matrix[row * size + column] -= v[row] * w[column] + w[row] * v[column];
                    }
                }
            }
            let found = sorted(eigenvalues(matrix, size).unwrap());
            for (found, expected) in found.iter().zip(sorted(values)) {
                prop_assert!((found - expected).abs() < 1e-12, "{} {}", found, expected);
            }
        }
    }
}
