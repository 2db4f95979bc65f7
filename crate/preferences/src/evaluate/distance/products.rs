//! Products of matrices.

/// Rows per block: a block of 2048 columns stays in the L2 cache.
const BLOCK: usize = 16;
/// Sums that are kept apart, so that they fit in vector registers.
const LANES: usize = 8;

/// Rows that are multiplied with one row at once, which reads that row only once.
const TOGETHER: usize = 4;
/// Sums of each of them.
const FEW_LANES: usize = 4;

/// The products of the rows of two matrices with `columns` columns: `a · bᵀ`, `[rows of a, rows of
/// b]`.
pub(super) fn rows_by_rows(a: &[f64], b: &[f64], columns: usize) -> Vec<f64> {
    let (rows, others) = (a.len() / columns, b.len() / columns);
    let mut product = vec![0.0; rows * others];
    for start in (0..others).step_by(BLOCK) {
        let block = &b[start * columns..(start + BLOCK).min(others) * columns];
        for (row, target) in a.chunks_exact(columns).zip(product.chunks_exact_mut(others)) {
            let target = &mut target[start..(start + BLOCK).min(others)];
            let groups = block.chunks(TOGETHER * columns).zip(target.chunks_mut(TOGETHER));
            for (group, target) in groups {
                if target.len() == TOGETHER {
                    target.copy_from_slice(&dots(row, group, columns));
                } else {
                    let rows = group.chunks_exact(columns).zip(target);
                    rows.for_each(|(other, target)| *target = dot(row, other));
                }
            }
        }
    }
    product
}

/// The sums of products of a row with each of [`TOGETHER`] rows.
fn dots(row: &[f64], others: &[f64], columns: usize) -> [f64; TOGETHER] {
    let mut sums = [[0.0; FEW_LANES]; TOGETHER];
    let (parts, last) = row.as_chunks::<FEW_LANES>();
    let others: [&[f64]; TOGETHER] =
        std::array::from_fn(|other| &others[other * columns..(other + 1) * columns]);
    let of_others = others.map(|other| other.as_chunks::<FEW_LANES>().0);
    for (at, part) in parts.iter().enumerate() {
        for (sums, other) in sums.iter_mut().zip(&of_others) {
            for lane in 0..FEW_LANES {
                sums[lane] += part[lane] * other[at][lane];
            }
        }
    }
    std::array::from_fn(|other| {
        let rest = &others[other][columns - last.len()..];
        let rest: f64 = last.iter().zip(rest).map(|(a, b)| a * b).sum();
        sums[other].iter().sum::<f64>() + rest
    })
}

/// The sum of products.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let ((a, last_a), (b, last_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = last_a.iter().zip(last_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_sums_of_products(
            rows in 0usize..6, others in 0usize..40, columns in 1usize..19, seed: u64,
        ) {
            let mut numbers = pickscore_common::seeded::hashes(seed, "products", 0)
                .map(|number| f64::from(pickscore_common::seeded::uniform(number)));
            let a: Vec<f64> = numbers.by_ref().take(rows * columns).collect();
            let b: Vec<f64> = numbers.take(others * columns).collect();
            let found = rows_by_rows(&a, &b, columns);
            prop_assert_eq!(found.len(), rows * others);
            for (at, found) in found.iter().enumerate() {
                let (row, other) = (at / others, at % others);
                let products = (0..columns).map(|at| a[row * columns + at] * b[other * columns + at]);
                prop_assert!((found - products.sum::<f64>()).abs() < 1e-12);
            }
        }
    }
}
