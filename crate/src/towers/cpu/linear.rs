//! `input · weightᵀ + bias`, with what follows it done while the result is still in the cache.
//!
//! ```text
//! for each group of panels, on all cores:       (its weights of some steps stay in the second-level cache)
//!   for each run of STEPS steps:                (16- and 8-bit weights are unpacked here, so that the f32 copy of a matrix never exists)
//!     for each tile of rows:                    (its input of those steps stays in the first-level cache)
//!       for each panel:  tile.rs                (its sums stay in registers)
//! ```
//!
//! Sums start at the bias (and residual), and go through the activation before they are stored the last time.

use super::{
    math,
    tile::{self, LANES, MOST_ROWS, Sums, Tile},
    weight::PackedWeight,
};
use crate::config::Activation;

/// Everything around the matrix.
pub(super) struct Linear<'a> {
    /// Rows of the input.
    pub(super) rows: usize,
    /// `[out, in]`.
    pub(super) weight: &'a PackedWeight,
    /// `[out]`.
    pub(super) bias: Option<&'a [f32]>,
    /// Applied to the sum.
    pub(super) activation: Option<Activation>,
    /// Whether the output holds a residual to add to, rather than nothing.
    pub(super) accumulate: bool,
}

/// Steps (inputs) that are gone through before the next tile: 12 rows of them are 24 KB.
const STEPS: usize = 512;
/// Most panels of a group: 256 KB of weights.
const GROUP: usize = 4;

impl Linear<'_> {
    /// `output[rows, out] = activation(residual + input[rows, in] · weightᵀ + bias)`
    pub(super) fn run(&self, input: &[f32], output: &mut [f32]) {
        let (inputs, outputs) = (self.weight.inputs(), self.weight.outputs());
        assert_eq!(input.len(), self.rows * inputs);
        assert_eq!(output.len(), self.rows * outputs);
        assert!(self.bias.is_none_or(|bias| bias.len() == outputs));
        if self.rows == 0 {
            return;
        }
        // As many rows in every tile, as far as that goes: the last one's missing rows are computed in vain.
        let tiles = self.rows.div_ceil(tile::most_rows());
        let height = self.rows.div_ceil(tiles);
        let panels = outputs.div_ceil(LANES);
        let group = (panels / (3 * super::threads())).clamp(1, GROUP);
        let output = Columns { start: output.as_mut_ptr(), stride: outputs };
        super::with_packed(tiles * height * inputs, |packed| {
            pack_input(input, inputs, height, tiles, packed);
            super::for_each(panels.div_ceil(group), |scratch, index| {
                let panels = index * group..((index + 1) * group).min(panels);
                for start in (0..inputs).step_by(STEPS) {
                    let steps = start..(start + STEPS).min(inputs);
                    let packed = &packed[start * tiles * height..steps.end * tiles * height];
                    self.group(packed, height, panels.clone(), steps, &output, scratch);
                }
            });
        });
    }

    /// One group of panels, some steps, all rows. `input` is `[tiles, steps, height]`.
    fn group(
        &self,
        input: &[f32],
        height: usize,
        panels: std::ops::Range<usize>,
        steps: std::ops::Range<usize>,
        output: &Columns,
        scratch: &mut Vec<f32>,
    ) {
        let arch = pulp::Arch::new();
        let outputs = self.weight.outputs();
        let (first, last) = (steps.start == 0, steps.end == self.weight.inputs());
        let weights = self.weight.unpack(panels.clone(), steps.clone(), scratch);
        let mut sums: Sums = [[0.0; LANES]; MOST_ROWS];
        for (tile, input) in input.chunks_exact(steps.len() * height).enumerate() {
            let rows = tile * height..((tile + 1) * height).min(self.rows);
            for (panel, weight) in panels.clone().zip(&weights) {
                let column = panel * LANES;
                let width = LANES.min(outputs - column);
                for (row, sums) in rows.clone().zip(&mut sums) {
                    // SAFETY: panels are disjoint and this is the only reference into this one.
                    let stored = unsafe { output.segment(row, column, width) };
                    let sums = &mut sums[..width];
                    if !first || self.accumulate {
                        sums.copy_from_slice(stored);
                    } else {
                        sums.fill(0.0);
                    }
                    if first && let Some(bias) = self.bias {
                        sums.iter_mut()
                            .zip(&bias[column..column + width])
                            .for_each(|(sum, bias)| *sum += bias);
                    }
                }
                arch.dispatch(Tile { rows: height, input, weight, sums: &mut sums });
                if last && let Some(activation) = self.activation {
                    math::activate(sums[..height].as_flattened_mut(), activation);
                }
                for (row, sums) in rows.clone().zip(&sums) {
                    // SAFETY: as above.
                    unsafe { output.segment(row, column, width) }.copy_from_slice(&sums[..width]);
                }
            }
        }
    }
}

/// input `[rows, inputs]` → runs of [`STEPS`] steps, each `[tiles, steps, height]`; rows beyond the last are zero.
fn pack_input(input: &[f32], inputs: usize, height: usize, tiles: usize, packed: &mut [f32]) {
    super::for_each_chunk(packed, STEPS * tiles * height, |run, packed| {
        let steps = packed.len() / (tiles * height);
        for (tile, packed) in packed.chunks_exact_mut(steps * height).enumerate() {
            for lane in 0..height {
                let start = (tile * height + lane) * inputs + run * STEPS;
                let lanes = packed.iter_mut().skip(lane).step_by(height);
                match input.get(start..start + steps) {
                    Some(row) => lanes.zip(row).for_each(|(packed, x)| *packed = *x),
                    None => lanes.for_each(|packed| *packed = 0.0),
                }
            }
        }
    });
}

/// A row-major matrix whose columns are shared out between threads.
struct Columns {
    start: *mut f32,
    stride: usize,
}

// SAFETY: threads write disjoint columns.
#[allow(unsafe_code, reason = "threads share the output's pointer and write disjoint columns of it")]
unsafe impl Sync for Columns {}

impl Columns {
    /// Columns `start .. start + width` of a row.
    ///
    /// # Safety
    ///
    /// The row and columns lie within the matrix, and no other reference to them is alive.
    #[allow(clippy::mut_from_ref, reason = "the caller vouches for disjointness")]
    unsafe fn segment(&self, row: usize, start: usize, width: usize) -> &mut [f32] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.stride + start), width) }
    }
}

#[cfg(test)]
mod tests {
    use half::f16;
    use proptest::prelude::*;

    use super::*;
    use crate::weights::{Blocks, Values};

    /// The definition, in f64, and how far f32 may lie from it.
    fn twin(linear: &Linear<'_>, weight: &[f32], input: &[f32], output: &[f32]) -> Vec<(f64, f64)> {
        let (inputs, outputs) = (linear.weight.inputs(), linear.weight.outputs());
        let mut expected = Vec::new();
        for row in 0..linear.rows {
            for column in 0..outputs {
                let input = &input[row * inputs..][..inputs];
                let weight = &weight[column * inputs..][..inputs];
                let terms = || input.iter().zip(weight).map(|(&x, &w)| f64::from(x) * f64::from(w));
                let bias = linear.bias.map_or(0.0, |bias| f64::from(bias[column]));
                let residual =
                    if linear.accumulate { f64::from(output[row * outputs + column]) } else { 0.0 };
                let sum = terms().sum::<f64>() + bias + residual;
                // Roundings of half a unit each, which add up as a random walk does; both activations are steeper than 1, by a tenth.
                let size = terms().map(f64::abs).sum::<f64>() + bias.abs() + residual.abs();
                let bound = 1.2 * f64::from(f32::EPSILON) / 2.0 * (inputs as f64 + 2.0).sqrt() * size;
                let value = match linear.activation {
                    None => sum,
                    Some(Activation::Gelu) => 0.5 * sum * (1.0 + libm::erf(sum / 2f64.sqrt())),
                    Some(Activation::QuickGelu) => sum / (1.0 + (-1.702 * sum).exp()),
                };
                expected.push((value, bound + 1e-6 * (1.0 + sum.abs())));
            }
        }
        expected
    }

    fn numbers(length: usize, seed: u64) -> Vec<f32> {
        (0..length as u64)
            .map(|i| {
                let mixed = (i + 1).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
                mixed as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn every_weight_and_epilogue_equals_the_definition(
            rows in 1usize..40,
            inputs in prop_oneof![1usize..150, 500usize..1100],
            outputs in 1usize..300,
            store in 0..3,
            block in prop::sample::select(vec![1usize, 7, 32, 64, 1000]),
            with_bias: bool,
            accumulate: bool,
            activation in prop::sample::select(vec![None, Some(Activation::Gelu), Some(Activation::QuickGelu)]),
            seed: u64,
        ) {
            let input = numbers(rows * inputs, seed);
            let start = numbers(rows * outputs, seed ^ 5);
            let bias = numbers(outputs, seed ^ 9);
            let full = numbers(outputs * inputs, seed ^ 3);
            let halves: Vec<f16> = full.iter().map(|&x| f16::from_f32(x)).collect();
            let bytes: Vec<i8> = full.iter().map(|&x| (x * 127.0) as i8).collect();
            let scales: Vec<f32> =
                numbers(outputs * inputs.div_ceil(block), seed ^ 7).iter().map(|x| x.abs() / 64.0).collect();
            let (weight, values) = match store {
                0 => (Values::F32(full.clone()), full),
                1 => (Values::F16(halves.clone()), halves.iter().map(|x| x.to_f32()).collect()),
                _ => {
                    let blocks = inputs.div_ceil(block);
                    let unpacked = (0..outputs * inputs)
                        .map(|i| f32::from(bytes[i]) * scales[i / inputs * blocks + i % inputs / block])
                        .collect();
                    (Values::Q8(Blocks { values: bytes, scales, block }), unpacked)
                }
            };
            let bias = with_bias.then_some(bias.as_slice());
            let weight = PackedWeight::new(&weight, [outputs, inputs]);
            let linear = Linear { rows, weight: &weight, bias, activation, accumulate };
            let mut output = start.clone();
            linear.run(&input, &mut output);
            for (found, (expected, bound)) in output.iter().zip(twin(&linear, &values, &input, &start)) {
                prop_assert!((f64::from(*found) - expected).abs() <= bound, "{found} {expected}");
            }
        }
    }
}
