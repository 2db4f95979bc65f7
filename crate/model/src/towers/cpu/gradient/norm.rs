//! The gradient of layer normalisation.

use super::{
    super::{
        norm,
        parallel::{for_each_part, with_buffer},
        vectorize::vectorized,
    },
    linear::add_up,
};

/// Rows per task. Each task has its own partial sums of the parameters' gradients.
const ROWS: usize = 64;

/// Computes the gradient of the input into `output` and returns those of weight and bias.
///
/// With the normalised input x̂ and g = gradient · weight, the gradient of the input is
/// (g − mean(g) − x̂ · mean(g · x̂)) / √(variance + epsilon).
///
/// # Shapes
///
/// - input, gradient, output: `[rows, width]`
/// - weight, gradients of weight and bias: `[width]`
pub(super) fn backward(
    input: &[f32],
    weight: &[f32],
    gradient: &[f32],
    epsilon: f32,
    output: &mut [f32],
) -> (Vec<f32>, Vec<f32>) {
    let width = weight.len();
    let pieces = input.len().div_ceil(ROWS * width).max(1);
    let mut sums = vec![0.0; pieces * 2 * width];
    let parts = output.chunks_mut(ROWS * width).zip(sums.chunks_mut(2 * width)).enumerate();
    for_each_part(parts.collect(), |(piece, (output, sums))| {
        let (weights, biases) = sums.split_at_mut(width);
        let range = piece * ROWS * width..piece * ROWS * width + output.len();
        let (input, gradient) = (&input[range.clone()], &gradient[range]);
        with_buffer(width, |normed| {
            vectorized(
                #[inline(always)]
                || {
                    for (output, (input, gradient)) in output
                        .chunks_exact_mut(width)
                        .zip(input.chunks_exact(width).zip(gradient.chunks_exact(width)))
                    {
                        row(input, weight, gradient, epsilon, normed, output, weights, biases);
                    }
                },
            );
        });
    });
    let sums = add_up(&sums, 2 * width);
    (sums[..width].to_vec(), sums[width..].to_vec())
}

/// One row. Adds to the gradients of weight and bias; all slices are `[width]`.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "one row of each argument of `backward`")]
fn row(
    input: &[f32],
    weight: &[f32],
    gradient: &[f32],
    epsilon: f32,
    normed: &mut [f32],
    output: &mut [f32],
    weights: &mut [f32],
    biases: &mut [f32],
) {
    let count = input.len() as f32;
    let (mean, inverse) = norm::moments(input, epsilon);
    for (normed, x) in normed.iter_mut().zip(input) {
        *normed = (x - mean) * inverse;
    }
    for (output, (gradient, weight)) in output.iter_mut().zip(gradient.iter().zip(weight)) {
        *output = gradient * weight;
    }
    let along = norm::sum(output, |g| g) / count;
    let across = norm::dot(output, normed) / count;
    for (output, normed) in output.iter_mut().zip(&*normed) {
        *output = (*output - along - normed * across) * inverse;
    }
    for (sum, (gradient, normed)) in weights.iter_mut().zip(gradient.iter().zip(&*normed)) {
        *sum += gradient * normed;
    }
    for (sum, gradient) in biases.iter_mut().zip(gradient) {
        *sum += gradient;
    }
}
