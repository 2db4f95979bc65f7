//! A matrix multiplication with its bias, and what a weight matrix is stored as.

use std::sync::Arc;

use burn::tensor::{
    DType, Device, FloatDType, Tensor, TensorData, activation,
    quantization::{QuantScheme, QuantStore, QuantValue, ScaleDtype},
};

use super::{cpu, gpu, packed_half::PackedHalf};
use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

/// A weight matrix `[out, in]` on a device, in the precision it is stored in.
#[derive(Debug, Clone)]
pub struct Matrix {
    stored: Stored,
    /// What the multiplication is computed in.
    compute: FloatDType,
}

#[derive(Debug, Clone)]
enum Stored {
    /// `[out, in]`, f32 or f16.
    Float(Tensor<2>),
    /// In host memory, in the order of the CPU path.
    Host(Arc<cpu::PackedWeight>),
    /// On a GPU whose kernels are ours.
    Device(Arc<gpu::DeviceWeight>),
    /// 16-bit floats where the device has none, unpacked to f32 whenever they are used.
    Half(Arc<PackedHalf>),
    /// 8-bit blocks as burn's quantised tensor `[out, in]`, unpacked on the device whenever it is used.
    Quantized(Tensor<2>),
}

impl Matrix {
    /// A matrix `[outputs, inputs]` on a device.
    ///
    /// `compute` is what products are computed in on a device that is not the CPU, which always computes in f32.
    pub(super) fn new(
        values: Values,
        [outputs, inputs]: [usize; 2],
        compute: FloatDType,
        device: &Device,
    ) -> Self {
        if cpu::runs_on(device) {
            let stored = Stored::Host(Arc::new(cpu::PackedWeight::new(&values, [outputs, inputs])));
            return Self { stored, compute: FloatDType::F32 };
        }
        let values = match gpu::DeviceWeight::new(values, [outputs, inputs], device) {
            Ok(weight) => return Self { stored: Stored::Device(Arc::new(weight)), compute: FloatDType::F32 },
            Err(values) => values,
        };
        let float = |data: TensorData, dtype: DType| Stored::Float(Tensor::from_data(data, (device, dtype)));
        let shape = [outputs, inputs];
        let stored = match values {
            Values::F32(values) => float(TensorData::new(values, shape), DType::F32),
            Values::F16(values) if !device.supports_dtype(DType::F16) && inputs % 2 == 0 => {
                Stored::Half(Arc::new(PackedHalf::new(&values, shape, device)))
            }
            Values::F16(values) if !device.supports_dtype(DType::F16) => {
                let values: Vec<f32> = values.iter().map(|x| x.to_f32()).collect();
                float(TensorData::new(values, shape), DType::F32)
            }
            Values::F16(values) => float(TensorData::new(values, shape), DType::F16),
            // burn wants whole blocks, packed four values to a word.
            Values::Q8(blocks)
                if inputs % blocks.block == 0 && blocks.block % 4 == 0 && blocks.block < 256 =>
            {
                let scheme = QuantScheme::default()
                    .with_value(QuantValue::Q8S)
                    .with_store(QuantStore::PackedU32(0))
                    .per_block([blocks.block as u8], ScaleDtype::F32);
                let data = TensorData::quantized(blocks.values, shape, scheme, &blocks.scales, None);
                Stored::Quantized(Tensor::from_data(data, device))
            }
            Values::Q8(blocks) => float(TensorData::new(blocks.unpack(inputs), shape), DType::F32),
        };
        Self { stored, compute }
    }

    /// A matrix `[out, in]` to be trained: f32, on a device with gradients.
    #[cfg(feature = "train")]
    pub(super) fn trained(weight: Tensor<2>) -> Self {
        Self { stored: Stored::Float(weight), compute: FloatDType::F32 }
    }

    /// `[in, out]`, ready to multiply.
    fn transposed(&self) -> Tensor<2> {
        let weight = match &self.stored {
            Stored::Float(weight) => weight.clone(),
            Stored::Half(weight) => weight.unpack(),
            Stored::Quantized(weight) => weight.clone().dequantize(),
            Stored::Host(_) => unreachable!("packed weights are the CPU path's"),
            Stored::Device(_) => unreachable!("stored weights are the kernels'"),
        };
        weight.cast(self.compute).transpose()
    }
}

/// `x · weightᵀ + bias`
#[derive(Debug, Clone)]
pub struct Linear {
    /// `[out, in]`
    pub(super) weight: Matrix,
    /// `[out]`
    pub(super) bias: Option<Tensor<1>>,
}

impl Linear {
    /// `activation(x · weightᵀ + bias)`
    ///
    /// # Shapes
    ///
    /// - input: `[rows, in]`
    /// - output: `[rows, out]`, f32
    pub(super) fn forward(&self, input: Tensor<2>, activation: Option<Activation>) -> Tensor<2> {
        if let Stored::Host(weight) = &self.weight.stored {
            return self.on_cpu(weight, input, activation, None);
        }
        if let Stored::Device(weight) = &self.weight.stored {
            return gpu::linear(input, weight, self.bias.clone(), activation, None);
        }
        #[cfg(feature = "train")]
        if let Stored::Float(weight) = &self.weight.stored
            && cpu::gradient::trains_on(&input.device())
        {
            let output = cpu::gradient::linear(input, weight.clone(), self.bias.clone());
            return match activation {
                Some(activation) => cpu::gradient::activate(output, activation),
                None => output,
            };
        }
        // Only the product is in 16 bits: what follows costs little, and each of its steps would round again.
        let output = input.cast(self.weight.compute).matmul(self.weight.transposed()).cast(FloatDType::F32);
        let output = match &self.bias {
            Some(bias) => output + bias.clone().unsqueeze(),
            None => output,
        };
        match activation {
            None => output,
            Some(Activation::Gelu) => activation::gelu(output),
            Some(Activation::QuickGelu) => {
                let gate = activation::sigmoid(output.clone().mul_scalar(1.702));
                output * gate
            }
        }
    }

    /// `residual + x · weightᵀ + bias`
    ///
    /// # Shapes
    ///
    /// - input: `[rows, in]`
    /// - residual, output: `[rows, out]`, f32
    pub(super) fn forward_onto(&self, input: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        if let Stored::Host(weight) = &self.weight.stored {
            return self.on_cpu(weight, input, None, Some(residual));
        }
        if let Stored::Device(weight) = &self.weight.stored {
            return gpu::linear(input, weight, self.bias.clone(), None, Some(residual));
        }
        residual + self.forward(input, None)
    }

    /// `residual + x · weightᵀ + bias`, the residual's rows beginning anew after its last.
    ///
    /// # Shapes
    ///
    /// - input: `[batch · period, in]`
    /// - residual: `[period, out]`, f32
    /// - output: `[batch · period, out]`, f32
    pub(super) fn forward_over(&self, input: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        if let Stored::Device(weight) = &self.weight.stored {
            return gpu::linear(input, weight, self.bias.clone(), None, Some(residual));
        }
        let batch = input.dims()[0] / residual.dims()[0].max(1);
        self.forward_onto(input, residual.repeat_dim(0, batch))
    }

    fn on_cpu(
        &self,
        weight: &cpu::PackedWeight,
        input: Tensor<2>,
        activation: Option<Activation>,
        residual: Option<Tensor<2>>,
    ) -> Tensor<2> {
        cpu::linear(input, weight, self.bias.clone(), activation, residual)
    }
}
