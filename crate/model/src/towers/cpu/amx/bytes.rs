//! Bytes for `q8-fast`: each row of the input has a scale and a zero, each column of the weight a
//! scale. The sums over all steps are exact integers.
//!
//! q8 weights have a scale for every 32 steps. With those, sums would have to be scaled after every
//! 32 steps, which takes longer than AMX takes to multiply them.

use bytemuck::{Pod, Zeroable};
use pickscore_checkpoint::weights::Blocks;

use super::{Amx, HEIGHT, ROWS, Sums};
use crate::towers::cpu::{
    integer::{ByteRounding, RowScale},
    parallel::for_each_part,
    tile::{LANES, Tiles},
    vectorize::vectorized,
};

/// Steps that one instruction multiplies.
const STEPS: usize = 64;
/// The largest magnitude of a weight.
const LARGEST: f32 = 127.0;

/// A tile's inputs, or a panel's weights, for [`STEPS`] steps: two tile registers, laid out as the
/// terms of [`super::Term`].
///
/// - Inputs: `[2, HEIGHT, STEPS]`
/// - Weights: `[2, STEPS / 4, HEIGHT, 4]`
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
pub(in crate::towers::cpu) struct Rounded([[[u8; STEPS]; HEIGHT]; 2]);

/// A weight matrix `[out, in]` in bytes.
#[derive(Debug)]
pub(in crate::towers::cpu) struct Bytes {
    /// `[panels, items]`, aligned for the fastest loads of tile registers.
    values: Vec<Rounded>,
    /// `[panels, LANES]`
    scales: Vec<[f32; LANES]>,
    /// `[panels, LANES]`: the sum of each column's weights.
    sums: Vec<[i32; LANES]>,
    items: usize,
}

impl Bytes {
    /// Most inputs whose sums fit in 32 bits.
    pub(in crate::towers::cpu) const MOST_INPUTS: usize = i32::MAX as usize / (255 * 127);

    /// Rounds blocks `[outputs, inputs]` once more, to one scale for a column.
    ///
    /// # Panics
    ///
    /// If there are more than [`Self::MOST_INPUTS`], or if the blocks have another shape.
    pub(in crate::towers::cpu) fn new(blocks: &Blocks, outputs: usize, inputs: usize) -> Self {
        let per_row = inputs.div_ceil(blocks.block);
        assert!(inputs <= Self::MOST_INPUTS);
        assert!(blocks.values.len() == outputs * inputs && blocks.scales.len() == outputs * per_row);
        let items = inputs.div_ceil(STEPS);
        let panels = outputs.div_ceil(LANES);
        let mut bytes = Self {
            values: bytemuck::zeroed_vec(panels * items),
            scales: vec![[0.0; LANES]; panels],
            sums: vec![[0; LANES]; panels],
            items,
        };
        let rows = blocks.values.chunks_exact(inputs).zip(blocks.scales.chunks_exact(per_row));
        for (output, (values, scales)) in rows.enumerate() {
            let (panel, lane) = (output / LANES, output % LANES);
            let runs = || values.chunks(blocks.block).zip(scales);
            let peak = |values: &[i8]| values.iter().fold(0, |peak, value| value.unsigned_abs().max(peak));
            let largest = runs().map(|(values, scale)| f32::from(peak(values)) * scale.abs());
            let scale = largest.fold(0.0, f32::max) / LARGEST;
            let weights = runs().flat_map(|(values, block)| {
                let factor = if scale > 0.0 { block / scale } else { 0.0 };
                values.iter().map(move |&value| (f32::from(value) * factor).round_ties_even() as i8)
            });
            let items = &mut bytes.values[panel * items..][..items];
            for (step, weight) in weights.enumerate() {
                let [half, column] = [lane / HEIGHT, lane % HEIGHT];
                let row = &mut items[step / STEPS].0[half][step % STEPS / 4];
                row[4 * column + step % 4] = weight as u8;
                bytes.sums[panel][lane] += i32::from(weight);
            }
            bytes.scales[panel][lane] = scale;
        }
        bytes
    }

    /// Items of a panel, each of [`STEPS`] steps.
    pub(in crate::towers::cpu) fn items(&self) -> usize {
        self.items
    }

    /// Bytes of a panel.
    pub(in crate::towers::cpu) fn panel_size(&self) -> usize {
        self.items * size_of::<Rounded>()
    }

    /// sums `[rows, LANES]` = the product of a tile of the input with a panel.
    ///
    /// # Shapes
    ///
    /// - input: `[items]`
    /// - rows: at least as many as the tile has
    pub(in crate::towers::cpu) fn multiply(
        &self,
        amx: Amx,
        panel: usize,
        input: &[Rounded],
        rows: &[RowScale],
        sums: &mut Sums,
    ) {
        let mut integers = [[0; LANES]; ROWS];
        amx.multiply_bytes(
            rows.len(),
            input,
            &self.values[panel * self.items..][..self.items],
            &mut integers,
        );
        let (scales, columns) = (&self.scales[panel], &self.sums[panel]);
        vectorized(
            #[inline(always)]
            || {
                for ((integers, row), sums) in integers.iter().zip(rows).zip(sums.iter_mut()) {
                    // The zero is an integer, too.
                    let zero = row.zero as i32;
                    for lane in 0..LANES {
                        let sum = integers[lane] - zero * columns[lane];
                        sums[lane] = sum as f32 * (row.scale * scales[lane]);
                    }
                }
            },
        );
    }
}

/// Rounds the rows of an input `[rows, inputs]`.
///
/// # Shapes
///
/// - rounded: `[tiles, items]`, in which the padding of items and tiles is unspecified
/// - scales: `[rows]`
pub(in crate::towers::cpu) fn round_input(
    input: &[f32],
    inputs: usize,
    tiles: Tiles,
    rounded: &mut [Rounded],
    scales: &mut [RowScale],
) {
    let mut scales = scales;
    let tasks = rounded.chunks_exact_mut(inputs.div_ceil(STEPS)).enumerate().map(|(tile, rounded)| {
        let tile = tiles.rows(tile);
        let (first, rest) =
            std::mem::take(&mut scales).split_at_mut(tile.len().min(input.len() / inputs - tile.start));
        scales = rest;
        (tile, rounded, first)
    });
    for_each_part(tasks.collect(), |(tile, rounded, scales)| {
        let half = tile.len() / 2;
        let input = &input[tile.start * inputs..][..scales.len() * inputs];
        let roundings: Vec<_> = input.chunks_exact(inputs).map(ByteRounding::of).collect();
        scales.iter_mut().zip(&roundings).for_each(|(scale, rounding)| *scale = rounding.row);
        // One item at a time: a row's bytes in successive items are 2 KB apart and share few sets
        // of the L1 cache.
        vectorized(
            #[inline(always)]
            || {
                for (item, start) in rounded.iter_mut().zip((0..inputs).step_by(STEPS)) {
                    for (row, (input, rounding)) in input.chunks_exact(inputs).zip(&roundings).enumerate() {
                        let part = &input[start..inputs.min(start + STEPS)];
                        rounding.round(part, &mut item.0[row / half][row % half]);
                    }
                }
            },
        );
    });
}
