//! The device that the engine computes on.

#[cfg(feature = "gpu")]
use std::{cell::Cell, rc::Rc};

#[cfg(feature = "gpu")]
use burn::tensor::{Device, Tensor, wgpu::wgpu::Features};
use pickscore_checkpoint::weights::Precision;
#[cfg(feature = "gpu")]
use pickscore_model::towers::{Capabilities, Tuning, Wgsl, tune};
use pickscore_model::{
    self_test::{SelfTestError, self_test},
    towers::Kernels,
};
use wasm_bindgen::prelude::*;

use crate::{fault::Fault, precision::parse_precision};

/// A device on which models are loaded.
#[wasm_bindgen]
#[derive(Clone)]
pub struct EngineDevice {
    #[cfg(feature = "gpu")]
    pub(crate) device: Device,
    pub(crate) gpu: bool,
    /// Whether it has f16 arithmetic.
    pub(crate) half: bool,
    /// Size of the largest tensor that it can bind, in bytes.
    pub(crate) largest: usize,
    #[cfg(feature = "gpu")]
    handle: Option<burn::tensor::wgpu::wgpu::Device>,
    /// The result of [`EngineDevice::tune`], shared by all clones of this device.
    #[cfg(feature = "gpu")]
    tuning: Rc<Cell<Tuning>>,
}

impl EngineDevice {
    /// The kernels for a model of this precision.
    #[cfg(feature = "gpu")]
    pub(crate) fn kernels(&self, precision: Precision) -> Kernels {
        if let Some(wgsl) = Wgsl::new(&self.device, self.tuning.get(), precision.into()) {
            return Kernels::Wgsl(wgsl);
        }
        Kernels::of(&self.device, precision, self.half)
    }

    /// The kernels for a model of this precision.
    #[cfg(not(feature = "gpu"))]
    pub(crate) fn kernels(&self, precision: Precision) -> Kernels {
        Kernels::Cpu(precision.into())
    }

    /// Waits until the device has finished all uploads and computations.
    pub(crate) async fn settled(&self) -> Result<(), JsValue> {
        #[cfg(feature = "gpu")]
        if self.gpu {
            let fence = Tensor::<1>::from_data([0.0f32], &self.device);
            let read = fence.into_data_async().await;
            read.map_err(|error| Fault::new("device-failed", format!("the device failed: {error}")))?;
        }
        Ok(())
    }
}

#[wasm_bindgen]
impl EngineDevice {
    /// The CPU.
    pub fn cpu() -> Self {
        Self {
            #[cfg(feature = "gpu")]
            device: Device::flex(),
            gpu: false,
            half: false,
            largest: usize::MAX,
            #[cfg(feature = "gpu")]
            handle: None,
            #[cfg(feature = "gpu")]
            tuning: Rc::default(),
        }
    }

    /// The GPU, through WebGPU. `lost` is called with a reason when the device is lost.
    #[cfg(feature = "gpu")]
    pub async fn gpu(lost: js_sys::Function) -> Result<Self, JsValue> {
        let initialised = Device::wgpu_options().init_with_setup_async().await;
        let (device, setup) = initialised.map_err(|error| Fault::new("no-webgpu", error))?;
        let half = setup.device.features().contains(Features::SHADER_F16);
        let limits = setup.device.limits();
        let largest = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let lost = Lost(lost);
        setup.device.set_device_lost_callback(move |reason, message| {
            lost.call(&format!("{reason:?}: {message}"));
        });
        let largest = usize::try_from(largest).unwrap_or(usize::MAX);
        let (handle, tuning) = (Some(setup.device), Rc::default());
        Ok(Self { device, gpu: true, half, largest, handle, tuning })
    }

    /// Whether the device has f16 arithmetic.
    #[wasm_bindgen(getter)]
    pub fn half(&self) -> bool {
        self.half
    }

    /// Size of the largest tensor that the device can bind, in bytes.
    #[wasm_bindgen(getter)]
    pub fn largest(&self) -> f64 {
        self.largest as f64
    }

    /// Runs the self-test in a precision. Fails if the device returns wrong results.
    pub async fn self_test(&self, precision: String) -> Result<(), JsValue> {
        let precision = parse_precision(&precision);
        self_test(self.kernels(precision), precision).await.map_err(Fault::from)?;
        Ok(())
    }

    /// Chooses the tile of matrix products: `remembered` if the device supports it, otherwise the
    /// fastest in a short measurement. Returns its name, which can be remembered for the adapter,
    /// or nothing on the CPU. `subgroup` is the smallest subgroup size of the device, 0 if subgroup
    /// operations were not requested. `bytes` is whether the browser supports
    /// `packed_4x8_integer_dot_product`, without which products for `q8-fast` are not measured.
    #[cfg(feature = "gpu")]
    pub async fn tune(
        &self,
        precision: String,
        remembered: Option<String>,
        subgroup: u32,
        bytes: bool,
    ) -> Option<String> {
        let clock = js_sys::Reflect::get(&js_sys::global(), &"performance".into()).ok();
        let now = clock.as_ref().and_then(|clock| js_sys::Reflect::get(clock, &"now".into()).ok());
        let now = || -> Option<f64> {
            let read = now.as_ref()?.dyn_ref::<js_sys::Function>()?.call0(clock.as_ref()?).ok()?;
            read.as_f64()
        };
        let now = || now().unwrap_or_else(js_sys::Date::now);
        let subgroup = subgroup as usize;
        let capabilities = Capabilities { subgroup, bytes, f16: self.half, ..Capabilities::default() };
        let precision = parse_precision(&precision);
        let tuning = tune(&self.device, remembered.as_deref(), capabilities, precision, &now).await?;
        self.tuning.set(tuning);
        Some(tuning.name())
    }

    /// Whether `q8-fast` is faster than `q8` on the GPU, after [`EngineDevice::tune`] for it.
    #[cfg(feature = "gpu")]
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> bool {
        self.tuning.get().bytes_are_fast()
    }

    /// Whether `q8-fast` is faster than `q8` on the GPU, which this build does not use.
    #[cfg(not(feature = "gpu"))]
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> bool {
        false
    }

    /// Does nothing, because the CPU needs no tuning.
    #[cfg(not(feature = "gpu"))]
    pub async fn tune(
        &self,
        _precision: String,
        _remembered: Option<String>,
        _subgroup: u32,
        _bytes: bool,
    ) -> Option<String> {
        None
    }

    /// Frees the memory of dropped tensors.
    pub fn tidy(&self) {
        #[cfg(feature = "gpu")]
        self.device.memory_cleanup();
    }

    /// Destroys the GPU device and frees its memory. The device cannot be used afterwards.
    pub fn destroy(&self) {
        #[cfg(feature = "gpu")]
        if let Some(handle) = &self.handle {
            handle.destroy();
        }
    }
}

impl From<SelfTestError> for Fault {
    fn from(error: SelfTestError) -> Self {
        match error {
            SelfTestError::Tower(error) => error.into(),
            SelfTestError::Wrong { .. } => Self::new("device-failed", error),
            SelfTestError::Weights(_) | SelfTestError::Data(_) => Self::new("internal", error),
        }
    }
}

/// The callback for a lost device.
#[cfg(feature = "gpu")]
struct Lost(js_sys::Function);

#[cfg(feature = "gpu")]
impl Lost {
    fn call(&self, reason: &str) {
        // An exception in the callback has nowhere to go.
        let _ = self.0.call1(&JsValue::NULL, &reason.into());
    }
}
