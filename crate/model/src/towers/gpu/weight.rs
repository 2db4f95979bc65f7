//! A weight matrix in device memory, in its stored precision.

use burn_cubecl::cubecl::server::Handle;
use pickscore_checkpoint::weights::Values;

use super::{gemm::store::Store, kernel::LANES, wgsl::Wgsl};

/// A row-major weight matrix `[out, in]`; both dimensions are multiples of [`LANES`].
#[derive(Debug)]
pub(in crate::towers) struct DeviceWeight {
    outputs: usize,
    inputs: usize,
    store: Store,
    /// `[out, in]` as f32, as f16 with two values per 32-bit word, or as `i8` with four per word,
    /// the first value lowest.
    numbers: Handle,
    /// For q8: the scales `[out, ceil(in / block)]` and the block length.
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
            Values::Q8(blocks) if blocks.block.is_multiple_of(LANES) => {
                let word = |four: &[i8; 4]| u32::from_le_bytes(four.map(i8::cast_unsigned));
                let fours: Vec<u32> = blocks.values.as_chunks::<4>().0.iter().map(word).collect();
                let scales = (wgsl.upload(blocks.scales), blocks.block);
                (Store::Q8, wgsl.upload(fours), Some(scales))
            }
            // Four neighbouring values would have several scales. The loader makes no such blocks.
            Values::Q8(blocks) => (Store::F32, wgsl.upload(blocks.unpack(inputs)), None),
        };
        Self { outputs, inputs, store, numbers, scales }
    }

    /// Number of outputs.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Number of inputs.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The stored precision.
    pub(super) fn store(&self) -> Store {
        self.store
    }

    /// Number of neighbouring values that share a scale; 0 if there are no scales.
    pub(super) fn block(&self) -> usize {
        self.scales.as_ref().map_or(0, |(_, block)| *block)
    }

    /// The buffers in the kernel's order: the values, then the scales if there are any.
    pub(super) fn buffers(&self) -> impl Iterator<Item = &Handle> {
        std::iter::once(&self.numbers).chain(self.scales.as_ref().map(|(scales, _)| scales))
    }
}
