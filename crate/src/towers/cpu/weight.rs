//! A weight matrix in the order in which the CPU path reads it.

use std::ops::Range;

use half::{f16, slice::HalfFloatSliceExt};

use super::tile::LANES;
use crate::weights::{Blocks, Values};

/// A weight matrix `[out, in]`, stored as panels of [`LANES`] outputs: `[panels, in, LANES]`. Outputs beyond the last are zero.
#[derive(Debug)]
pub(in crate::towers) struct PackedWeight {
    inputs: usize,
    outputs: usize,
    stored: Stored,
}

#[derive(Debug)]
enum Stored {
    F32(Vec<f32>),
    F16(Vec<f16>),
    /// `scales` is `[panels, ceil(in / block), LANES]`.
    Q8 {
        values: Vec<i8>,
        scales: Vec<f32>,
        block: usize,
    },
}

impl PackedWeight {
    /// Packs a row-major matrix `[outputs, inputs]`.
    pub(in crate::towers) fn new(values: &Values, [outputs, inputs]: [usize; 2]) -> Self {
        let stored = match values {
            Values::F32(values) => Stored::F32(pack(values, outputs, inputs)),
            Values::F16(values) => Stored::F16(pack(values, outputs, inputs)),
            Values::Q8(Blocks { values, scales, block }) => Stored::Q8 {
                values: pack(values, outputs, inputs),
                scales: pack(scales, outputs, inputs.div_ceil(*block)),
                block: *block,
            },
        };
        Self { inputs, outputs, stored }
    }

    /// Width of the input.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Width of the output.
    pub(in crate::towers) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Some steps of some panels as f32 `[steps, LANES]` each: themselves, or unpacked into `scratch`.
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
                Stored::F32(_) => {}
                Stored::F16(values) => values[range(panel)].convert_to_f32_slice(unpacked),
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

/// values `[steps, LANES]` of the steps from `start` on, scales `[blocks, LANES]` → `[steps, LANES]`
fn unpack_blocks(values: &[i8], scales: &[f32], start: usize, block: usize, unpacked: &mut [f32]) {
    let scales = scales.as_chunks::<LANES>().0;
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let steps = values.as_chunks::<LANES>().0.iter().zip(unpacked.as_chunks_mut::<LANES>().0);
            for (step, (values, unpacked)) in (start..).zip(steps) {
                let scales = &scales[step / block];
                for lane in 0..LANES {
                    unpacked[lane] = f32::from(values[lane]) * scales[lane];
                }
            }
        },
    );
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
