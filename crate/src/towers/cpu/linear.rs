//! `input · weightᵀ + bias`, with what follows it done while the result is still in the cache.
//!
//! ```text
//! for each group of panels, on all cores:       (its weights of some steps stay in the second-level cache)
//!   for each run of STEPS steps:                (16- and 8-bit weights are unpacked here, so that the f32 copy of a matrix never exists; pairs stay as they are)
//!     for each tile of rows:                    (its input of those steps stays in the first-level cache)
//!       for each panel:  tile.rs, pairs.rs      (its sums stay in registers)
//! ```
//!
//! Bias (and residual) join the first steps' sums, and the activation the last ones'.

use std::ops::Range;

use super::{
    math,
    pairs::{self, Pair, PairTile},
    tile::{self, LANES, MOST_ROWS, Sums, Tile},
    weight::{PackedWeight, Pairs},
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
        let output = Columns { start: output.as_mut_ptr(), stride: outputs };
        match self.weight.pairs() {
            Some(weight) => self.in_pairs(weight, input, &output),
            None => self.in_floats(input, &output),
        }
    }

    /// As many rows in every tile, as far as that goes: the last one's missing rows are computed in vain.
    fn tiles(&self, most_rows: usize) -> Tiles {
        let count = self.rows.div_ceil(most_rows);
        Tiles { count, height: self.rows.div_ceil(count) }
    }

    fn in_floats(&self, input: &[f32], output: &Columns) {
        let tiles = self.tiles(tile::most_rows());
        let rows = tiles.count * tiles.height;
        super::with_packed(rows * self.weight.inputs(), |packed| {
            pack_input(input, self.weight.inputs(), tiles, packed);
            self.groups(|panels, steps, scratch| {
                let arch = pulp::Arch::new();
                let packed = &packed[steps.start * rows..steps.end * rows];
                let weights = self.weight.unpack(panels.clone(), steps.clone(), scratch);
                self.group(tiles, panels, &steps, output, |tile, panel, sums| {
                    let input = &packed[tile * steps.len() * tiles.height..][..steps.len() * tiles.height];
                    arch.dispatch(Tile { rows: tiles.height, input, weight: weights[panel], sums });
                });
            });
        });
    }

    fn in_pairs(&self, weight: &Pairs, input: &[f32], output: &Columns) {
        let inputs = self.weight.inputs();
        let tiles = self.tiles(pairs::MOST_ROWS);
        let rows = tiles.count * tiles.height;
        super::with_packed(rows * (inputs.div_ceil(2) + 1), |memory| {
            let (row_scales, packed) = memory.split_at_mut(rows);
            let packed: &mut [Pair] = bytemuck::cast_slice_mut(packed);
            pairs::pack_input(input, inputs, STEPS, tiles.height, packed, row_scales);
            self.groups(|panels, steps, _| {
                let (start, length) = (steps.start / 2, steps.len().div_ceil(2));
                let packed = &packed[start * rows..(start + length) * rows];
                let first = panels.start;
                self.group(tiles, panels, &steps, output, |tile, panel, sums| {
                    let panel = weight.of(first + panel, steps.clone());
                    let input = &packed[tile * length * tiles.height..][..length * tiles.height];
                    let row_scales = &row_scales[tile * tiles.height..][..tiles.height];
                    let rows = tiles.height;
                    PairTile { rows, input, row_scales, panel, sums }.run();
                });
            });
        });
    }

    /// Goes through the weight, on all cores: `task(panels, steps, scratch)`.
    fn groups(&self, task: impl Fn(Range<usize>, Range<usize>, &mut Vec<f32>) + Sync + Send) {
        let inputs = self.weight.inputs();
        let panels = self.weight.outputs().div_ceil(LANES);
        let group = (panels / (3 * super::threads())).clamp(1, GROUP);
        super::for_each(panels.div_ceil(group), |scratch, index| {
            let panels = index * group..((index + 1) * group).min(panels);
            for start in (0..inputs).step_by(STEPS) {
                task(panels.clone(), start..(start + STEPS).min(inputs), scratch);
            }
        });
    }

    /// One group of panels, some steps, all rows: `product(tile, panel of the group, sums)` gives the sums.
    fn group(
        &self,
        tiles: Tiles,
        panels: Range<usize>,
        steps: &Range<usize>,
        output: &Columns,
        product: impl Fn(usize, usize, &mut Sums),
    ) {
        let outputs = self.weight.outputs();
        let (first, last) = (steps.start == 0, steps.end == self.weight.inputs());
        let finish = Finish {
            adds: !first || self.accumulate,
            bias: self.bias.filter(|_| first),
            activation: self.activation.filter(|_| last),
        };
        let mut sums: Sums = [[0.0; LANES]; MOST_ROWS];
        for tile in 0..tiles.count {
            let rows = tile * tiles.height..((tile + 1) * tiles.height).min(self.rows);
            for (index, panel) in panels.clone().enumerate() {
                let column = panel * LANES;
                let width = LANES.min(outputs - column);
                product(tile, index, &mut sums);
                for (row, sums) in rows.clone().zip(&mut sums) {
                    // SAFETY: panels are disjoint and this is the only reference into this one.
                    let stored = unsafe { output.segment(row, column, width) };
                    // Whose length the compiler knows it makes vectors of.
                    match stored.as_mut_array::<LANES>() {
                        Some(stored) => finish.row(column, sums, stored),
                        None => finish.row(column, &mut sums[..width], stored),
                    }
                }
            }
        }
    }
}

/// What is done with the sums of a panel's columns.
struct Finish<'a> {
    /// Whether they are added to what is stored.
    adds: bool,
    /// `[out]`
    bias: Option<&'a [f32]>,
    activation: Option<Activation>,
}

impl Finish<'_> {
    /// One row's columns from `column` on. In wasm a copy is a call into the browser, which takes as long as the sums of a hundred inputs: hence
    /// each branch computes into where it stores.
    #[inline(always)]
    fn row(&self, column: usize, sums: &mut [f32], stored: &mut [f32]) {
        let bias = self.bias.map(|bias| &bias[column..column + sums.len()]);
        if let Some(activation) = self.activation {
            if self.adds {
                sums.iter_mut().zip(&*stored).for_each(|(sum, stored)| *sum += stored);
            }
            if let Some(bias) = bias {
                sums.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
            }
            return math::activate(sums, stored, activation);
        }
        let all = stored.iter_mut().zip(&*sums);
        match (self.adds, bias) {
            (true, Some(bias)) => all.zip(bias).for_each(|((stored, sum), bias)| *stored += sum + bias),
            (true, None) => all.for_each(|(stored, sum)| *stored += sum),
            (false, Some(bias)) => all.zip(bias).for_each(|((stored, sum), bias)| *stored = sum + bias),
            (false, None) => stored.copy_from_slice(sums),
        }
    }
}

/// How the rows are shared out.
#[derive(Clone, Copy)]
struct Tiles {
    count: usize,
    /// Rows of each.
    height: usize,
}

/// input `[rows, inputs]` → runs of [`STEPS`] steps, each `[tiles, steps, height]`; rows beyond the last are zero.
fn pack_input(input: &[f32], inputs: usize, Tiles { count, height }: Tiles, packed: &mut [f32]) {
    super::for_each_chunk(packed, STEPS * count * height, |run, packed| {
        let steps = packed.len() / (count * height);
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
    use proptest::prelude::*;

    use super::*;
    use crate::{
        towers::definitions::{self, numbers, stored},
        weights::Values,
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn every_weight_and_epilogue_equals_the_definition(
            rows in 1usize..40,
            inputs in prop_oneof![1usize..150, 500usize..1100],
            outputs in 1usize..300,
            store in 0usize..3,
            block in prop::sample::select(vec![1usize, 7, 32, 64, 1000]),
            with_bias: bool,
            accumulate: bool,
            activation in prop::sample::select(vec![None, Some(Activation::Gelu), Some(Activation::QuickGelu)]),
            seed: u64,
        ) {
            let input = numbers(rows * inputs, seed);
            let start = numbers(rows * outputs, seed ^ 5);
            let bias = numbers(outputs, seed ^ 9);
            let (weight, values) = stored(store, [outputs, inputs], block, seed);
            let bias = with_bias.then_some(bias.as_slice());
            let weight = PackedWeight::new(&weight, [outputs, inputs]);
            let linear = Linear { rows, weight: &weight, bias, activation, accumulate };
            let mut output = start.clone();
            linear.run(&input, &mut output);
            let residual = accumulate.then_some(start.as_slice());
            let expected = definitions::linear(&input, &values, inputs, bias, residual, activation);
            prop_assert_eq!(output.len(), expected.len());
            for (found, (expected, bound)) in output.iter().zip(expected) {
                prop_assert!((f64::from(*found) - expected).abs() <= bound, "{found} {expected}");
            }
        }

        #[test]
        fn weights_in_pairs_equal_the_definition(
            rows in 1usize..20,
            inputs in prop_oneof![1usize..150, 500usize..1100],
            outputs in 1usize..100,
            block in prop::sample::select(vec![2usize, 6, 32, 64, 512]),
            accumulate: bool,
            activation in prop::sample::select(vec![None, Some(Activation::Gelu)]),
            seed: u64,
        ) {
            let input = numbers(rows * inputs, seed);
            let start = numbers(rows * outputs, seed ^ 5);
            let bias = numbers(outputs, seed ^ 9);
            let (weight, values) = stored(2, [outputs, inputs], block, seed);
            let Values::Q8(blocks) = &weight else { unreachable!("2 is 8 bits") };
            let weight = PackedWeight::in_pairs(blocks, [outputs, inputs]);
            let linear = Linear { rows, weight: &weight, bias: Some(&bias), activation, accumulate };
            let mut output = start.clone();
            linear.run(&input, &mut output);
            let residual = accumulate.then_some(start.as_slice());
            let expected = definitions::linear(&input, &values, inputs, Some(&bias), residual, activation);
            for (at, (found, (expected, bound))) in output.iter().zip(expected).enumerate() {
                let (row, column) = (at / outputs, at % outputs);
                // Each number of the input is off by half a step of its row at most.
                let largest = input[row * inputs..][..inputs].iter().fold(0.0, |a: f32, x| a.max(x.abs()));
                let weights: f32 = values[column * inputs..][..inputs].iter().map(|w| w.abs()).sum();
                let bound = bound + 1.2 * f64::from(largest * weights) / 32767.0 / 2.0;
                prop_assert!((f64::from(*found) - expected).abs() <= bound, "{found} {expected} {bound}");
            }
        }
    }
}
