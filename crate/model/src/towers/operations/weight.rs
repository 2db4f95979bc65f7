//! A weight matrix for burn's operations.

use burn::tensor::{
    DType, Device, Tensor, TensorData,
    quantization::{QuantScheme, QuantStore, QuantValue, ScaleDtype},
};
use pickscore_checkpoint::weights::Values;

use super::packed_half::PackedHalf;

/// A weight matrix `[out, in]`.
#[derive(Debug)]
pub(in crate::towers) enum Weight {
    /// f32 or f16.
    Float(Tensor<2>),
    /// f16 on a device without f16, unpacked to f32 for each use.
    Half(Box<PackedHalf>),
    /// q8 as burn's quantized tensor, unpacked on the device for each use.
    Quantized(Tensor<2>),
}

impl Weight {
    /// Uploads a matrix of shape `[out, in]`.
    pub(super) fn new(values: Values, shape: [usize; 2], device: &Device) -> Self {
        let float = |data: TensorData, dtype: DType| Self::Float(Tensor::from_data(data, (device, dtype)));
        let [_, inputs] = shape;
        match values {
            Values::F32(values) => float(TensorData::new(values, shape), DType::F32),
            Values::F16(values) if device.supports_dtype(DType::F16) => {
                float(TensorData::new(values, shape), DType::F16)
            }
            Values::F16(values) if inputs % 2 == 0 => {
                Self::Half(Box::new(PackedHalf::new(&values, shape, device)))
            }
            Values::F16(values) => {
                let values: Vec<f32> = values.iter().map(|x| x.to_f32()).collect();
                float(TensorData::new(values, shape), DType::F32)
            }
            // burn requires whole blocks and packs four values per word.
            Values::Q8(blocks)
                if inputs % blocks.block == 0 && blocks.block % 4 == 0 && blocks.block < 256 =>
            {
                let scheme = QuantScheme::default()
                    .with_value(QuantValue::Q8S)
                    .with_store(QuantStore::PackedU32(0))
                    .per_block([blocks.block as u8], ScaleDtype::F32);
                let data = TensorData::quantized(blocks.values, shape, scheme, &blocks.scales, None);
                Self::Quantized(Tensor::from_data(data, device))
            }
            Values::Q8(blocks) => float(TensorData::new(blocks.unpack(inputs), shape), DType::F32),
        }
    }

    /// The matrix `[out, in]` as floats.
    pub(super) fn unpacked(&self) -> Tensor<2> {
        match self {
            Self::Float(weight) => weight.clone(),
            Self::Half(weight) => weight.unpack(),
            Self::Quantized(weight) => weight.clone().dequantize(),
        }
    }
}
