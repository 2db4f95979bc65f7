//! Layer normalisation.

use super::{math::LANES, parallel::for_each_chunk, vectorize::vectorized};

/// Rows per task.
const ROWS: usize = 16;

/// Normalises each row: `output = (input − mean) / √(variance + epsilon) · weight + bias`
///
/// # Shapes
///
/// - input, output: `[rows, width]`
/// - weight, bias: `[width]`
pub(super) fn layer_norm(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, output: &mut [f32]) {
    let width = weight.len();
    assert!(width > 0 && bias.len() == width && input.len() == output.len());
    assert!(output.len().is_multiple_of(width));
    for_each_chunk(output, ROWS * width, |task, output| {
        let input = &input[task * ROWS * width..][..output.len()];
        vectorized(
            #[inline(always)]
            || {
                for (input, output) in input.chunks_exact(width).zip(output.chunks_exact_mut(width)) {
                    row(input, weight, bias, epsilon, output);
                }
            },
        );
    });
}

/// Normalises one row `[width]`.
#[inline(always)]
fn row(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, output: &mut [f32]) {
    let (mean, inverse) = moments(input, epsilon);
    for (output, ((x, weight), bias)) in output.iter_mut().zip(input.iter().zip(weight).zip(bias)) {
        *output = (x - mean) * inverse * weight + bias;
    }
}

/// The mean and 1 / √(variance + epsilon) of a row `[width]`.
#[inline(always)]
pub(super) fn moments(input: &[f32], epsilon: f32) -> (f32, f32) {
    let count = input.len() as f32;
    let mean = sum(input, |x| x) / count;
    // A second pass, because E[x²] − mean² cancels when the mean is large.
    let variance = sum(input, |x| (x - mean) * (x - mean)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// The sum of `of(x)` over `[width]`.
#[inline(always)]
pub(super) fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0f32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += of(chunk[lane]);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|&x| of(x)).sum::<f32>()
}

/// The dot product of two vectors `[width]`.
#[cfg(feature = "train")]
#[inline(always)]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0f32; LANES];
    let ((lefts, left), (rights, right)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    for (left, right) in lefts.iter().zip(rights) {
        for lane in 0..LANES {
            sums[lane] += left[lane] * right[lane];
        }
    }
    sums.iter().sum::<f32>() + left.iter().zip(right).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::definitions::{self, numbers};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_the_definition(rows in 1usize..40, width in 1usize..200, mean in -100f32..100.0, seed: u64) {
            let input: Vec<f32> = numbers(rows * width, seed).iter().map(|x| mean + x).collect();
            let (weight, bias) = (numbers(width, seed ^ 3), numbers(width, seed ^ 5));
            let mut output = vec![f32::NAN; rows * width];
            layer_norm(&input, &weight, &bias, 1e-5, &mut output);
            let expected = definitions::layer_norm(&input, &weight, &bias, 1e-5);
            prop_assert_eq!(output.len(), expected.len());
            for (found, (expected, bound)) in output.iter().zip(expected) {
                prop_assert!((f64::from(*found) - expected).abs() <= bound, "{found} {expected}");
            }
        }
    }
}
