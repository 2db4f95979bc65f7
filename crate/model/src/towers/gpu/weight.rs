//! A weight matrix on the device, as it is stored: unpacked only in a kernel's registers.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_cubecl::tensor::CubeTensor;

use super::{LANES, gemm::Store, integers, primitive};
use pickscore_checkpoint::weights::Values;

/// A weight matrix `[out, in]`, row after row.
#[derive(Debug, Clone)]
pub(crate) struct DeviceWeight {
    outputs: usize,
    inputs: usize,
    store: Store,
    numbers: Numbers,
    /// Of 8-bit numbers: the scales `[out · ⌈in / block⌉]`, each of so many neighbours.
    scales: Option<(Tensor<1>, usize)>,
}

#[derive(Debug, Clone)]
enum Numbers {
    /// `[out · in]`
    Floats(Tensor<1>),
    /// 16-bit floats, two in a word, the first in its lower half, `[out · in / 2]`; or signed bytes, four in a word, the first lowest, `[out · in / 4]`.
    Words(Tensor<1, Int>),
}

impl DeviceWeight {
    /// Whether the kernels take a matrix of this shape.
    fn takes(values: &Values, [outputs, inputs]: [usize; 2]) -> bool {
        let blocks = match values {
            Values::Q8(blocks) => blocks.block.is_multiple_of(LANES),
            _ => true,
        };
        [outputs, inputs].iter().all(|length| *length > 0 && length.is_multiple_of(LANES)) && blocks
    }

    /// values `[outputs, inputs]`
    ///
    /// Gives them back where the device or their shape is not one for the kernels.
    pub(crate) fn new(
        values: Values,
        [outputs, inputs]: [usize; 2],
        device: &Device,
    ) -> Result<Self, Values> {
        if !super::runs_on(device) || !Self::takes(&values, [outputs, inputs]) {
            return Err(values);
        }
        let words = |words: Vec<u32>| {
            let length = words.len();
            Tensor::from_data(TensorData::new(words, [length]), (device, DType::U32))
        };
        let (store, numbers, scales) = match values {
            Values::F32(values) => {
                let data = TensorData::new(values, [outputs * inputs]);
                (Store::F32, Numbers::Floats(Tensor::from_data(data, (device, DType::F32))), None)
            }
            Values::F16(values) => {
                let pair =
                    |pair: &[half::f16; 2]| u32::from(pair[0].to_bits()) | u32::from(pair[1].to_bits()) << 16;
                let pairs = values.as_chunks::<2>().0.iter().map(pair).collect();
                (Store::F16, Numbers::Words(words(pairs)), None)
            }
            Values::Q8(blocks) => {
                let word = |four: &[i8; 4]| u32::from_le_bytes(four.map(i8::cast_unsigned));
                let fours = blocks.values.as_chunks::<4>().0.iter().map(word).collect();
                let scales = Tensor::from_data(blocks.scales.as_slice(), (device, DType::F32));
                (Store::Q8, Numbers::Words(words(fours)), Some((scales, blocks.block)))
            }
        };
        Ok(Self { outputs, inputs, store, numbers, scales })
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn store(&self) -> Store {
        self.store
    }

    /// Neighbours that share a scale; 0 where there are no scales.
    pub(super) fn block(&self) -> usize {
        self.scales.as_ref().map_or(0, |(_, block)| *block)
    }

    /// The buffers as the kernel names them: the numbers, and after them the scales where there are any.
    pub(super) fn buffers(&self) -> (CubeTensor, Option<CubeTensor>) {
        let numbers = match &self.numbers {
            Numbers::Floats(values) => primitive(values.clone()),
            Numbers::Words(words) => integers(words.clone()),
        };
        (numbers, self.scales.as_ref().map(|(scales, _)| primitive(scales.clone())))
    }
}
