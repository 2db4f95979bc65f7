//! The gradient of layer normalisation.

#![allow(unsafe_code, reason = "threads write disjoint pieces of two outputs, which slices cannot express")]

use super::{
    super::{for_each, norm, vectorize::vectorized},
    linear::add_up,
};

/// Rows of a task, whose share of the parameters' gradients is summed by itself.
const ROWS: usize = 64;

/// Gradients of input (into `output[rows, width]`), weight and bias `[width]`.
///
/// With x̂ the normed input and g = gradient · weight: input's is (g − mean(g) − x̂ · mean(g · x̂))
/// / √(variance + epsilon).
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
    {
        let (output, sums) = (Pieces::new(output, ROWS * width), Pieces::new(&mut sums, 2 * width));
        for_each(pieces, |normed, piece| {
            // SAFETY: every piece is asked for once.
            let (output, sums) = unsafe { (output.piece(piece), sums.piece(piece)) };
            let (weights, biases) = sums.split_at_mut(width);
            let range = piece * ROWS * width..piece * ROWS * width + output.len();
            let (input, gradient) = (&input[range.clone()], &gradient[range]);
            normed.resize(width, 0.0);
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
    }
    let sums = add_up(&sums, 2 * width);
    (sums[..width].to_vec(), sums[width..].to_vec())
}

#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "one row of everything that backward has")]
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

/// A slice in pieces that threads take one each of.
struct Pieces {
    start: *mut f32,
    length: usize,
    piece: usize,
}

// SAFETY: `piece` is called once for each piece, and pieces are disjoint.
unsafe impl Sync for Pieces {}

impl Pieces {
    fn new(values: &mut [f32], piece: usize) -> Self {
        Self { start: values.as_mut_ptr(), length: values.len(), piece }
    }

    /// Piece `index`; the last may be shorter.
    ///
    /// # Safety
    ///
    /// The slice that it was made of is alive, and no other reference to this piece.
    #[allow(clippy::mut_from_ref, reason = "the caller vouches for disjointness")]
    unsafe fn piece(&self, index: usize) -> &mut [f32] {
        let start = (index * self.piece).min(self.length);
        let length = self.piece.min(self.length - start);
        // SAFETY: within the slice by the two lines above; the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), length) }
    }
}
