//! Where the engine computes.

#[cfg(feature = "gpu")]
use std::{cell::Cell, rc::Rc};

#[cfg(feature = "gpu")]
use burn::tensor::wgpu::wgpu::Features;
use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::weights::Precision;
#[cfg(feature = "gpu")]
use pickscore_model::towers::{Tuning, Wgsl, tune};
use pickscore_model::{
    self_test::{SelfTestError, self_test},
    towers::Kernels,
};
use wasm_bindgen::prelude::*;

use crate::{fault::Fault, loader};

/// A device to load models onto.
#[wasm_bindgen]
#[derive(Clone)]
pub struct EngineDevice {
    pub(crate) device: Device,
    pub(crate) gpu: bool,
    /// Whether it multiplies in 16 bits.
    pub(crate) half: bool,
    /// Bytes of the largest tensor that it can bind.
    pub(crate) largest: usize,
    #[cfg(feature = "gpu")]
    handle: Option<burn::tensor::wgpu::wgpu::Device>,
    /// What [`EngineDevice::tune`] chose, for all who hold this device.
    #[cfg(feature = "gpu")]
    tuning: Rc<Cell<Tuning>>,
}

impl EngineDevice {
    /// The kernels for a model of this precision.
    pub(crate) fn kernels(&self, precision: Precision) -> Kernels {
        #[cfg(feature = "gpu")]
        if let Some(wgsl) = Wgsl::new(&self.device, self.tuning.get()) {
            return Kernels::Wgsl(wgsl);
        }
        let half = precision != Precision::F32 && self.half;
        Kernels::of(&self.device, if half { FloatDType::F16 } else { FloatDType::F32 })
    }
}

#[wasm_bindgen]
impl EngineDevice {
    /// The CPU, one thread.
    pub fn cpu() -> Self {
        Self {
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

    /// The GPU, through WebGPU. `lost` is called with a reason once the device is gone.
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

    /// Whether products can be computed in 16 bits.
    #[wasm_bindgen(getter)]
    pub fn half(&self) -> bool {
        self.half
    }

    /// Bytes of the largest tensor that it can bind.
    #[wasm_bindgen(getter)]
    pub fn largest(&self) -> f64 {
        self.largest as f64
    }

    /// Runs a small model with a known answer, as a model of this precision runs here.
    pub async fn self_test(&self, precision: String) -> Result<(), JsValue> {
        let precision = loader::precision(&precision);
        self_test(self.kernels(precision), precision).await.map_err(Fault::from)?;
        Ok(())
    }

    /// Chooses how the GPU multiplies matrices: as an earlier answer says, or by a short
    /// measurement → the answer, to be remembered for the adapter. Nothing on the CPU. `subgroup`
    /// is the size of the smallest subgroup that the device was asked for, 0 where it was not.
    #[cfg(feature = "gpu")]
    pub async fn tune(&self, answer: Option<String>, subgroup: u32) -> Option<String> {
        let clock = js_sys::Reflect::get(&js_sys::global(), &"performance".into()).ok();
        let now = clock.as_ref().and_then(|clock| js_sys::Reflect::get(clock, &"now".into()).ok());
        let now = || -> Option<f64> {
            let read = now.as_ref()?.dyn_ref::<js_sys::Function>()?.call0(clock.as_ref()?).ok()?;
            read.as_f64()
        };
        let now = || now().unwrap_or_else(js_sys::Date::now);
        let tuning = tune(&self.device, answer.as_deref(), subgroup as usize, &now).await?;
        self.tuning.set(tuning);
        Some(tuning.name().into())
    }

    /// Nothing: the CPU has nothing to choose.
    #[cfg(not(feature = "gpu"))]
    pub async fn tune(&self, _answer: Option<String>, _subgroup: u32) -> Option<String> {
        None
    }

    /// Gives back memory of tensors that are no more.
    pub fn tidy(&self) {
        self.device.memory_cleanup();
    }

    /// Gives back the GPU's memory at once. Nothing can be computed after.
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

#[cfg(feature = "gpu")]
struct Lost(js_sys::Function);

#[cfg(feature = "gpu")]
impl Lost {
    fn call(&self, reason: &str) {
        // Whoever listens has nothing to answer.
        let _ = self.0.call1(&JsValue::NULL, &reason.into());
    }
}
