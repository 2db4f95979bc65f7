//! Cholesky decomposition of symmetric positive definite matrices, stored row by row.

/// Solves M·x = b.
pub(crate) fn solve(matrix: Vec<f64>, right: Vec<f64>) -> Vec<f64> {
    let factor = triangle(matrix, right.len());
    substitute(&factor, right)
}

/// The inverse of a matrix.
pub(crate) fn inverse(matrix: Vec<f64>, count: usize) -> Vec<f64> {
    let factor = triangle(matrix, count);
    let mut inverse = Vec::with_capacity(count * count);
    for at in 0..count {
        let mut unit = vec![0.0; count];
        unit[at] = 1.0;
        // The inverse is symmetric, so its columns are its rows.
        inverse.extend(substitute(&factor, unit));
    }
    inverse
}

/// The Cholesky factor: the lower triangle L of M = L·Lᵀ.
fn triangle(mut matrix: Vec<f64>, count: usize) -> Vec<f64> {
    for row in 0..count {
        let (done, rest) = matrix.split_at_mut(row * count);
        for column in 0..row {
            let above = &done[column * count..column * count + column];
            let sum: f64 = rest[..column].iter().zip(above).map(|(x, y)| x * y).sum();
            rest[column] = (rest[column] - sum) / done[column * count + column];
        }
        let sum: f64 = rest[..row].iter().map(|x| x * x).sum();
        rest[row] = (rest[row] - sum).max(f64::MIN_POSITIVE).sqrt();
    }
    matrix
}

/// Solves L·Lᵀ·x = b.
fn substitute(factor: &[f64], mut x: Vec<f64>) -> Vec<f64> {
    let count = x.len();
    for row in 0..count {
        let sum: f64 = factor[row * count..row * count + row].iter().zip(&x).map(|(l, x)| l * x).sum();
        x[row] = (x[row] - sum) / factor[row * count + row];
    }
    for row in (0..count).rev() {
        x[row] /= factor[row * count + row];
        let found = x[row];
        // A row of L is a column of Lᵀ.
        let before = &factor[row * count..row * count + row];
        x[..row].iter_mut().zip(before).for_each(|(x, l)| *x -= l * found);
    }
    x
}
