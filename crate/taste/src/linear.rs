//! Dense linear algebra on 64-bit floats: only what the fits need, written so that compilers turn
//! the inner loops into vector instructions, in wasm too.

/// Number of rows that a pass works on together: each loaded number is used that often.
const BLOCK: usize = 4;

/// The sum of the products of two vectors.
pub(crate) fn dot(one: &[f64], other: &[f64]) -> f64 {
    // Independent sums, because floating-point additions may not be reordered by the compiler.
    let mut sums = [0.0; 8];
    let (ones, others) = (one.chunks_exact(8), other.chunks_exact(8));
    let rest: f64 = ones.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in ones.zip(others) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
}

/// Adds a multiple of a vector to another.
pub(crate) fn add(to: &mut [f64], factor: f64, of: &[f64]) {
    to.iter_mut().zip(of).for_each(|(to, of)| *to += factor * of);
}

/// The Euclidean length of a vector.
pub(crate) fn length(of: &[f64]) -> f64 {
    dot(of, of).sqrt()
}

/// The lower triangle of a symmetric matrix, row by row: row n has n + 1 numbers, so that a row is
/// appended without moving the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Triangle {
    count: usize,
    values: Vec<f64>,
}

/// Where a row of a triangle begins.
fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

impl Triangle {
    /// A matrix of zeros.
    pub(crate) fn zeros(count: usize) -> Self {
        Self { count, values: vec![0.0; start(count)] }
    }

    /// A matrix from its rows; `fill` is given each row's number and its `row + 1` numbers.
    pub(crate) fn with(count: usize, mut fill: impl FnMut(usize, &mut [f64])) -> Self {
        let mut made = Self::zeros(count);
        (0..count).for_each(|row| fill(row, &mut made.values[start(row)..start(row + 1)]));
        made
    }

    /// Number of rows.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// A row up to the diagonal.
    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.values[start(row)..start(row + 1)]
    }

    /// A row up to the diagonal, to change.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[start(row)..start(row + 1)]
    }

    /// An entry of the symmetric matrix.
    pub(crate) fn at(&self, row: usize, column: usize) -> f64 {
        let (low, high) = if row < column { (row, column) } else { (column, row) };
        self.values[start(high) + low]
    }

    /// Appends a row, up to the diagonal.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = f64>) {
        self.values.extend(row);
        self.count += 1;
        debug_assert_eq!(self.values.len(), start(self.count));
    }

    /// Keeps the first rows.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
        self.values.truncate(start(self.count));
    }

    /// Adds Σ x·yᵀ over rows `x` of one matrix and `y` of another; only the lower triangle of the
    /// sum is computed, so it has to be symmetric.
    pub(crate) fn add_products(&mut self, ones: &[f64], others: &[f64]) {
        let width = self.count;
        if width == 0 {
            return;
        }
        let (mut ones, mut others) = (ones.chunks_exact(width * BLOCK), others.chunks_exact(width * BLOCK));
        for (one, other) in ones.by_ref().zip(others.by_ref()) {
            let [y0, y1, y2, y3] = rows(other, width);
            for row in 0..width {
                let x = [one[row], one[width + row], one[2 * width + row], one[3 * width + row]];
                let to = &mut self.values[start(row)..start(row + 1)];
                let ys = y0.iter().zip(y1).zip(y2.iter().zip(y3));
                for (to, ((a, b), (c, d))) in to.iter_mut().zip(ys) {
                    *to += (x[0] * a + x[1] * b) + (x[2] * c + x[3] * d);
                }
            }
        }
        let rest = ones.remainder().chunks_exact(width).zip(others.remainder().chunks_exact(width));
        for (one, other) in rest {
            for (row, x) in one.iter().enumerate() {
                add(&mut self.values[start(row)..start(row + 1)], *x, other);
            }
        }
    }

    /// The Cholesky factor of a positive definite matrix: the lower triangle L of M = L·Lᵀ.
    pub(crate) fn factor(mut self) -> Factor {
        for first in (0..self.count).step_by(BLOCK) {
            let last = (first + BLOCK).min(self.count);
            let (done, rest) = self.values.split_at_mut(start(first));
            let mut block: Vec<&mut [f64]> = Vec::with_capacity(BLOCK);
            let mut rest = &mut rest[..start(last) - start(first)];
            for row in first..last {
                let (row, after) = rest.split_at_mut(row + 1);
                block.push(row);
                rest = after;
            }
            for column in 0..first {
                let above = &done[start(column)..start(column + 1)];
                let (above, pivot) = (&above[..column], above[column]);
                if let [a, b, c, d] = &block[..] {
                    let sums = dots(above, [a, b, c, d].map(|row| &row[..column]));
                    for (row, sum) in block.iter_mut().zip(sums) {
                        row[column] = (row[column] - sum) / pivot;
                    }
                } else {
                    for row in &mut block {
                        row[column] = (row[column] - dot(&row[..column], above)) / pivot;
                    }
                }
            }
            for at in 0..last - first {
                let (before, row) = block.split_at_mut(at);
                let row = &mut row[0];
                for (column, above) in (first..).zip(before.iter()) {
                    row[column] = (row[column] - dot(&row[..column], &above[..column])) / above[column];
                }
                let column = first + at;
                let left = row[column] - dot(&row[..column], &row[..column]);
                row[column] = left.max(f64::MIN_POSITIVE).sqrt();
            }
        }
        Factor(self)
    }
}

/// Four rows of a matrix.
fn rows(of: &[f64], width: usize) -> [&[f64]; BLOCK] {
    let (a, rest) = of.split_at(width);
    let (b, rest) = rest.split_at(width);
    let (c, d) = rest.split_at(width);
    [a, b, c, d]
}

/// The products of a vector with four others of the same length.
fn dots(one: &[f64], others: [&[f64]; BLOCK]) -> [f64; BLOCK] {
    let mut sums = [[0.0; 4]; BLOCK];
    let whole = one.len() / 4 * 4;
    for at in (0..whole).step_by(4) {
        let x = &one[at..at + 4];
        for (sums, other) in sums.iter_mut().zip(others) {
            let y = &other[at..at + 4];
            for lane in 0..4 {
                sums[lane] += x[lane] * y[lane];
            }
        }
    }
    let mut found = sums.map(|[a, b, c, d]| (a + b) + (c + d));
    for (found, other) in found.iter_mut().zip(others) {
        *found += one[whole..].iter().zip(&other[whole..one.len()]).map(|(a, b)| a * b).sum::<f64>();
    }
    found
}

/// A Cholesky factor L.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Factor(Triangle);

impl Factor {
    /// Solves L·x = b.
    pub(crate) fn forward(&self, mut x: Vec<f64>) -> Vec<f64> {
        for row in 0..self.0.count {
            let of = self.0.row(row);
            x[row] = (x[row] - dot(&of[..row], &x[..row])) / of[row];
        }
        x
    }

    /// Solves Lᵀ·x = b.
    pub(crate) fn backward(&self, mut x: Vec<f64>) -> Vec<f64> {
        for row in (0..self.0.count).rev() {
            // A row of L is a column of Lᵀ.
            let of = self.0.row(row);
            x[row] /= of[row];
            let found = x[row];
            add(&mut x[..row], -found, &of[..row]);
        }
        x
    }

    /// Solves L·Lᵀ·x = b.
    pub(crate) fn solve(&self, x: Vec<f64>) -> Vec<f64> {
        self.backward(self.forward(x))
    }

    /// Solves L·X = B for the rows of B, each of `width` numbers.
    pub(crate) fn forward_rows(&self, rows: &mut [f64], width: usize) {
        if width == 0 {
            return;
        }
        for row in 0..self.0.count {
            let (done, rest) = rows.split_at_mut(row * width);
            let to = &mut rest[..width];
            let of = self.0.row(row);
            let mut blocks = done.chunks_exact(width * BLOCK);
            for (block, l) in blocks.by_ref().zip(of.chunks_exact(BLOCK)) {
                let [a, b, c, d] = self::rows(block, width);
                let xs = a.iter().zip(b).zip(c.iter().zip(d));
                for (to, ((a, b), (c, d))) in to.iter_mut().zip(xs) {
                    *to -= (l[0] * a + l[1] * b) + (l[2] * c + l[3] * d);
                }
            }
            let left = &of[row / BLOCK * BLOCK..row];
            for (l, x) in left.iter().zip(blocks.remainder().chunks_exact(width)) {
                add(to, -l, x);
            }
            let inverse = 1.0 / of[row];
            to.iter_mut().for_each(|x| *x *= inverse);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A positive definite matrix: 1 on the diagonal, plus X·Xᵀ.
    fn matrix(count: usize, numbers: &[f64]) -> Triangle {
        let width = 3;
        let of = |row: usize| &numbers[row * width..(row + 1) * width];
        Triangle::with(count, |row, to| {
            for (column, to) in to.iter_mut().enumerate() {
                *to = f64::from(row == column) + dot(of(row), of(column));
            }
        })
    }

    fn any() -> impl Strategy<Value = (usize, Vec<f64>, Vec<f64>)> {
        (1usize..23).prop_flat_map(|count| {
            let number = -3.0..3.0f64;
            let numbers = prop::collection::vec(number.clone(), count * 3);
            (Just(count), numbers, prop::collection::vec(number, count))
        })
    }

    proptest! {
        #[test]
        fn the_factor_times_itself_is_the_matrix((count, numbers, _) in any()) {
            let m = matrix(count, &numbers);
            let Factor(l) = m.clone().factor();
            for row in 0..count {
                for column in 0..=row {
                    let product: f64 = (0..=column).map(|k| l.row(row)[k] * l.row(column)[k]).sum();
                    prop_assert!((product - m.at(row, column)).abs() < 1e-9);
                }
            }
        }

        #[test]
        fn solutions_solve((count, numbers, right) in any()) {
            let m = matrix(count, &numbers);
            let factor = m.clone().factor();
            let x = factor.solve(right.clone());
            for (row, right) in right.iter().enumerate() {
                let product: f64 = x.iter().enumerate().map(|(column, x)| m.at(row, column) * x).sum();
                prop_assert!((product - right).abs() < 1e-9);
            }
            let mut rows: Vec<f64> = right.iter().flat_map(|&x| [x, -2.0 * x, 1.0]).collect();
            factor.forward_rows(&mut rows, 3);
            for (column, start) in [right.clone(), right.iter().map(|x| -2.0 * x).collect(), vec![1.0; count]].into_iter().enumerate() {
                let expected = factor.forward(start);
                for row in 0..count {
                    prop_assert!((rows[row * 3 + column] - expected[row]).abs() < 1e-9);
                }
            }
        }

        #[test]
        fn sums_of_products_are_those_of_single_ones(count in 1usize..9, rows in 0usize..11, seed in 0u64..99) {
            let numbers = pickscore_common::seeded::hashes(seed, "products", 0);
            let numbers: Vec<f64> = numbers.map(|z| pickscore_common::seeded::uniform(z).into()).take(count * rows).collect();
            let mut fast = Triangle::zeros(count);
            fast.add_products(&numbers, &numbers);
            for row in 0..count {
                for column in 0..=row {
                    let slow: f64 = (0..rows).map(|k| numbers[k * count + row] * numbers[k * count + column]).sum();
                    prop_assert!((fast.at(row, column) - slow).abs() < 1e-12);
                }
            }
        }
    }
}
