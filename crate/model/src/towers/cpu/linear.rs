//! `input · weightᵀ + bias`, with the epilogue applied while the result is in the cache.
//!
//! ```text
//! for each group of panels, in parallel:  (a run of its weights stays in the L2 cache)
//!   for each run of STEPS steps:          (f16 and q8 weights are unpacked; integers are not)
//!     for each tile of rows:              (its input stays in the L1 cache)
//!       for each panel:                   (its sums stay in registers: tile.rs, integer/, amx/)
//! ```
//!
//! On AMX, runs and groups are longer, and the input of a tile comes from the L2 cache.
//!
//! Bias and residual are added with the first run of steps, the activation is applied with the
//! last.

use std::ops::Range;

use bytemuck::{Pod, cast_slice};
use pulp::{Simd, WithSimd};

use super::{
    amx::{self, Amx, Rounded, Term},
    disjoint::Disjoint,
    integer::{self, Group, RowScale},
    math,
    parallel::{first_values, for_each_part, for_each_with_scratch, threads, with_buffer},
    prefetch::{Ahead, PREFETCHES},
    tile::{self, LANES, MOST_ROWS, Tile, Tiles},
    weight::{Grouped, PackedWeight, Stored, Terms},
};
use pickscore_checkpoint::config::Activation;

/// A product with its epilogue.
pub(super) struct Linear<'a> {
    /// Number of rows of the input.
    pub(super) rows: usize,
    /// `[out, in]`.
    pub(super) weight: &'a PackedWeight,
    /// `[out]`.
    pub(super) bias: Option<&'a [f32]>,
    /// Applied to the sum of product, bias and residual.
    pub(super) activation: Option<Activation>,
    /// Whether the output initially holds a residual to be added.
    pub(super) accumulate: bool,
}

/// Number of f32 inputs processed per tile: 12 rows of them take 24 KB.
const STEPS: usize = 512;
/// Panels per group, for which a tile's input is read once. With prefetching, the weights of two
/// groups must fit in the L2 cache, which is as small as 512 KB.
const GROUP: usize = if PREFETCHES { 2 } else { 4 };

/// Most bytes of a group's weights on AMX: a third of the L2 cache of processors with AMX. A tile's
/// input comes from the slower L3 cache once per group.
const AMX_GROUP: usize = 640 << 10;

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
        let output = Disjoint::new(output);
        match self.weight.stored() {
            Stored::Pairs(weight) => self.integer(weight, input, &output),
            Stored::Quads(weight) => self.integer(weight, input, &output),
            Stored::Bytes(weight) => self.integer(weight, input, &output),
            Stored::Rounded(amx, weight) => self.rounded(*amx, weight, input, &output),
            #[cfg(target_arch = "aarch64")]
            Stored::Octets(weight) => self.integer(weight, input, &output),
            #[cfg(target_arch = "aarch64")]
            Stored::ByteOctets(weight) => self.integer(weight, input, &output),
            Stored::F32(_) | Stored::F16(_) | Stored::Q8 { .. } => match self.weight.terms() {
                None => self.float(input, &output),
                Some((amx, Terms::ThreeByThree)) => self.terms::<3, 3>(amx, input, &output),
                Some((amx, Terms::ThreeByTwo)) => self.terms::<3, 2>(amx, input, &output),
                Some((amx, Terms::TwoByTwo)) => self.terms::<2, 2>(amx, input, &output),
            },
        }
    }

    /// Multiplies sums of bf16 terms.
    fn terms<const INPUT: usize, const WEIGHT: usize>(&self, amx: Amx, input: &[f32], output: &Disjoint<'_>) {
        /// Most steps per run. Fewer would add to the output more often.
        const MOST: usize = 1024;
        let inputs = self.weight.inputs();
        let run = inputs.div_ceil(inputs.div_ceil(MOST)).next_multiple_of(amx::STEPS);
        let group = AMX_GROUP / (run / amx::STEPS * size_of::<[Term; WEIGHT]>());
        let tiles = Tiles::new(self.rows, amx::HEIGHTS);
        let items = inputs.div_ceil(amx::STEPS);
        with_buffer(amx::memory::<[Term; INPUT]>(tiles.count * items), |memory| {
            let split_input = amx::in_memory::<[Term; INPUT]>(memory, tiles.count * items);
            amx::split_input(input, inputs, tiles, split_input);
            self.groups(run, group, |panels, steps, scratch| {
                let length = steps.len().div_ceil(amx::STEPS);
                let needed = amx::memory::<[Term; WEIGHT]>(panels.len() * length);
                let memory = first_values(scratch, needed);
                let split_weight = amx::in_memory::<[Term; WEIGHT]>(memory, panels.len() * length);
                for (panel, split) in panels.clone().zip(split_weight.chunks_exact_mut(length)) {
                    self.weight.split(panel, steps.clone(), split);
                }
                let start = steps.start / amx::STEPS;
                self.group(tiles, panels, &steps, output, |tile, panel, sums| {
                    let input = &split_input[tile * items + start..][..length];
                    let weight = &split_weight[panel * length..][..length];
                    amx.multiply(tiles.rows(tile).len(), input, weight, sums);
                });
            });
        });
    }

    /// Multiplies bytes on AMX.
    fn rounded(&self, amx: Amx, weight: &amx::Bytes, input: &[f32], output: &Disjoint<'_>) {
        let inputs = self.weight.inputs();
        let tiles = Tiles::new(self.rows, amx::HEIGHTS);
        let items = weight.items();
        let scales = tiles.all_rows() * size_of::<RowScale>() / size_of::<f32>();
        with_buffer(scales + amx::memory::<Rounded>(tiles.count * items), |memory| {
            let (scales, memory) = memory.split_at_mut(scales);
            let scales: &mut [RowScale] = bytemuck::cast_slice_mut(scales);
            let rounded = amx::in_memory::<Rounded>(memory, tiles.count * items);
            let (used, padding) = scales.split_at_mut(self.rows);
            padding.fill(bytemuck::Zeroable::zeroed());
            amx::round_input(input, inputs, tiles, rounded, used);
            self.groups(inputs, AMX_GROUP / weight.panel_size(), |panels, steps, _| {
                self.group(tiles, panels.clone(), &steps, output, |tile, panel, sums| {
                    let input = &rounded[tile * items..][..items];
                    weight.multiply(amx, panels.start + panel, input, &scales[tiles.rows(tile)], sums);
                });
            });
        });
    }

    /// Multiplies in f32.
    fn float(&self, input: &[f32], output: &Disjoint<'_>) {
        let (rows, inputs) = (self.rows, self.weight.inputs());
        let tiles = Tiles::new(rows, tile::heights());
        with_buffer(rows * inputs, |packed| {
            pack_input(input, inputs, STEPS, tiles, packed);
            self.groups(STEPS, GROUP, |panels, steps, scratch| {
                let arch = pulp::Arch::new();
                let packed = &packed[steps.start * rows..steps.end * rows];
                let weights = self.weight.unpack(panels.clone(), steps.clone(), scratch);
                self.group(tiles, panels.clone(), &steps, output, |tile, panel, sums: &mut tile::Sums| {
                    let rows = tiles.rows(tile);
                    let input = &packed[rows.start * steps.len()..rows.end * steps.len()];
                    let ahead = Ahead {
                        weight: self.next(STEPS, &panels, panel, &steps, tile, tiles),
                        input: share(next_input(packed, steps.len(), tiles, tile), panel, panels.len()),
                    };
                    arch.dispatch(Tile { rows: rows.len(), input, weight: weights[panel], ahead, sums });
                });
            });
        });
    }

    /// Multiplies in integers.
    fn integer<G: Group>(&self, weight: &Grouped<G>, input: &[f32], output: &Disjoint<'_>) {
        let (rows, inputs) = (self.rows, self.weight.inputs());
        let tiles = Tiles::new(rows, G::heights());
        let all = inputs.div_ceil(G::STEPS);
        let numbers = size_of::<G::Input>() / size_of::<f32>();
        let scales = size_of::<RowScale>() / size_of::<f32>();
        let padded = tiles.all_rows();
        with_buffer(padded * (scales + all * numbers) + rows * all * numbers, |memory| {
            let (row_scales, memory) = memory.split_at_mut(padded * scales);
            let row_scales: &mut [RowScale] = bytemuck::cast_slice_mut(row_scales);
            let memory: &mut [G::Input] = bytemuck::cast_slice_mut(memory);
            let (rounded, packed) = memory.split_at_mut(rows * all);
            let (scales, padding) = row_scales.split_at_mut(rows);
            integer::round_input::<G>(input, inputs, rounded, scales);
            padding.fill(bytemuck::Zeroable::zeroed());
            pack_input(rounded, all, G::RUN / G::STEPS, tiles, packed);
            self.groups(G::RUN, GROUP, |panels, steps, _| {
                let (start, length) = (steps.start / G::STEPS, steps.len().div_ceil(G::STEPS));
                let packed = &packed[start * padded..(start + length) * padded];
                self.group(tiles, panels.clone(), &steps, output, |tile, panel, sums| {
                    let rows = tiles.rows(tile);
                    let input = &packed[rows.start * length..rows.end * length];
                    let row_scales = &row_scales[rows.clone()];
                    let ahead = Ahead {
                        weight: self.next(G::RUN, &panels, panel, &steps, tile, tiles),
                        input: share(next_input(packed, length, tiles, tile), panel, panels.len()),
                    };
                    let panel = weight.panel(panels.start + panel, steps.clone());
                    G::multiply(integer::Tile { rows: rows.len(), input, row_scales, panel, ahead, sums });
                });
            });
        });
    }

    /// Runs `task(panels, steps, scratch)` for each block of the weight, of `run` steps and at most
    /// `most` panels, on all threads.
    fn groups(
        &self,
        run: usize,
        most: usize,
        task: impl Fn(Range<usize>, Range<usize>, &mut Vec<f32>) + Sync + Send,
    ) {
        let inputs = self.weight.inputs();
        let panels = self.weight.outputs().div_ceil(LANES);
        let group = (panels / (3 * threads())).min(most).max(1);
        // As many for each thread as possible, and of nearly equal size.
        let count = panels.div_ceil(group).next_multiple_of(threads()).min(panels);
        for_each_with_scratch(count, |scratch, index| {
            let panels = index * panels / count..(index + 1) * panels / count;
            for start in (0..inputs).step_by(run) {
                task(panels.clone(), start..(start + run).min(inputs), scratch);
            }
        });
    }

    /// A tile's share of the weights to prefetch: the panel's next steps, or the first steps of the
    /// next group.
    fn next(
        &self,
        run: usize,
        panels: &Range<usize>,
        panel: usize,
        steps: &Range<usize>,
        tile: usize,
        tiles: Tiles,
    ) -> &[u8] {
        let inputs = self.weight.inputs();
        let next = if steps.end < inputs {
            self.weight.memory(panels.start + panel, steps.end..(steps.end + run).min(inputs))
        } else {
            self.weight.memory(panels.end + panel, 0..run.min(inputs))
        };
        share(next, tile, tiles.count)
    }

    /// Computes one group of panels over a range of steps for all rows.
    ///
    /// `product(tile, panel, sums)` computes the sums, `[rows, LANES]`; `panel` counts from the
    /// start of the group.
    #[allow(unsafe_code, reason = "threads write disjoint columns of the output")]
    fn group<const ROWS: usize>(
        &self,
        tiles: Tiles,
        panels: Range<usize>,
        steps: &Range<usize>,
        output: &Disjoint<'_>,
        product: impl Fn(usize, usize, &mut [[f32; LANES]; ROWS]),
    ) {
        let outputs = self.weight.outputs();
        let (first, last) = (steps.start == 0, steps.end == self.weight.inputs());
        let finish = Finish {
            adds: !first || self.accumulate,
            bias: self.bias.filter(|_| first),
            activation: self.activation.filter(|_| last),
        };
        let arch = pulp::Arch::new();
        let mut sums = [[0.0; LANES]; ROWS];
        for tile in 0..tiles.count {
            let rows = tiles.rows(tile);
            let rows = rows.start..rows.end.min(self.rows);
            for (index, panel) in panels.clone().enumerate() {
                let column = panel * LANES;
                let width = LANES.min(outputs - column);
                product(tile, index, &mut sums);
                // SAFETY: the range lies within row `row`, since `column + width <= outputs`. Only
                // this task accesses this panel, and only one reference per row is alive.
                let stored = rows.clone().map(|row| unsafe { output.slice(row * outputs + column, width) });
                arch.dispatch(Finished { finish: &finish, column, sums: &mut sums, stored });
            }
        }
    }
}

/// The epilogue: what is done with the sums of a panel.
struct Finish<'a> {
    /// Whether the sums are added to the output, rather than replacing it.
    adds: bool,
    /// `[out]`
    bias: Option<&'a [f32]>,
    activation: Option<Activation>,
}

/// The epilogue of one tile and panel.
struct Finished<'a, Stored> {
    finish: &'a Finish<'a>,
    /// The panel's first column.
    column: usize,
    sums: &'a mut [[f32; LANES]],
    /// For each row, the panel's columns in the output.
    stored: Stored,
}

impl<'a, Stored: Iterator<Item = &'a mut [f32]>> WithSimd for Finished<'_, Stored> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (sums, stored) in self.sums.iter_mut().zip(self.stored) {
            self.finish.row(simd, self.column, &mut sums[..stored.len()], stored);
        }
    }
}

impl Finish<'_> {
    /// Finishes one row's columns from `column` on. Explicit SIMD, because the compiler cannot tell
    /// that sums, bias and output do not alias.
    ///
    /// The last addition writes to the output directly: in wasm a copy is a call into the browser,
    /// which takes as long as summing a hundred inputs.
    #[inline(always)]
    fn row<S: Simd>(&self, simd: S, column: usize, sums: &mut [f32], stored: &mut [f32]) {
        let bias = self.bias.map(|bias| &bias[column..column + sums.len()]);
        match bias {
            Some(bias) if self.adds || self.activation.is_some() => add(simd, sums, bias),
            Some(bias) => return add_into(simd, sums, bias, stored),
            None => {}
        }
        match self.activation {
            Some(activation) => {
                if self.adds {
                    add(simd, sums, stored);
                }
                math::activate(sums, stored, activation);
            }
            None if self.adds => add(simd, stored, sums),
            None => stored.copy_from_slice(sums),
        }
    }
}

/// `sums += others`, of equal length.
#[inline(always)]
fn add<S: Simd>(simd: S, sums: &mut [f32], others: &[f32]) {
    let (sums, last_sums) = S::as_mut_simd_f32s(sums);
    let (others, last_others) = S::as_simd_f32s(others);
    sums.iter_mut().zip(others).for_each(|(sum, other)| *sum = simd.add_f32s(*sum, *other));
    last_sums.iter_mut().zip(last_others).for_each(|(sum, other)| *sum += other);
}

/// `stored = sums + others`, of equal length.
#[inline(always)]
fn add_into<S: Simd>(simd: S, sums: &[f32], others: &[f32], stored: &mut [f32]) {
    let (sums, last_sums) = S::as_simd_f32s(sums);
    let (others, last_others) = S::as_simd_f32s(others);
    let (stored, last_stored) = S::as_mut_simd_f32s(stored);
    stored.iter_mut().zip(sums).zip(others).for_each(|((stored, a), b)| *stored = simd.add_f32s(*a, *b));
    last_stored.iter_mut().zip(last_sums).zip(last_others).for_each(|((stored, a), b)| *stored = a + b);
}

/// The packed input `[length, rows]` of the tile after this one; after the last tile nothing, at
/// the end of the input: an address that is not mapped would take long to prefetch.
fn next_input<T>(packed: &[T], length: usize, tiles: Tiles, tile: usize) -> &[T] {
    let rows = tiles.rows(tile + 1);
    let end = packed.len();
    &packed[(rows.start * length).min(end)..(rows.end * length).min(end)]
}

/// One of `count` parts of equal size.
fn share<T: Pod>(memory: &[T], index: usize, count: usize) -> &[u8] {
    let length = memory.len() / count;
    cast_slice(&memory[index * length..(index + 1) * length])
}

/// Packs input `[rows, inputs]` into runs of `run` steps, each split into tiles `[steps, height]`.
/// A tile that ends after the last row repeats that row.
fn pack_input<T: Copy + Send + Sync>(input: &[T], inputs: usize, run: usize, tiles: Tiles, packed: &mut [T]) {
    let last = input.len() / inputs - 1;
    let mut parts = Vec::with_capacity(inputs.div_ceil(run) * tiles.count);
    let mut packed = packed;
    for start in (0..inputs).step_by(run) {
        let steps = start..(start + run).min(inputs);
        for tile in 0..tiles.count {
            let rows = tiles.rows(tile);
            let (part, rest) = packed.split_at_mut(rows.len() * steps.len());
            parts.push((rows, steps.clone(), part));
            packed = rest;
        }
    }
    for_each_part(parts, |(rows, steps, part)| {
        let row = |row: usize| &input[(rows.start + row).min(last) * inputs..][steps.clone()];
        match rows.len() {
            1 => part.copy_from_slice(row(0)),
            2 => interleave::<_, 2>(row, part),
            3 => interleave::<_, 3>(row, part),
            4 => interleave::<_, 4>(row, part),
            5 => interleave::<_, 5>(row, part),
            6 => interleave::<_, 6>(row, part),
            7 => interleave::<_, 7>(row, part),
            8 => interleave::<_, 8>(row, part),
            9 => interleave::<_, 9>(row, part),
            10 => interleave::<_, 10>(row, part),
            11 => interleave::<_, 11>(row, part),
            _ => interleave::<_, MOST_ROWS>(row, part),
        }
    });
}

/// Transposes rows: `[ROWS, steps]` → `[steps, ROWS]`
fn interleave<'a, T: Copy + 'a, const ROWS: usize>(row: impl Fn(usize) -> &'a [T], packed: &mut [T]) {
    let packed = packed.as_chunks_mut::<ROWS>().0;
    // Slices of one known length, so that the compiler drops the bounds checks.
    let rows: [&[T]; ROWS] = std::array::from_fn(|at| &row(at)[..packed.len()]);
    for (step, packed) in packed.iter_mut().enumerate() {
        for (packed, row) in packed.iter_mut().zip(rows) {
            *packed = row[step];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::{
        definitions::{self, numbers, stored},
        kernels::Q8Inputs,
    };
    use pickscore_checkpoint::weights::Values;

    /// The integer kernels.
    #[derive(Clone, Copy, Debug)]
    enum Groups {
        Pairs,
        Quads,
        Bytes,
        #[cfg(target_arch = "aarch64")]
        Octets,
        #[cfg(target_arch = "aarch64")]
        ByteOctets,
        /// AMX.
        Terms(Q8Inputs),
    }

    /// Those that support only blocks of 32.
    const OF_32: &[Groups] = &[
        Groups::Quads,
        Groups::Bytes,
        #[cfg(target_arch = "aarch64")]
        Groups::Octets,
        #[cfg(target_arch = "aarch64")]
        Groups::ByteOctets,
    ];

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
            let residual = accumulate.then_some(start.as_slice());
            let expected = definitions::linear(&input, &values, inputs, bias, residual, activation);
            // On AMX the fastest layout differs, and is as precise except with q8.
            let fastest = PackedWeight::new(&weight, [outputs, inputs], Q8Inputs::Fine);
            let mut weights = vec![PackedWeight::in_floats(&weight, [outputs, inputs])];
            weights.extend((store != 2).then_some(fastest));
            for weight in weights {
                let linear = Linear { rows, weight: &weight, bias, activation, accumulate };
                let mut output = start.clone();
                linear.run(&input, &mut output);
                prop_assert_eq!(output.len(), expected.len());
                for (found, (expected, bound)) in output.iter().zip(&expected) {
                    prop_assert!((f64::from(*found) - expected).abs() <= *bound, "{found} {expected}");
                }
            }
        }

        #[test]
        fn a_row_does_not_depend_on_the_others(
            rows in 2usize..80,
            inputs in prop_oneof![1usize..150, 1000usize..1100],
            outputs in 1usize..100,
            store in 0usize..3,
            q8_inputs in prop::sample::select(vec![Q8Inputs::Fine, Q8Inputs::Bytes]),
            seed: u64,
        ) {
            let input = numbers(rows * inputs, seed);
            let (weight, _) = stored(store, [outputs, inputs], 32, seed);
            let weight = PackedWeight::new(&weight, [outputs, inputs], q8_inputs);
            let run = |input: &[f32]| {
                let rows = input.len() / inputs;
                let linear = Linear { rows, weight: &weight, bias: None, activation: None, accumulate: false };
                let mut output = vec![f32::NAN; rows * outputs];
                linear.run(input, &mut output);
                output
            };
            let last = run(&input[(rows - 1) * inputs..]);
            prop_assert_eq!(&run(&input)[(rows - 1) * outputs..], &last);
        }

        #[test]
        fn integers_equal_the_definition(
            rows in 1usize..20,
            // Up to two runs of every kind.
            inputs in prop_oneof![1usize..150, 500usize..1100, 2000usize..2200],
            outputs in 1usize..100,
            (groups, block) in prop_oneof![
                prop::sample::select(OF_32).prop_map(|groups| (groups, 32)),
                prop::sample::select(vec![2usize, 6, 32, 64, 512]).prop_map(|block| (Groups::Pairs, block)),
                (prop::sample::select(vec![Q8Inputs::Fine, Q8Inputs::Bytes]), 1usize..100)
                    .prop_map(|(inputs, block)| (Groups::Terms(inputs), block)),
            ],
            accumulate: bool,
            activation in prop::sample::select(vec![None, Some(Activation::Gelu)]),
            seed: u64,
        ) {
            let input = numbers(rows * inputs, seed);
            let start = numbers(rows * outputs, seed ^ 5);
            let bias = numbers(outputs, seed ^ 9);
            let (weight, values) = stored(2, [outputs, inputs], block, seed);
            let Values::Q8(blocks) = &weight else { unreachable!("store 2 is q8") };
            let shape = [outputs, inputs];
            let weight = match groups {
                Groups::Pairs => PackedWeight::in_groups(blocks, shape, Stored::Pairs),
                Groups::Quads => PackedWeight::in_groups(blocks, shape, Stored::Quads),
                Groups::Bytes => PackedWeight::in_groups(blocks, shape, Stored::Bytes),
                #[cfg(target_arch = "aarch64")]
                Groups::Octets => PackedWeight::in_groups(blocks, shape, Stored::Octets),
                #[cfg(target_arch = "aarch64")]
                Groups::ByteOctets => PackedWeight::in_groups(blocks, shape, Stored::ByteOctets),
                Groups::Terms(_) if Amx::detect().is_none() => return Ok(()),
                Groups::Terms(q8_inputs) => PackedWeight::new(&weight, shape, q8_inputs),
            };
            let linear = Linear { rows, weight: &weight, bias: Some(&bias), activation, accumulate };
            let mut output = start.clone();
            linear.run(&input, &mut output);
            let residual = accumulate.then_some(start.as_slice());
            let expected = definitions::linear(&input, &values, inputs, Some(&bias), residual, activation);
            for (at, (found, (expected, bound))) in output.iter().zip(expected).enumerate() {
                let (row, column) = (at / outputs, at % outputs);
                // Rounding moves each input by at most half a level of its row.
                let row = &input[row * inputs..][..inputs];
                let (least, most) = row.iter().fold((0.0f32, 0.0f32), |(a, b), &x| (a.min(x), b.max(x)));
                let level = match groups {
                    Groups::Pairs | Groups::Quads => most.max(-least) / 32767.0,
                    Groups::Bytes => (most - least) / 254.0,
                    #[cfg(target_arch = "aarch64")]
                    Groups::Octets => most.max(-least) / 32767.0,
                    #[cfg(target_arch = "aarch64")]
                    Groups::ByteOctets => (most - least) / 254.0,
                    Groups::Terms(Q8Inputs::Fine) => most.max(-least) / 32767.0,
                    Groups::Terms(Q8Inputs::Bytes) => (most - least) / 254.0,
                };
                let weights = &values[column * inputs..][..inputs];
                let sum = |values: &[f32]| values.iter().map(|x| x.abs()).sum::<f32>();
                let bound = bound + 1.2 * f64::from(level * sum(weights)) / 2.0;
                // On AMX, `q8-fast` rounds weights again, to at most half a level of their column.
                let rounded = matches!(groups, Groups::Terms(Q8Inputs::Bytes));
                let level = weights.iter().fold(0.0f32, |peak, w| peak.max(w.abs())) / 127.0;
                let bound = bound + if rounded { 1.2 * f64::from(level * sum(row)) / 2.0 } else { 0.0 };
                prop_assert!((f64::from(*found) - expected).abs() <= bound, "{found} {expected} {bound}");
            }
        }
    }
}
