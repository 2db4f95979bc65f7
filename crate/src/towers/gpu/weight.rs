//! A weight matrix on the device, as it is stored: unpacked only in a kernel's registers.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_cubecl::tensor::CubeTensor;

use super::{LANES, gemm::Store, integers, primitive};
use crate::weights::Values;

/// A weight matrix `[out, in]`, row after row.
#[derive(Debug, Clone)]
pub(crate) struct DeviceWeight {
    outputs: usize,
    inputs: usize,
    values: Stored,
}

#[derive(Debug, Clone)]
enum Stored {
    /// `[out · in]`
    F32(Tensor<1>),
    /// `[out · in / 2]`: two in a word, the first in its lower half.
    F16(Tensor<1, Int>),
    /// `[out · in / 4]`: four signed bytes in a word, the first lowest; and the scales, each of `block` neighbours, `[out · ⌈in / block⌉]`.
    Q8 { words: Tensor<1, Int>, scales: Tensor<1>, block: usize },
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
        let values = match values {
            Values::F32(values) => {
                let length = values.len();
                Stored::F32(Tensor::from_data(TensorData::new(values, [length]), (device, DType::F32)))
            }
            Values::F16(values) => {
                let pair =
                    |pair: &[half::f16; 2]| u32::from(pair[0].to_bits()) | u32::from(pair[1].to_bits()) << 16;
                Stored::F16(words(values.as_chunks::<2>().0.iter().map(pair).collect()))
            }
            Values::Q8(blocks) => {
                let word = |four: &[i8; 4]| u32::from_le_bytes(four.map(i8::cast_unsigned));
                Stored::Q8 {
                    words: words(blocks.values.as_chunks::<4>().0.iter().map(word).collect()),
                    scales: Tensor::from_data(blocks.scales.as_slice(), (device, DType::F32)),
                    block: blocks.block,
                }
            }
        };
        Ok(Self { outputs, inputs, values })
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(super) fn store(&self) -> Store {
        match self.values {
            Stored::F32(_) => Store::F32,
            Stored::F16(_) => Store::F16,
            Stored::Q8 { .. } => Store::Q8,
        }
    }

    /// Neighbours that share a scale; 0 where there are no scales.
    pub(super) fn block(&self) -> usize {
        match self.values {
            Stored::Q8 { block, .. } => block,
            _ => 0,
        }
    }

    /// The buffers as the kernel names them: the numbers, and after them the scales where there are any.
    pub(super) fn buffers(&self) -> (CubeTensor, Option<CubeTensor>) {
        match &self.values {
            Stored::F32(values) => (primitive(values.clone()), None),
            Stored::F16(words) => (integers(words.clone()), None),
            Stored::Q8 { words, scales, .. } => (integers(words.clone()), Some(primitive(scales.clone()))),
        }
    }
}
