//! A weight matrix in device memory, in its stored precision.

use std::iter::repeat_n;

use burn_cubecl::cubecl::server::Handle;
use pickscore_checkpoint::weights::Values;

use super::{
    gemm::{round::BLOCK, store::Store},
    kernel::LANES,
    wgsl::Wgsl,
};

/// A row-major weight matrix `[out, in]`; both dimensions are multiples of [`LANES`].
#[derive(Debug)]
pub(in crate::towers) struct DeviceWeight {
    outputs: usize,
    inputs: usize,
    store: Store,
    /// `[out, in]` as f32, as f16 with two values per 32-bit word, or as `i8` with four per word,
    /// the first value lowest. For products of bytes, rows are padded with zeros to whole blocks.
    numbers: Handle,
    /// For q8: the factors of the sums of blocks `[out, ceil(in / block)]`, for products of bytes
    /// followed by the sum of each row's weights `[out]`; and the block length.
    scales: Option<(Handle, usize)>,
}

impl DeviceWeight {
    /// Uploads values `[outputs, inputs]`.
    pub(super) fn new(wgsl: &Wgsl, values: Values, [outputs, inputs]: [usize; 2]) -> Self {
        let (store, numbers, scales) = match values {
            Values::F32(values) => (Store::F32, wgsl.upload(values), None),
            Values::F16(values) => {
                let pair =
                    |pair: &[half::f16; 2]| u32::from(pair[0].to_bits()) | u32::from(pair[1].to_bits()) << 16;
                let pairs: Vec<u32> = values.as_chunks::<2>().0.iter().map(pair).collect();
                (Store::F16, wgsl.upload(pairs), None)
            }
            Values::Q8(blocks) if wgsl.multiplies_bytes() && blocks.block == BLOCK => {
                let sums = blocks.row_sums(inputs);
                let padding = inputs.next_multiple_of(BLOCK) - inputs;
                let rows = blocks.values.chunks_exact(inputs);
                let padded = rows.flat_map(|row| row.iter().copied().chain(repeat_n(0, padding)));
                let scales = wgsl.upload([blocks.scales, sums].concat());
                (Store::Bytes, wgsl.upload(padded.collect::<Vec<i8>>()), Some((scales, BLOCK)))
            }
            Values::Q8(blocks) if blocks.block.is_multiple_of(LANES) => {
                // The kernel reads a value as a fraction of 127.
                let scales: Vec<f32> = blocks.scales.iter().map(|scale| scale * 127.0).collect();
                let scales = (wgsl.upload(scales), blocks.block);
                (Store::Q8, wgsl.upload(blocks.values), Some(scales))
            }
            // Four neighbouring values would have several scales. The loader makes no such blocks.
            Values::Q8(blocks) => (Store::F32, wgsl.upload(blocks.unpack(inputs)), None),
        };
        Self { outputs, inputs, store, numbers, scales }
    }

    /// Its size in device memory, in bytes.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn bytes(&self) -> u64 {
        self.buffers().map(Handle::size_in_used).sum()
    }

    /// Number of outputs.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// How it is stored and multiplied.
    pub(super) fn store(&self) -> Store {
        self.store
    }

    /// Number of steps of a row, and how many neighbouring ones share a scale; 0 if there are no
    /// scales.
    pub(super) fn steps(&self) -> [usize; 2] {
        let block = self.scales.as_ref().map_or(0, |(_, block)| *block);
        match self.store {
            Store::Bytes => [2 * self.inputs.div_ceil(BLOCK), 2],
            Store::F32 | Store::F16 | Store::Q8 => [self.inputs / LANES, block / LANES],
        }
    }

    /// The buffers in the kernel's order: the values, then the scales if there are any.
    pub(super) fn buffers(&self) -> impl Iterator<Item = &Handle> {
        std::iter::once(&self.numbers).chain(self.scales.as_ref().map(|(scales, _)| scales))
    }
}
