//! Rounds the input to integers.

use super::group::Group;
use crate::towers::cpu::{math, parallel::for_each_part, vectorize::vectorized};

/// The largest magnitude that an input is rounded to.
const LARGEST: f32 = 32767.0;

/// Rounds each row to integers and computes its scale.
///
/// # Shapes
///
/// - input: `[rows, inputs]`
/// - rounded: `[rows, ceil(inputs / STEPS)]`
/// - scales: `[rows]`
pub(in crate::towers::cpu) fn round_input<G: Group>(
    input: &[f32],
    inputs: usize,
    rounded: &mut [G::Input],
    scales: &mut [f32],
) {
    /// Rows per task.
    const ROWS: usize = 4;
    /// Input, rounded input and scales of a task.
    type Part<'a, Rounded> = ((&'a [f32], &'a mut [Rounded]), &'a mut [f32]);
    let groups = inputs.div_ceil(G::STEPS);
    let rounded = rounded.chunks_mut(ROWS * groups);
    let parts = input.chunks(ROWS * inputs).zip(rounded).zip(scales.chunks_mut(ROWS)).collect();
    for_each_part(parts, |((input, rounded), scales): Part<'_, G::Input>| {
        let rows = input.chunks_exact(inputs).zip(rounded.chunks_exact_mut(groups)).zip(scales);
        rows.for_each(|((input, rounded), scale)| *scale = round_row::<G>(input, rounded));
    });
}

/// Rounds one row and returns its scale.
fn round_row<G: Group>(input: &[f32], rounded: &mut [G::Input]) -> f32 {
    /// Inputs rounded at a time: whole groups.
    const RUN: usize = 64;
    let scale = math::largest(input) / LARGEST;
    let inverse = if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 };
    let round = math::ROUND + G::ZERO;
    vectorized(
        #[inline(always)]
        || {
            for (input, rounded) in input.chunks(RUN).zip(rounded.chunks_mut(RUN / G::STEPS)) {
                // Padding beyond the last input is multiplied by zero weights.
                let mut numbers = [0; RUN];
                numbers
                    .iter_mut()
                    .zip(input)
                    .for_each(|(number, x)| *number = (x * inverse + round).to_bits());
                G::store(&numbers[..rounded.len() * G::STEPS], rounded);
            }
        },
    );
    scale
}
