//! A weight matrix in the order in which the CPU path reads it.

use std::ops::Range;

use half::f16;
use pulp::{
    Simd, WithSimd,
    bytemuck::{cast_slice, cast_slice_mut},
};

use super::{
    integer::{self, Group, Pair, Quad},
    tile::LANES,
    vectorize::vectorized,
};
use pickscore_checkpoint::weights::{Blocks, Values};

/// A weight matrix `[out, in]`, stored as panels of [`LANES`] outputs: `[panels, in, LANES]`.
/// Outputs beyond the last are zero.
#[derive(Debug)]
pub(in crate::towers) struct PackedWeight {
    inputs: usize,
    outputs: usize,
    stored: Stored,
}

/// As what the numbers are kept.
#[derive(Debug)]
pub(super) enum Stored {
    F32(Vec<f32>),
    F16(Vec<f16>),
    /// `scales` is `[panels, ceil(in / block), LANES]`.
    Q8 {
        values: Vec<i8>,
        scales: Vec<f32>,
        block: usize,
    },
    Pairs(Grouped<Pair>),
    Quads(Grouped<Quad>),
}

impl Stored {
    fn bytes(Blocks { values, scales, block }: &Blocks, [outputs, inputs]: [usize; 2]) -> Self {
        let scales = pack(scales, outputs, inputs.div_ceil(*block));
        Self::Q8 { values: pack(values, outputs, inputs), scales, block: *block }
    }
}

/// 8-bit weights of which a few neighbouring steps lie side by side, as `integer/` multiplies them.
#[derive(Debug)]
pub(super) struct Grouped<G> {
    /// `[panels, ceil(in / G::STEPS), LANES]`
    values: Vec<G>,
    /// `[panels, blocks, LANES]`
    scales: Vec<[f32; LANES]>,
    /// `[panels, LANES]`: what sums begin with, to make good for what is added to the input.
    starts: Vec<[f32; LANES]>,
    /// Steps of a block: some groups.
    block: usize,
    inputs: usize,
}

/// A panel's groups of some steps, with the scales of the blocks that those lie in.
pub(super) struct PanelGroups<'a, G> {
    /// `[groups, LANES]`
    pub(super) weight: &'a [G],
    pub(super) scales: &'a [[f32; LANES]],
    /// Groups of a block.
    pub(super) block: usize,
    /// Groups of the first block that came before.
    pub(super) before: usize,
    /// What the sums begin with.
    pub(super) start: [f32; LANES],
}

impl<G: Group> Grouped<G> {
    fn new(blocks: &Blocks, outputs: usize, inputs: usize) -> Self {
        let block = blocks.block;
        let scales = pack(&blocks.scales, outputs, inputs.div_ceil(block));
        let mut starts = vec![[0.0; LANES]; outputs.div_ceil(LANES)];
        let rows = blocks.values.chunks_exact(inputs).zip(blocks.scales.chunks_exact(inputs.div_ceil(block)));
        for ((values, scales), start) in rows.zip(starts.as_flattened_mut()) {
            let sum = |values: &[i8]| values.iter().map(|&w| i32::from(w)).sum::<i32>();
            let sums = values.chunks(block).map(sum).zip(scales);
            let sum: f64 = sums.map(|(sum, scale)| f64::from(sum) * f64::from(*scale)).sum();
            *start = (-f64::from(G::excess()) * sum) as f32;
        }
        let values = pack_groups(&blocks.values, outputs, inputs);
        Self { values, scales: scales.as_chunks().0.to_vec(), starts, block, inputs }
    }

    /// The memory that some steps of a panel lie in: of a panel that is not there, none.
    fn memory(&self, panel: usize, steps: Range<usize>) -> &[u8] {
        let start = panel * self.inputs.div_ceil(G::STEPS);
        let range = (start + steps.start / G::STEPS) * LANES..(start + steps.end / G::STEPS) * LANES;
        self.values.get(range).map_or(&[], cast_slice)
    }

    /// Some steps of a panel, from the first of a group on.
    pub(super) fn of(&self, panel: usize, steps: Range<usize>) -> PanelGroups<'_, G> {
        let (all, blocks) = (self.inputs.div_ceil(G::STEPS), self.inputs.div_ceil(self.block));
        let (groups, block) = (steps.start / G::STEPS..steps.end.div_ceil(G::STEPS), self.block / G::STEPS);
        let weight = &self.values[(panel * all + groups.start) * LANES..][..groups.len() * LANES];
        let scales = &self.scales[panel * blocks..(panel + 1) * blocks];
        let scales = &scales[groups.start / block..groups.end.div_ceil(block)];
        let start = if steps.start == 0 { self.starts[panel] } else { [0.0; LANES] };
        PanelGroups { weight, scales, block, before: groups.start % block, start }
    }
}

impl PackedWeight {
    /// 8-bit weights one after the other on any processor.
    #[cfg(test)]
    pub(super) fn in_bytes(blocks: &Blocks, [outputs, inputs]: [usize; 2]) -> Self {
        Self { inputs, outputs, stored: Stored::bytes(blocks, [outputs, inputs]) }
    }

    /// 8-bit weights in pairs on any processor.
    #[cfg(test)]
    pub(super) fn in_pairs(blocks: &Blocks, [outputs, inputs]: [usize; 2]) -> Self {
        Self { inputs, outputs, stored: Stored::Pairs(Grouped::new(blocks, outputs, inputs)) }
    }

    /// 8-bit weights in quads on any processor.
    #[cfg(test)]
    pub(super) fn in_quads(blocks: &Blocks, [outputs, inputs]: [usize; 2]) -> Self {
        Self { inputs, outputs, stored: Stored::Quads(Grouped::new(blocks, outputs, inputs)) }
    }

    /// Packs a row-major matrix `[outputs, inputs]`.
    pub(super) fn new(values: &Values, [outputs, inputs]: [usize; 2]) -> Self {
        let stored = match values {
            Values::F32(values) => Stored::F32(pack(values, outputs, inputs)),
            Values::F16(values) => Stored::F16(pack(values, outputs, inputs)),
            Values::Q8(blocks) if integer::quads_are_fast() && Quad::can_take(blocks) => {
                Stored::Quads(Grouped::new(blocks, outputs, inputs))
            }
            Values::Q8(blocks) if integer::pairs_are_fast() && Pair::can_take(blocks) => {
                Stored::Pairs(Grouped::new(blocks, outputs, inputs))
            }
            Values::Q8(blocks) => Stored::bytes(blocks, [outputs, inputs]),
        };
        Self { inputs, outputs, stored }
    }

    /// The numbers as they are kept.
    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Width of the input.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Width of the output.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The memory that some steps of a panel lie in: of a panel that is not there, none.
    pub(super) fn memory(&self, panel: usize, steps: Range<usize>) -> &[u8] {
        let range = (panel * self.inputs + steps.start) * LANES..(panel * self.inputs + steps.end) * LANES;
        match &self.stored {
            Stored::F32(values) => values.get(range).map_or(&[], bytemuck::cast_slice),
            Stored::F16(values) => values.get(range).map_or(&[], bytemuck::cast_slice),
            Stored::Q8 { values, .. } => values.get(range).map_or(&[], bytemuck::cast_slice),
            Stored::Pairs(weight) => weight.memory(panel, steps),
            Stored::Quads(weight) => weight.memory(panel, steps),
        }
    }

    /// Some steps of some panels as f32 `[steps, LANES]` each: themselves, or unpacked into
    /// `scratch`.
    pub(super) fn unpack<'a>(
        &'a self,
        panels: Range<usize>,
        steps: Range<usize>,
        scratch: &'a mut Vec<f32>,
    ) -> Vec<&'a [f32]> {
        let range = |panel: usize| {
            (panel * self.inputs + steps.start) * LANES..(panel * self.inputs + steps.end) * LANES
        };
        let length = steps.len() * LANES;
        if let Stored::F32(values) = &self.stored {
            return panels.map(|panel| &values[range(panel)]).collect();
        }
        scratch.resize(panels.len() * length, 0.0);
        for (panel, unpacked) in panels.zip(scratch.chunks_exact_mut(length)) {
            match &self.stored {
                Stored::F32(_) | Stored::Pairs(_) | Stored::Quads(_) => {}
                Stored::F16(values) => widen(&values[range(panel)], unpacked),
                Stored::Q8 { values, scales, block } => {
                    let per_panel = self.inputs.div_ceil(*block);
                    let scales = &scales[panel * per_panel * LANES..(panel + 1) * per_panel * LANES];
                    unpack_blocks(&values[range(panel)], scales, steps.start, *block, unpacked);
                }
            }
        }
        scratch.chunks_exact(length).collect()
    }
}

/// values `[steps, LANES]` of the steps from `start` on, scales `[blocks, LANES]` →
/// `[steps, LANES]`
fn unpack_blocks(values: &[i8], scales: &[f32], mut start: usize, block: usize, unpacked: &mut [f32]) {
    let scales = scales.as_chunks::<LANES>().0;
    let (mut values, mut unpacked) = (values, unpacked);
    while !values.is_empty() {
        // The first block may have begun before `start`, the last may end after the last step.
        let steps = (block - start % block).min(values.len() / LANES);
        let (these, later) = values.split_at(steps * LANES);
        let (target, rest) = std::mem::take(&mut unpacked).split_at_mut(steps * LANES);
        unpack_block(these, &scales[start / block], target);
        (values, unpacked, start) = (later, rest, start + steps);
    }
}

/// values `[steps, LANES]`, all of one block, scales `[LANES]` → `[steps, LANES]`
fn unpack_block(values: &[i8], scales: &[f32; LANES], unpacked: &mut [f32]) {
    pulp::Arch::new().dispatch(UnpackBlock { values, scales, unpacked });
}

struct UnpackBlock<'a> {
    values: &'a [i8],
    scales: &'a [f32; LANES],
    unpacked: &'a mut [f32],
}

impl WithSimd for UnpackBlock<'_> {
    type Output = ();

    /// In two passes, the second from the first-level cache: the compiler makes vectors of the
    /// first, and of both together none.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.unpacked.iter_mut().zip(self.values).for_each(|(unpacked, &value)| *unpacked = f32::from(value));
        let scales: &[S::f32s] = cast_slice(self.scales);
        for step in self.unpacked.as_chunks_mut::<LANES>().0 {
            let step: &mut [S::f32s] = cast_slice_mut(step);
            step.iter_mut().zip(scales).for_each(|(x, &scale)| *x = simd.mul_f32s(*x, scale));
        }
    }
}

/// Finite f16 → the same as f32.
fn widen(values: &[f16], widened: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || values.iter().zip(widened.iter_mut()).for_each(|(&x, widened)| *widened = widen_one(x)),
    );
}

/// In whole numbers, without a branch: the processor's own conversion is not on every one, and
/// numbers too small to be normal cost some of them dearly.
#[inline(always)]
fn widen_one(x: f16) -> f32 {
    /// Between the biases of the exponents, 127 and 15.
    const REBIAS: u32 = (127 - 15) << 23;
    /// 2⁻¹⁴, the smallest normal f16.
    const SMALLEST: u32 = REBIAS + (1 << 23);
    let bits = u32::from(x.to_bits());
    let magnitude = (bits & 0x7fff) << 13;
    let normal = magnitude + REBIAS;
    let small = (f32::from_bits(magnitude + SMALLEST) - f32::from_bits(SMALLEST)).to_bits();
    let magnitude = if bits & 0x7c00 == 0 { small } else { normal };
    f32::from_bits(magnitude | (bits & 0x8000) << 16)
}

/// `[outputs, inputs]` → `[panels, inputs, LANES]`
fn pack<T: Copy + Default>(values: &[T], outputs: usize, inputs: usize) -> Vec<T> {
    assert_eq!(values.len(), outputs * inputs);
    /// Steps at a time: a cache line of most rows' numbers.
    const RUN: usize = 16;
    let mut packed = vec![T::default(); outputs.div_ceil(LANES) * inputs * LANES];
    for (panel, packed) in packed.chunks_exact_mut(inputs * LANES).enumerate() {
        let rows = values[panel * LANES * inputs..].chunks_exact(inputs).take(LANES);
        for (run, packed) in packed.chunks_mut(RUN * LANES).enumerate() {
            for (lane, row) in rows.clone().enumerate() {
                let row = &row[run * RUN..];
                packed.iter_mut().skip(lane).step_by(LANES).zip(row).for_each(|(packed, x)| *packed = *x);
            }
        }
    }
    packed
}

/// `[outputs, inputs]` → `[panels, ceil(inputs / G::STEPS), LANES]`
fn pack_groups<G: Group>(values: &[i8], outputs: usize, inputs: usize) -> Vec<G> {
    assert_eq!(values.len(), outputs * inputs);
    let groups = inputs.div_ceil(G::STEPS);
    let mut packed = vec![G::zeroed(); outputs.div_ceil(LANES) * groups * LANES];
    for (output, row) in values.chunks_exact(inputs).enumerate() {
        let start = output / LANES * groups * LANES + output % LANES;
        for (packed, group) in packed[start..].iter_mut().step_by(LANES).zip(row.chunks(G::STEPS)) {
            let packed: &mut [i8] = bytemuck::cast_slice_mut(std::slice::from_mut(packed));
            packed[..group.len()].copy_from_slice(group);
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_half_is_widened_exactly() {
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|x| x.is_finite()).collect();
        let mut widened = vec![f32::NAN; halves.len()];
        widen(&halves, &mut widened);
        for (half, widened) in halves.iter().zip(widened) {
            assert_eq!(half.to_f32().to_bits(), widened.to_bits(), "{half}");
        }
    }
}
