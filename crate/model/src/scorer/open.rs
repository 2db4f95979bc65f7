//! Opens a model from disk.

use std::{ops::ControlFlow, path::Path};

use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::weights::{ModelDirectory, Precision};
use pickscore_common::progress::Progress;
use pickscore_pixels::{Limits, Processor};
use pickscore_tokens::Tokenizer;

use super::{Info, PickScore, ScoreError};
use crate::towers::{ClipBuilder, Kernels};

/// Where to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// A GPU.
    Gpu,
    /// The CPU, all cores.
    Cpu,
}

/// What to store matrices as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrecisionChoice {
    /// f16 on a GPU that computes in it, else f32.
    #[default]
    Auto,
    /// This one.
    Exactly(Precision),
}

/// Which kernels a GPU runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GpuKernels {
    /// The project's own, in WGSL.
    #[default]
    Wgsl,
    /// burn's: with the feature `spirv` fused, autotuned and on Vulkan in SPIR-V, otherwise in
    /// WGSL.
    Burn,
}

/// How to open a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenOptions {
    /// Where to compute.
    pub device: DeviceChoice,
    /// Which kernels a GPU runs.
    pub kernels: GpuKernels,
    /// What to store matrices as.
    pub precision: PrecisionChoice,
    /// How large images may be.
    pub limits: Limits,
}

/// A device that was found.
#[derive(Clone)]
struct Found {
    device: Device,
    name: &'static str,
    adapter: Option<String>,
    /// Whether it multiplies in 16 bits.
    half: bool,
    /// The size of its smallest subgroup, 0 where it has no subgroup operations.
    subgroup: usize,
    /// Bytes of the largest tensor that it can bind.
    largest: usize,
}

impl Found {
    fn kernels(&self, choice: GpuKernels, precision: Precision) -> Kernels {
        #[cfg(feature = "gpu")]
        if choice == GpuKernels::Wgsl
            && let Some(wgsl) = wgsl(&self.device, self.subgroup)
        {
            return Kernels::Wgsl(wgsl);
        }
        let _ = (choice, self.subgroup);
        let half = precision != Precision::F32 && self.half;
        Kernels::of(&self.device, if half { FloatDType::F16 } else { FloatDType::F32 })
    }
}

/// The WGSL kernels for a GPU, tuned by a measurement that takes some tenths of a second.
#[cfg(feature = "gpu")]
fn wgsl(device: &Device, subgroup: usize) -> Option<crate::towers::Wgsl> {
    use burn_cubecl::cubecl::future::block_on;

    let start = std::time::Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1000.0;
    let tuning = block_on(crate::towers::tune(device, None, subgroup, &now))?;
    crate::towers::Wgsl::new(device, tuning)
}

impl PickScore {
    /// Opens a model directory or file; see [`ModelDirectory::open`] for what that may be.
    ///
    /// # Errors
    ///
    /// When the model is not there, damaged or of another kind, and when there is no such device.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, ScoreError> {
        Self::open_with_progress(path, options, &mut |_| ControlFlow::Continue(()))
    }

    /// As [`PickScore::open`], and tells `progress` how many bytes have been read. Loading stops
    /// with an error where it breaks.
    ///
    /// # Errors
    ///
    /// As [`PickScore::open`], and when `progress` broke off.
    pub fn open_with_progress(
        path: &Path,
        options: &OpenOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, ScoreError> {
        let directory = ModelDirectory::open(path)?;
        let config = directory.config().clone();
        let (tokenizer, mut processor) = reading(&directory)?;
        processor.limits = options.limits;
        let found = find(options.device)?;
        let precision = match options.precision {
            PrecisionChoice::Exactly(precision) => precision,
            PrecisionChoice::Auto if found.half => Precision::F16,
            PrecisionChoice::Auto => Precision::F32,
        };
        let parameters = u64::try_from(config.parameter_count()).unwrap_or(u64::MAX);
        let mut builder = ClipBuilder::new(config, found.kernels(options.kernels, precision));
        let sink = &mut |parameter: &_, values| builder.accept(parameter, values);
        let loaded = directory.load(precision, progress, sink)?;
        let clip = builder.finish()?;
        let info = Info {
            model: directory.name().into(),
            device: found.name,
            adapter: found.adapter,
            precision,
            parameters,
            unexpected: loaded.unexpected,
        };
        let mut scorer = Self::new(clip, tokenizer, processor, info);
        scorer.limit_batch(found.largest);
        Ok(scorer)
    }
}

/// How a model's prompts and images are read: as its folder says, else as CLIP's are.
pub fn reading(directory: &ModelDirectory) -> Result<(Tokenizer, Processor), ScoreError> {
    let tokenizer = match directory.tokenizer_json()? {
        Some(json) => Tokenizer::from_json(&json)?,
        None => Tokenizer::clip(),
    };
    let size = directory.config().vision.image_size;
    let processor = match directory.preprocessor_json()? {
        Some(json) => Processor::from_json(&json, size)?,
        None => Processor::clip(size),
    };
    Ok((tokenizer, processor))
}

/// The device of a choice, for training.
pub fn device(choice: DeviceChoice) -> Result<(Device, &'static str), ScoreError> {
    find(choice).map(|found| (found.device, found.name))
}

fn find(choice: DeviceChoice) -> Result<Found, ScoreError> {
    let cpu = || Found {
        device: Device::flex(),
        name: "cpu",
        adapter: None,
        half: false,
        subgroup: 0,
        largest: usize::MAX,
    };
    match choice {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Gpu => gpu(true).map_err(|reason| ScoreError::NoGpu { reason }),
        DeviceChoice::Auto => Ok(gpu(false).unwrap_or_else(|_| cpu())),
    }
}

/// The default GPU. One that is emulated on the CPU counts only where it was `asked` for.
#[cfg(feature = "gpu")]
fn gpu(asked: bool) -> Result<Found, String> {
    use std::sync::OnceLock;

    /// The GPU, and whether it is emulated. It is kept, since burn registers a device for the whole
    /// process and refuses to do so again.
    static GPU: OnceLock<Result<(Found, bool), String>> = OnceLock::new();

    let (found, is_emulated) = GPU.get_or_init(init_gpu).clone()?;
    if is_emulated && !asked {
        let name = found.adapter.unwrap_or_default();
        return Err(format!("{name} is emulated on the CPU"));
    }
    Ok(found)
}

#[cfg(feature = "gpu")]
fn init_gpu() -> Result<(Found, bool), String> {
    use burn::tensor::wgpu::wgpu::{DeviceType, Features};

    let initialised = Device::wgpu_options().init_with_setup();
    let (device, setup) = initialised.map_err(|error| error.to_string())?;
    let info = setup.adapter.get_info();
    let features = setup.device.features();
    let half = features.contains(Features::SHADER_F16);
    let has_subgroups = features.contains(Features::SUBGROUP);
    let subgroup = if has_subgroups { info.subgroup_min_size as usize } else { 0 };
    let limits = setup.device.limits();
    let largest = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    let largest = usize::try_from(largest).unwrap_or(usize::MAX);
    let is_emulated = info.device_type == DeviceType::Cpu;
    let found = Found { device, name: "gpu", adapter: Some(info.name), half, subgroup, largest };
    Ok((found, is_emulated))
}

#[cfg(not(feature = "gpu"))]
fn gpu(_asked: bool) -> Result<Found, String> {
    Err("this build has no GPU support".into())
}
