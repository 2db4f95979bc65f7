//! Splits f32 values into bf16 terms, in the order in which tile registers are loaded.

use super::{HEIGHT, STEPS, Term};
use crate::towers::cpu::{
    parallel::for_each_part,
    tile::{LANES, Tiles},
    vectorize::vectorized,
};

/// Half of the distance between two bf16 values, in the bits of an f32 value.
const HALF: u32 = 0x8000;
/// The bits of an f32 value that bf16 has.
const UPPER: u32 = 0xffff_0000;

/// The next term of each value, as the upper bits of an f32 value: the nearest bf16 value. The
/// values become what is left.
#[inline(always)]
fn next_terms<const COUNT: usize>(values: &mut [f32; COUNT]) -> [u32; COUNT] {
    let mut terms = [0; COUNT];
    for (value, term) in values.iter_mut().zip(&mut terms) {
        *term = value.to_bits().wrapping_add(HALF) & UPPER;
        *value -= f32::from_bits(*term);
    }
    terms
}

/// Splits the rows of an input `[rows, inputs]` into tiles, each `[ceil(inputs / STEPS), TERMS]`,
/// one after the other. Steps are padded with zeros to a multiple of [`STEPS`]; padding rows are
/// unspecified.
pub(in crate::towers::cpu) fn split_input<const TERMS: usize>(
    input: &[f32],
    inputs: usize,
    tiles: Tiles,
    split: &mut [[Term; TERMS]],
) {
    /// Items per task.
    const RUN: usize = 8;
    let items = inputs.div_ceil(STEPS);
    let tasks = split.chunks_exact_mut(items).enumerate().flat_map(|(tile, split)| {
        split.chunks_mut(RUN).enumerate().map(move |(run, split)| (tile, run * RUN * STEPS, split))
    });
    for_each_part(tasks.collect(), |(tile, start, split)| {
        let tile = tiles.rows(tile);
        let half = tile.len() / 2;
        let rows = input[tile.start * inputs..].chunks_exact(inputs).take(tile.len());
        for (row, values) in rows.enumerate() {
            let values = values[start..].chunks(STEPS);
            vectorized(
                #[inline(always)]
                || {
                    for (values, split) in values.clone().zip(split.iter_mut()) {
                        let mut left = [0.0; STEPS];
                        match values.as_array() {
                            Some(values) => left = *values,
                            None => left[..values.len()].copy_from_slice(values),
                        }
                        for split in split.iter_mut() {
                            let terms = next_terms(&mut left);
                            let row = &mut split.0[row / half][row % half];
                            row.iter_mut().zip(terms).for_each(|(split, term)| *split = (term >> 16) as u16);
                        }
                    }
                },
            );
        }
    });
}

/// Splits weights of at most [`STEPS`] steps, `[steps, LANES]`. Missing steps are zero.
pub(in crate::towers::cpu) fn split_weight<const TERMS: usize>(weight: &[f32], split: &mut [Term; TERMS]) {
    let mut padded = [[0.0; LANES]; STEPS];
    let weight = match weight.as_chunks::<LANES>().0.as_array::<STEPS>() {
        Some(weight) => weight,
        None => {
            padded.as_flattened_mut()[..weight.len()].copy_from_slice(weight);
            &padded
        }
    };
    split_steps(
        #[inline(always)]
        |step, columns: &mut [f32; HEIGHT], start| {
            columns.copy_from_slice(&weight[step][start..start + HEIGHT])
        },
        split,
    );
}

/// Splits q8 weights of [`STEPS`] steps that share a scale: values `[STEPS, LANES]`, scales
/// `[LANES]`
pub(in crate::towers::cpu) fn split_block<const TERMS: usize>(
    values: &[[i8; LANES]; STEPS],
    scales: &[f32; LANES],
    split: &mut [Term; TERMS],
) {
    split_steps(
        #[inline(always)]
        |step, columns: &mut [f32; HEIGHT], start| {
            for column in 0..HEIGHT {
                columns[column] = f32::from(values[step][start + column]) * scales[start + column];
            }
        },
        split,
    );
}

/// Splits what `read` writes for a step and sixteen columns from a start on.
#[inline(always)]
fn split_steps<const TERMS: usize>(
    read: impl Fn(usize, &mut [f32; HEIGHT], usize),
    split: &mut [Term; TERMS],
) {
    vectorized(
        #[inline(always)]
        || {
            for pair in 0..STEPS / 2 {
                for half in 0..2 {
                    let [mut first, mut second] = [[0.0; HEIGHT]; 2];
                    read(2 * pair, &mut first, half * HEIGHT);
                    read(2 * pair + 1, &mut second, half * HEIGHT);
                    for split in split.iter_mut() {
                        let (lower, upper) = (next_terms(&mut first), next_terms(&mut second));
                        let mut pairs = [0u32; HEIGHT];
                        for column in 0..HEIGHT {
                            pairs[column] = lower[column] >> 16 | upper[column];
                        }
                        split.0[half][pair] = bytemuck::cast(pairs);
                    }
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms<const TERMS: usize>(value: f32) -> [f32; TERMS] {
        let mut left = [value];
        std::array::from_fn(|_| f32::from_bits(next_terms(&mut left)[0]))
    }

    proptest! {
        #[test]
        fn terms_have_eight_bits_each(mantissa in 1f32..2.0, exponent in -60i32..60, negative: bool) {
            let value = if negative { -mantissa } else { mantissa } * 2f32.powi(exponent);
            let sum = |terms: &[f32]| terms.iter().map(|&term| f64::from(term)).sum::<f64>();
            let error = |terms: &[f32]| (sum(terms) - f64::from(value)).abs() / f64::from(value.abs());
            prop_assert!(error(&terms::<1>(value)) <= 2f64.powi(-8));
            prop_assert!(error(&terms::<2>(value)) <= 2f64.powi(-16));
            prop_assert!(error(&terms::<3>(value)) <= 2f64.powi(-24));
        }
    }

    #[test]
    fn halves_are_two_terms() {
        for bits in 0..=u16::MAX {
            let value = half::f16::from_bits(bits).to_f32();
            if value.is_finite() {
                let [first, second] = terms::<2>(value);
                assert_eq!(first + second, value);
            }
        }
    }
}
