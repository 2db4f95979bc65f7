//! Rounds the input to integers.

use super::group::{Group, Rounding, RowScale};
use crate::towers::cpu::{math, parallel::for_each_part, vectorize::vectorized};

/// The largest magnitude that an input is rounded to in 15 bits and a sign.
const LARGEST: f32 = 32767.0;

impl Rounding {
    /// Rounds to 15 bits and a sign. `added` becomes part of the stored number, which is multiplied
    /// as if it had `zero` added.
    pub(super) fn fine(row: &[f32], added: f32, zero: f32) -> Self {
        let [smallest, largest] = math::range(row);
        let scale = largest.max(-smallest) / LARGEST;
        Self { row: RowScale { scale, zero }, added }
    }

    /// Rounds to bytes in `0..=most`. `subtracted` is how much less the byte is in the product.
    ///
    /// As ONNX Runtime's `DynamicQuantizeLinear` does for a whole tensor, the bytes cover the row's
    /// range with zero in it, and zero is exact.
    pub(super) fn bytes(row: &[f32], most: u8, subtracted: f32) -> Self {
        let [smallest, largest] = math::range(row);
        // One level fewer than fits, since zero and the largest value are rounded separately: both
        // may be rounded up.
        let scale = (largest - smallest) / f32::from(most - 1);
        let zero = (-smallest * inverse(scale)).round_ties_even();
        Self { row: RowScale { scale, zero: zero - subtracted }, added: zero }
    }
}

/// `1 / scale`, or 0 if all values are zero or so small that the reciprocal would overflow.
fn inverse(scale: f32) -> f32 {
    if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 }
}

/// Rounds each row to integers, and gives what they stand for.
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
    scales: &mut [RowScale],
) {
    /// Rows per task.
    const ROWS: usize = 4;
    /// Input, rounded input and scales of a task.
    type Part<'a, Rounded> = ((&'a [f32], &'a mut [Rounded]), &'a mut [RowScale]);
    let groups = inputs.div_ceil(G::STEPS);
    let rounded = rounded.chunks_mut(ROWS * groups);
    let parts = input.chunks(ROWS * inputs).zip(rounded).zip(scales.chunks_mut(ROWS)).collect();
    for_each_part(parts, |((input, rounded), scales): Part<'_, G::Input>| {
        let rows = input.chunks_exact(inputs).zip(rounded.chunks_exact_mut(groups)).zip(scales);
        rows.for_each(|((input, rounded), scale)| *scale = round_row::<G>(input, rounded));
    });
}

/// Rounds one row.
fn round_row<G: Group>(input: &[f32], rounded: &mut [G::Input]) -> RowScale {
    /// Inputs rounded at a time: whole groups.
    const RUN: usize = 64;
    let Rounding { row, added } = G::rounding(input);
    let inverse = inverse(row.scale);
    let round = math::ROUND + added;
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
    row
}

/// How a row is rounded to bytes.
#[derive(Clone, Copy)]
pub(in crate::towers::cpu) struct ByteRounding {
    pub(in crate::towers::cpu) row: RowScale,
    inverse: f32,
    round: f32,
}

impl ByteRounding {
    /// For the range of a row.
    pub(in crate::towers::cpu) fn of(row: &[f32]) -> Self {
        let Rounding { row, added } = Rounding::bytes(row, u8::MAX, 0.0);
        Self { row, inverse: inverse(row.scale), round: math::ROUND + added }
    }

    /// Rounds a part of the row. The rest of the bytes is unspecified.
    #[inline(always)]
    pub(in crate::towers::cpu) fn round<const RUN: usize>(&self, part: &[f32], rounded: &mut [u8; RUN]) {
        let mut numbers = [0; RUN];
        match part.as_array::<RUN>() {
            Some(part) => {
                for at in 0..RUN {
                    numbers[at] = (part[at] * self.inverse + self.round).to_bits();
                }
            }
            None => {
                let all = numbers.iter_mut().zip(part);
                all.for_each(|(number, x)| *number = (x * self.inverse + self.round).to_bits());
            }
        }
        for at in 0..RUN {
            rounded[at] = numbers[at] as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::{
        cpu::integer::{Quad, bytes, quads},
        definitions::numbers,
    };

    /// The byte as it is multiplied.
    fn number(byte: u8) -> f32 {
        f32::from(byte ^ quads::flipped()) - quads::flipped_by()
    }

    proptest! {
        #[test]
        fn bytes_are_half_a_level_from_their_inputs(
            inputs in 1usize..200,
            size in prop::sample::select(vec![1e-30f32, 1e-6, 1.0, 1e5]),
            shift in -2f32..2.0,
            seed: u64,
        ) {
            let input: Vec<f32> = numbers(inputs, seed).iter().map(|x| size * (x + shift)).collect();
            let mut rounded = vec![[[0u8; 4]]; inputs.div_ceil(4)];
            let row = round_row::<Quad<1>>(&input, &mut rounded);
            let bytes: &[u8] = bytemuck::cast_slice(&rounded);
            // Zero always lies within the range.
            let bounds = input.iter().fold([0f32; 2], |[a, b], &x| [a.min(x), b.max(x)]);
            let level = f64::from(bounds[1] - bounds[0]) / f64::from(bytes::largest() - 1);
            for (x, byte) in input.iter().zip(bytes) {
                let value = f64::from(row.scale) * f64::from(number(*byte) - row.zero);
                prop_assert!((value - f64::from(*x)).abs() <= 0.5001 * level, "{x} {value} {level}");
            }
        }
    }

    #[test]
    fn extreme_rows_stay_in_a_byte() {
        // Both ends of these ranges lie half-way between two levels, so both may be rounded away
        // from zero.
        let most = f32::from(bytes::largest() - 1);
        let half_way = |below: f32| (-below - 0.5, most - below - 0.5);
        for (smallest, largest) in [half_way(50.0), half_way(49.0), (0.0, most), (-most, 0.0), (0.0, 0.0)] {
            let mut rounded = [[[77u8; 4]]; 1];
            let row = round_row::<Quad<1>>(&[smallest, largest, 0.0], &mut rounded);
            let value = |byte: u8| row.scale * (number(byte) - row.zero);
            let [[a, b, zero, _]] = rounded[0];
            assert!((value(a) - smallest).abs() <= 0.5 && (value(b) - largest).abs() <= 0.5, "{rounded:?}");
            assert_eq!(value(zero), 0.0);
        }
    }
}
