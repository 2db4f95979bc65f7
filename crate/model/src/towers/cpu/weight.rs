//! A weight matrix packed in the order in which the CPU kernels read it.

use std::ops::Range;

use half::f16;
use pulp::{
    Simd, WithSimd,
    bytemuck::{cast_slice, cast_slice_mut},
};

#[cfg(target_arch = "aarch64")]
use super::integer::Octet;
use super::{
    amx::{self, Amx, Term},
    integer::{self, Group, Pair, PanelGroups, Quad},
    pack::{pack, pack_groups},
    parallel::first_values,
    prefetch::{SECOND_LEVEL, prefetch},
    tile::LANES,
    vectorize::vectorized,
};
use crate::towers::kernels::Q8Inputs;
use pickscore_checkpoint::weights::{Blocks, Values, widen};

/// A weight matrix `[out, in]`, stored as panels of [`LANES`] outputs: `[panels, in, LANES]`.
/// The last panel is padded with zeros.
#[derive(Debug)]
pub(in crate::towers) struct PackedWeight {
    inputs: usize,
    outputs: usize,
    stored: Stored,
    /// How AMX multiplies f32, f16 and q8 values, if there is AMX.
    terms: Option<(Amx, Terms)>,
}

/// How many bf16 terms an input and a weight are split into.
#[derive(Clone, Copy, Debug)]
pub(super) enum Terms {
    ThreeByThree,
    ThreeByTwo,
    TwoByTwo,
}

impl Terms {
    /// As many terms as the precision of the values needs.
    fn of(values: &Values) -> Self {
        match values {
            Values::F32(_) => Self::ThreeByThree,
            Values::F16(_) => Self::ThreeByTwo,
            Values::Q8(_) => Self::TwoByTwo,
        }
    }
}

/// The packed values.
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
    Quads(Grouped<Quad<2>>),
    Bytes(Grouped<Quad<1>>),
    Rounded(Amx, amx::Bytes),
    #[cfg(target_arch = "aarch64")]
    Octets(Grouped<Octet<2>>),
    #[cfg(target_arch = "aarch64")]
    ByteOctets(Grouped<Octet<1>>),
}

impl Stored {
    /// Packs values for products of f32 values, or of bf16 terms.
    fn floats(values: &Values, [outputs, inputs]: [usize; 2]) -> Self {
        match values {
            Values::F32(values) => Self::F32(pack(values, outputs, inputs)),
            Values::F16(values) => Self::F16(pack(values, outputs, inputs)),
            Values::Q8(blocks) => Self::bytes(blocks, [outputs, inputs]),
        }
    }

    /// Packs q8 weights as bytes.
    fn bytes(Blocks { values, scales, block }: &Blocks, [outputs, inputs]: [usize; 2]) -> Self {
        let scales = pack(scales, outputs, inputs.div_ceil(*block));
        Self::Q8 { values: pack(values, outputs, inputs), scales, block: *block }
    }

    /// Packs q8 weights for the fastest products without AMX.
    fn q8(blocks: &Blocks, [outputs, inputs]: [usize; 2], q8_inputs: Q8Inputs) -> Self {
        #[cfg(target_arch = "aarch64")]
        if integer::octets_are_fast() && Octet::<1>::can_take(blocks) {
            return match q8_inputs {
                Q8Inputs::Bytes => Self::ByteOctets(Grouped::new(blocks, outputs, inputs)),
                Q8Inputs::Fine => Self::Octets(Grouped::new(blocks, outputs, inputs)),
            };
        }
        let in_bytes = q8_inputs == Q8Inputs::Bytes && integer::bytes_are_fast();
        if in_bytes && Quad::<1>::can_take(blocks) {
            Self::Bytes(Grouped::new(blocks, outputs, inputs))
        } else if integer::quads_are_fast() && Quad::<2>::can_take(blocks) {
            Self::Quads(Grouped::new(blocks, outputs, inputs))
        } else if integer::pairs_are_fast() && Pair::can_take(blocks) {
            Self::Pairs(Grouped::new(blocks, outputs, inputs))
        } else {
            Self::bytes(blocks, [outputs, inputs])
        }
    }
}

/// q8 weights in groups of neighbouring steps, as `integer/` multiplies them.
#[derive(Debug)]
pub(super) struct Grouped<G> {
    /// `[panels, ceil(in / G::STEPS), LANES]`
    values: Vec<G>,
    /// `[panels, blocks, LANES]`
    scales: Vec<[f32; LANES]>,
    /// `[panels, LANES]`: the sum of each column's weights.
    columns: Vec<[f32; LANES]>,
    /// Steps per block, a multiple of `G::STEPS`.
    block: usize,
    inputs: usize,
}

impl<G: Group> Grouped<G> {
    fn new(blocks: &Blocks, outputs: usize, inputs: usize) -> Self {
        let block = blocks.block;
        let scales = pack(&blocks.scales, outputs, inputs.div_ceil(block));
        let mut columns = vec![[0.0; LANES]; outputs.div_ceil(LANES)];
        columns.as_flattened_mut()[..outputs].copy_from_slice(&blocks.row_sums(inputs));
        let values = pack_groups(&blocks.values, outputs, inputs);
        Self { values, scales: scales.as_chunks().0.to_vec(), columns, block, inputs }
    }

    /// The memory of some steps of a panel; empty if the panel does not exist.
    fn memory(&self, panel: usize, steps: Range<usize>) -> &[u8] {
        let start = panel * self.inputs.div_ceil(G::STEPS);
        let range = (start + steps.start / G::STEPS) * LANES..(start + steps.end / G::STEPS) * LANES;
        self.values.get(range).map_or(&[], cast_slice)
    }

    /// Some steps of a panel, starting at the first step of a group.
    pub(super) fn panel(&self, panel: usize, steps: Range<usize>) -> PanelGroups<'_, G> {
        let (all, blocks) = (self.inputs.div_ceil(G::STEPS), self.inputs.div_ceil(self.block));
        let (groups, block) = (steps.start / G::STEPS..steps.end.div_ceil(G::STEPS), self.block / G::STEPS);
        let weight = &self.values[(panel * all + groups.start) * LANES..][..groups.len() * LANES];
        let scales = &self.scales[panel * blocks..(panel + 1) * blocks];
        let scales = &scales[groups.start / block..groups.end.div_ceil(block)];
        let columns = if steps.start == 0 { self.columns[panel] } else { [0.0; LANES] };
        PanelGroups { weight, scales, block, before: groups.start % block, columns }
    }
}

impl PackedWeight {
    /// Packs q8 weights in groups, on any processor.
    #[cfg(test)]
    pub(super) fn in_groups<G: Group>(
        blocks: &Blocks,
        [outputs, inputs]: [usize; 2],
        stored: fn(Grouped<G>) -> Stored,
    ) -> Self {
        Self { inputs, outputs, stored: stored(Grouped::new(blocks, outputs, inputs)), terms: None }
    }

    /// Packs values for products of f32 values, on any processor.
    #[cfg(test)]
    pub(super) fn in_floats(values: &Values, shape: [usize; 2]) -> Self {
        Self { stored: Stored::floats(values, shape), inputs: shape[1], outputs: shape[0], terms: None }
    }

    /// Packs a row-major matrix `[outputs, inputs]` in the layout that is fastest on this
    /// processor.
    pub(super) fn new(values: &Values, [outputs, inputs]: [usize; 2], q8_inputs: Q8Inputs) -> Self {
        let amx = Amx::detect();
        let stored = match (values, amx) {
            (Values::Q8(blocks), None) => Stored::q8(blocks, [outputs, inputs], q8_inputs),
            (Values::Q8(blocks), Some(amx))
                if q8_inputs == Q8Inputs::Bytes && inputs <= amx::Bytes::MOST_INPUTS =>
            {
                Stored::Rounded(amx, amx::Bytes::new(blocks, outputs, inputs))
            }
            (values, _) => Stored::floats(values, [outputs, inputs]),
        };
        let terms = amx.map(|amx| (amx, Terms::of(values)));
        Self { inputs, outputs, stored, terms }
    }

    /// The packed values.
    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Number of inputs.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of outputs.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The memory of some steps of a panel; empty if the panel does not exist.
    pub(super) fn memory(&self, panel: usize, steps: Range<usize>) -> &[u8] {
        let range = (panel * self.inputs + steps.start) * LANES..(panel * self.inputs + steps.end) * LANES;
        match &self.stored {
            Stored::F32(values) => values.get(range).map_or(&[], bytemuck::cast_slice),
            Stored::F16(values) => values.get(range).map_or(&[], bytemuck::cast_slice),
            Stored::Q8 { values, .. } => values.get(range).map_or(&[], bytemuck::cast_slice),
            Stored::Pairs(weight) => weight.memory(panel, steps),
            Stored::Quads(weight) => weight.memory(panel, steps),
            Stored::Bytes(weight) => weight.memory(panel, steps),
            Stored::Rounded(..) => &[],
            #[cfg(target_arch = "aarch64")]
            Stored::Octets(weight) => weight.memory(panel, steps),
            #[cfg(target_arch = "aarch64")]
            Stored::ByteOctets(weight) => weight.memory(panel, steps),
        }
    }

    /// How AMX multiplies f32, f16 and q8 values, if there is AMX.
    pub(super) fn terms(&self) -> Option<(Amx, Terms)> {
        self.terms
    }

    /// Some steps of some panels as f32, `[steps, LANES]` each. f32 weights are borrowed, others
    /// are unpacked into `scratch`.
    pub(super) fn unpack<'a>(
        &'a self,
        panels: Range<usize>,
        steps: Range<usize>,
        scratch: &'a mut Vec<f32>,
    ) -> Vec<&'a [f32]> {
        let length = match self.stored {
            Stored::F32(_) => 0,
            _ => steps.len() * LANES,
        };
        let mut scratch = first_values(scratch, panels.len() * length);
        let panels = panels.map(|panel| {
            let (unpacked, rest) = std::mem::take(&mut scratch).split_at_mut(length);
            scratch = rest;
            self.unpack_panel(panel, steps.clone(), unpacked)
        });
        panels.collect()
    }

    /// Splits some steps of a panel, from a multiple of [`amx::STEPS`] on, into bf16 terms:
    /// → `[ceil(steps / amx::STEPS)]`
    pub(super) fn split<const TERMS: usize>(
        &self,
        panel: usize,
        steps: Range<usize>,
        split: &mut [[Term; TERMS]],
    ) {
        /// Items ahead that are prefetched. The hardware prefetcher stops at the end of a page,
        /// which holds one item in f32.
        const AHEAD: usize = 2;
        let mut scratch = [0.0; amx::STEPS * LANES];
        for (start, split) in steps.clone().step_by(amx::STEPS).zip(split) {
            let ahead = start + AHEAD * amx::STEPS;
            for line in self.memory(panel, ahead..ahead + amx::STEPS).chunks(64) {
                prefetch::<SECOND_LEVEL>(line.as_ptr());
            }
            let steps = start..(start + amx::STEPS).min(steps.end);
            if let Stored::Q8 { values, scales, block: amx::STEPS } = &self.stored {
                let all = self.inputs.div_ceil(amx::STEPS);
                let values = values[(panel * self.inputs + start) * LANES..].as_chunks().0.first_chunk();
                let scales = scales[(panel * all + start / amx::STEPS) * LANES..].first_chunk();
                if let (Some(values), Some(scales)) = (values, scales)
                    && steps.len() == amx::STEPS
                {
                    amx::split_block(values, scales, split);
                    continue;
                }
            }
            let length = steps.len() * LANES;
            amx::split_weight(self.unpack_panel(panel, steps, &mut scratch[..length]), split);
        }
    }

    /// Some steps of a panel as f32, `[steps, LANES]`. f32 weights are borrowed, others are
    /// unpacked.
    fn unpack_panel<'a>(&'a self, panel: usize, steps: Range<usize>, unpacked: &'a mut [f32]) -> &'a [f32] {
        let range = (panel * self.inputs + steps.start) * LANES..(panel * self.inputs + steps.end) * LANES;
        match &self.stored {
            Stored::F32(values) => return &values[range],
            Stored::Pairs(_) | Stored::Quads(_) | Stored::Bytes(_) | Stored::Rounded(..) => {}
            #[cfg(target_arch = "aarch64")]
            Stored::Octets(_) | Stored::ByteOctets(_) => {}
            Stored::F16(values) => widen_panel(&values[range], unpacked),
            Stored::Q8 { values, scales, block } => {
                let per_panel = self.inputs.div_ceil(*block);
                let scales = &scales[panel * per_panel * LANES..(panel + 1) * per_panel * LANES];
                unpack_blocks(&values[range], scales, steps.start, *block, unpacked);
            }
        }
        unpacked
    }
}

/// Unpacks q8 steps from `start` on: values `[steps, LANES]`, scales `[blocks, LANES]` →
/// `[steps, LANES]`
fn unpack_blocks(values: &[i8], scales: &[f32], mut start: usize, block: usize, unpacked: &mut [f32]) {
    let scales = scales.as_chunks::<LANES>().0;
    let (mut values, mut unpacked) = (values, unpacked);
    while !values.is_empty() {
        // The first and the last block may be partial.
        let steps = (block - start % block).min(values.len() / LANES);
        let (these, later) = values.split_at(steps * LANES);
        let (target, rest) = std::mem::take(&mut unpacked).split_at_mut(steps * LANES);
        unpack_block(these, &scales[start / block], target);
        (values, unpacked, start) = (later, rest, start + steps);
    }
}

/// Unpacks q8 steps of one block: values `[steps, LANES]`, scales `[LANES]` → `[steps, LANES]`
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

    /// Runs in two passes, the second from the L1 cache, because the compiler does not vectorise a
    /// combined loop.
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

/// Converts f16 values to f32, of equal length. Not every processor has an instruction for
/// it, and on some it is slow for subnormal values.
fn widen_panel(values: &[f16], widened: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || values.iter().zip(widened.iter_mut()).for_each(|(&x, widened)| *widened = widen(x)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_half_is_widened_exactly() {
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|x| x.is_finite()).collect();
        let mut widened = vec![f32::NAN; halves.len()];
        widen_panel(&halves, &mut widened);
        for (half, widened) in halves.iter().zip(widened) {
            assert_eq!(half.to_f32().to_bits(), widened.to_bits(), "{half}");
        }
    }
}
