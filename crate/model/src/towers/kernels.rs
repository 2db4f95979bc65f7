//! The choice of kernels for a model.

#[cfg(any(feature = "gpu", not(target_family = "wasm")))]
use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::config::ModelConfig;

#[cfg(feature = "gpu")]
use super::gpu::Wgsl;

/// The kernels that compute a model, chosen when the model is built.
#[derive(Debug, Clone)]
pub enum Kernels {
    /// Fused CPU kernels, on all cores with the feature `parallel`.
    Cpu,
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

impl Kernels {
    /// The fused kernels for burn's CPU device, burn's operations for any other device.
    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
    pub fn of(device: &Device, products: FloatDType) -> Self {
        if *device == Device::flex() && !device.is_autodiff() {
            Self::Cpu
        } else {
            Self::Burn { device: device.clone(), products }
        }
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
