//! A weight matrix on the device, as it is stored: unpacked only in a kernel's registers.

use burn_cubecl::cubecl::server::Handle;
use pickscore_checkpoint::weights::Values;

use super::{LANES, Wgsl, gemm::Store};

/// A weight matrix `[out, in]`, row after row; both are multiples of [`LANES`].
#[derive(Debug)]
pub(in crate::towers) struct DeviceWeight {
    outputs: usize,
    inputs: usize,
    store: Store,
    /// `[out · in]` f32; or 16-bit floats, two in a word, the first in its lower half; or signed
    /// bytes, four in a word, the first lowest.
    numbers: Handle,
    /// Of 8-bit numbers: the scales `[out · ⌈in / block⌉]`, each of so many neighbours.
    scales: Option<(Handle, usize)>,
}

impl DeviceWeight {
    /// values `[outputs, inputs]`
    pub(super) fn new(wgsl: &Wgsl, values: Values, [outputs, inputs]: [usize; 2]) -> Self {
        let (store, numbers, scales) = match values {
            Values::F32(values) => (Store::F32, wgsl.upload(values), None),
            Values::F16(values) => {
                let pair =
                    |pair: &[half::f16; 2]| u32::from(pair[0].to_bits()) | u32::from(pair[1].to_bits()) << 16;
                let pairs: Vec<u32> = values.as_chunks::<2>().0.iter().map(pair).collect();
                (Store::F16, wgsl.upload(pairs), None)
            }
            Values::Q8(blocks) if blocks.block.is_multiple_of(LANES) => {
                let word = |four: &[i8; 4]| u32::from_le_bytes(four.map(i8::cast_unsigned));
                let fours: Vec<u32> = blocks.values.as_chunks::<4>().0.iter().map(word).collect();
                let scales = (wgsl.upload(blocks.scales), blocks.block);
                (Store::Q8, wgsl.upload(fours), Some(scales))
            }
            // Not as the loader makes them: a step of four numbers would have several scales.
            Values::Q8(blocks) => (Store::F32, wgsl.upload(blocks.unpack(inputs)), None),
        };
        Self { outputs, inputs, store, numbers, scales }
    }

    /// Width of the output.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Width of the input.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// What the numbers are stored as.
    pub(super) fn store(&self) -> Store {
        self.store
    }

    /// Neighbours that share a scale; 0 where there are no scales.
    pub(super) fn block(&self) -> usize {
        self.scales.as_ref().map_or(0, |(_, block)| *block)
    }

    /// The buffers as the kernel names them: the numbers, and after them the scales where there are
    /// any.
    pub(super) fn buffers(&self) -> impl Iterator<Item = &Handle> {
        std::iter::once(&self.numbers).chain(self.scales.as_ref().map(|(scales, _)| scales))
    }
}
