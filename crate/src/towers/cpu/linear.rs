//! `input · weightᵀ + bias`, with what follows it done while the result is still in the cache.
//!
//! The weight is cut into panels of output columns, which run on all cores; 16- and 8-bit weights are unpacked one panel at a
//! time, so that the f32 copy of a matrix never exists. One panel is one call of `gemm`, whose accumulator starts at bias (and
//! residual) and whose result goes through the activation at once: nothing is read from memory twice.

use half::{f16, slice::HalfFloatSliceExt};

use super::math;
use crate::config::Activation;

/// A weight matrix `[out, in]`, row-major.
#[derive(Clone, Copy)]
pub(super) enum Weight<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
    Q8 { values: &'a [i8], scales: &'a [f32], block: usize },
}

/// Everything around the matrix.
pub(super) struct Linear<'a> {
    /// Rows of the input.
    pub(super) rows: usize,
    /// Width of the input.
    pub(super) inputs: usize,
    /// Width of the output.
    pub(super) outputs: usize,
    /// `[out, in]`.
    pub(super) weight: Weight<'a>,
    /// `[out]`.
    pub(super) bias: Option<&'a [f32]>,
    /// Applied to the sum.
    pub(super) activation: Option<Activation>,
    /// Whether the output holds a residual to add to, rather than nothing.
    pub(super) accumulate: bool,
}

impl Linear<'_> {
    /// `output[rows, out] = activation(residual + input[rows, in] · weightᵀ + bias)`
    pub(super) fn run(&self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), self.rows * self.inputs);
        assert_eq!(output.len(), self.rows * self.outputs);
        let width = self.panel_width();
        let starts = self.outputs.div_ceil(width);
        let output = Columns { start: output.as_mut_ptr(), stride: self.outputs };
        super::for_each(starts, |scratch, panel| {
            let start = panel * width;
            let width = width.min(self.outputs - start);
            self.panel(input, &output, start, width, scratch);
        });
    }

    /// Wide enough to keep the micro-kernel busy, narrow enough that every core gets several and an unpacked panel stays in the
    /// second-level cache.
    fn panel_width(&self) -> usize {
        let widest = match self.weight {
            Weight::F32(_) => 256,
            Weight::F16(_) | Weight::Q8 { .. } => (UNPACKED_PANEL / self.inputs.max(1)).clamp(32, 256),
        };
        let share = self.outputs.div_ceil(2 * super::threads());
        share.clamp(32, widest.max(32)).next_multiple_of(16)
    }

    /// One panel: the output columns `start .. start + width`.
    fn panel(&self, input: &[f32], output: &Columns, start: usize, width: usize, scratch: &mut Vec<f32>) {
        let (rows, inputs) = (self.rows, self.inputs);
        for row in 0..rows {
            // SAFETY: panels are disjoint and this is the only reference into this one.
            let segment = unsafe { output.segment(row, start, width) };
            match (self.bias, self.accumulate) {
                (Some(bias), false) => segment.copy_from_slice(&bias[start..start + width]),
                (Some(bias), true) => {
                    segment.iter_mut().zip(&bias[start..start + width]).for_each(|(x, b)| *x += b);
                }
                (None, false) => segment.fill(0.0),
                (None, true) => {}
            }
        }
        let weight = self.weight.unpack(start, width, inputs, scratch);
        assert_eq!(weight.len(), width * inputs);
        // SAFETY: `input` holds rows × inputs, `weight` width × inputs (both asserted above), and the destination is `width`
        // columns of `rows` rows of the output, which no other panel touches.
        unsafe {
            gemm::gemm(
                rows,
                width,
                inputs,
                output.start.add(start),
                1,
                output.stride as isize,
                true,
                input.as_ptr(),
                1,
                inputs as isize,
                weight.as_ptr(),
                inputs as isize,
                1,
                1.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::None,
            );
        }
        if let Some(activation) = self.activation {
            for row in 0..rows {
                // SAFETY: as above.
                math::activate(unsafe { output.segment(row, start, width) }, activation);
            }
        }
    }
}

/// How many f32 an unpacked panel may have.
const UNPACKED_PANEL: usize = 256 * 1024;

impl<'a> Weight<'a> {
    /// The rows `start .. start + rows` of the matrix as f32: itself, or unpacked into `scratch`.
    fn unpack<'s>(self, start: usize, rows: usize, inputs: usize, scratch: &'s mut Vec<f32>) -> &'s [f32]
    where
        'a: 's,
    {
        let range = start * inputs..(start + rows) * inputs;
        match self {
            Weight::F32(values) => &values[range],
            Weight::F16(values) => {
                scratch.resize(range.len(), 0.0);
                values[range].convert_to_f32_slice(scratch);
                scratch
            }
            Weight::Q8 { values, scales, block } => {
                scratch.resize(range.len(), 0.0);
                let blocks = inputs.div_ceil(block);
                let scales = &scales[start * blocks..(start + rows) * blocks];
                unpack_blocks(&values[range], scales, inputs, block, scratch);
                scratch
            }
        }
    }
}

/// 8-bit blocks `[rows, inputs]` with scales `[rows, ceil(inputs / block)]` → f32 `[rows, inputs]`.
fn unpack_blocks(values: &[i8], scales: &[f32], inputs: usize, block: usize, unpacked: &mut [f32]) {
    let blocks = inputs.div_ceil(block);
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let rows = values.chunks_exact(inputs).zip(unpacked.chunks_exact_mut(inputs));
            for ((values, unpacked), scales) in rows.zip(scales.chunks_exact(blocks)) {
                let parts = values.chunks(block).zip(unpacked.chunks_mut(block));
                for ((values, unpacked), &scale) in parts.zip(scales) {
                    for (x, &q) in unpacked.iter_mut().zip(values) {
                        *x = f32::from(q) * scale;
                    }
                }
            }
        },
    );
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
    use super::*;
    use proptest::prelude::*;

    /// The definition, in f64.
    fn twin(linear: &Linear<'_>, weight: &[f32], input: &[f32], output: &[f32]) -> Vec<f64> {
        let mut expected = Vec::new();
        for row in 0..linear.rows {
            for column in 0..linear.outputs {
                let input = &input[row * linear.inputs..][..linear.inputs];
                let weight = &weight[column * linear.inputs..][..linear.inputs];
                let mut sum: f64 = input.iter().zip(weight).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
                sum += linear.bias.map_or(0.0, |bias| f64::from(bias[column]));
                if linear.accumulate {
                    sum += f64::from(output[row * linear.outputs + column]);
                }
                expected.push(match linear.activation {
                    None => sum,
                    Some(Activation::Gelu) => 0.5 * sum * (1.0 + libm::erf(sum / 2f64.sqrt())),
                    Some(Activation::QuickGelu) => sum / (1.0 + (-1.702 * sum).exp()),
                });
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
            inputs in 1usize..150,
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
                0 => (Weight::F32(&full), full.clone()),
                1 => (Weight::F16(&halves), halves.iter().map(|x| x.to_f32()).collect()),
                _ => {
                    let blocks = inputs.div_ceil(block);
                    let unpacked = (0..outputs * inputs)
                        .map(|i| f32::from(bytes[i]) * scales[i / inputs * blocks + i % inputs / block])
                        .collect();
                    (Weight::Q8 { values: &bytes, scales: &scales, block }, unpacked)
                }
            };
            let bias = with_bias.then_some(bias.as_slice());
            let linear = Linear { rows, inputs, outputs, weight, bias, activation, accumulate };
            let mut output = start.clone();
            linear.run(&input, &mut output);
            for (found, expected) in output.iter().zip(twin(&linear, &values, &input, &start)) {
                prop_assert!((f64::from(*found) - expected).abs() <= 2e-4, "{found} {expected}");
            }
        }
    }
}
