//! The choice of kernels for a model.

#[cfg(any(feature = "gpu", not(target_family = "wasm")))]
use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::config::ModelConfig;
use pickscore_checkpoint::weights::Precision;

#[cfg(feature = "gpu")]
use super::gpu::Wgsl;

/// The kernels that compute a model, chosen when the model is built.
#[derive(Debug, Clone)]
pub enum Kernels {
    /// Fused CPU kernels, on all cores with the feature `parallel`.
    Cpu(Q8Inputs),
    /// WGSL kernels on a GPU. A model whose widths are not multiples of four falls back to burn's
    /// operations on the same device.
    #[cfg(feature = "gpu")]
    Wgsl(Wgsl),
    /// burn's operations, on any device. They would double the size of a wasm module for the CPU
    /// alone, which has none.
    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
    Burn {
        /// The device.
        device: Device,
        /// The precision of matrix products; everything else is f32.
        products: FloatDType,
    },
}

/// What the inputs of q8 weights are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Q8Inputs {
    /// At least 15 bits on the CPU, f16 where a GPU multiplies matrices of it, or not at all: an
    /// error far below that of the weights.
    #[default]
    Fine,
    /// 8 bits, if the device multiplies them faster.
    Bytes,
}

impl From<Precision> for Q8Inputs {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 | Precision::F16 | Precision::Q8 => Self::Fine,
            Precision::Q8Fast => Self::Bytes,
        }
    }
}

impl Kernels {
    /// The fused kernels for burn's CPU device, burn's operations for any other device. `half`
    /// states that the device has f16 arithmetic.
    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
    pub fn of(device: &Device, precision: Precision, half: bool) -> Self {
        if *device == Device::flex() && !device.is_autodiff() {
            return Self::Cpu(precision.into());
        }
        let half = half && precision != Precision::F32;
        let products = if half { FloatDType::F16 } else { FloatDType::F32 };
        Self::Burn { device: device.clone(), products }
    }

    /// Replaces the WGSL kernels by burn's operations if they do not support the model's widths.
    pub(super) fn fitting(self, config: &ModelConfig) -> Self {
        #[cfg(feature = "gpu")]
        if let Self::Wgsl(wgsl) = &self
            && !Wgsl::supports(config)
        {
            return Self::Burn { device: wgsl.device().clone(), products: FloatDType::F32 };
        }
        let _ = config;
        self
    }
}
