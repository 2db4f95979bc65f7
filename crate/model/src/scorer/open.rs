//! Opens models from disk.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use burn::tensor::Device;
use pickscore_checkpoint::config::ModelConfig;
use pickscore_checkpoint::weights::{Description, MAX_HEAD_LENGTH, ModelDirectory, Precision};
use pickscore_common::{progress::Progress, regular::read_regular};
use pickscore_pixels::{Limits, Processor};
use pickscore_score::Scorer;
use pickscore_tokens::Tokenizer;

#[cfg(feature = "gpu")]
use super::assigned::{Assigned, assigned, place};
use super::{
    error::ScoreError,
    identity::identity,
    inputs::{processor, prompt_tokenizer},
    pick_score::{Info, PickScore, Scoring},
    prompt_tokenizer::PromptTokenizer,
    recognise::{Clues, chosen_head, recognise},
};
use crate::towers::{Kernels, ModelBuilder};

/// The device to compute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// A GPU if there is one, otherwise the CPU.
    #[default]
    Auto,
    /// A GPU.
    Gpu,
    /// The CPU, with all cores.
    Cpu,
}

/// The precision of stored weight matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrecisionChoice {
    /// f16 on a GPU with f16 arithmetic, otherwise f32.
    #[default]
    Auto,
    /// The given precision.
    Exactly(Precision),
}

/// The kernels that a GPU runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GpuKernels {
    /// This crate's WGSL kernels.
    #[default]
    Wgsl,
    /// burn's kernels: in SPIR-V on Vulkan, fused and autotuned, with the feature `spirv`;
    /// otherwise in WGSL.
    Burn,
}

/// Options for opening a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenOptions {
    /// The device to compute on.
    pub device: DeviceChoice,
    /// The kernels that a GPU runs.
    pub kernels: GpuKernels,
    /// The precision of stored weight matrices.
    pub precision: PrecisionChoice,
    /// Limits on the size of images.
    pub limits: Limits,
    /// The scorer; `None` recognises it.
    pub scorer: Option<&'static Scorer>,
    /// The file of a head that is not next to the model.
    pub head: Option<PathBuf>,
}

/// A model that can be loaded, by [`PickScore::check`].
#[derive(Debug, Clone)]
pub struct CheckedModel {
    /// The last component of its path.
    pub name: String,
    /// How it scores.
    pub scoring: Scoring,
    /// Number of parameters.
    pub parameters: u64,
}

/// A device and its capabilities.
#[derive(Clone)]
struct Found {
    device: Device,
    name: &'static str,
    adapter: Option<String>,
    /// Whether it is a GPU that is emulated on the CPU.
    emulated: bool,
    /// Whether it has f16 arithmetic.
    half: bool,
    /// What its kernels may use.
    #[cfg(feature = "gpu")]
    capabilities: crate::towers::Capabilities,
    /// Size of the largest tensor that it can bind, in bytes.
    largest: usize,
}

impl Found {
    /// The kernels for a precision, and the precision that they compute.
    fn kernels(&self, choice: GpuKernels, precision: Precision) -> (Kernels, Precision) {
        #[cfg(feature = "gpu")]
        if choice == GpuKernels::Wgsl
            && let Some(found) = wgsl(self, precision)
        {
            return found;
        }
        let _ = choice;
        // burn's operations have no products of 8-bit numbers.
        let precision = if self.name == "gpu" { precision.stored() } else { precision };
        (Kernels::of(&self.device, precision, self.half), precision)
    }
}

/// The WGSL kernels for a GPU, tuned by measurements of a few tenths of a second, and the
/// precision that they compute: `q8` instead of `q8-fast` if that is as fast.
#[cfg(feature = "gpu")]
fn wgsl(found: &Found, precision: Precision) -> Option<(Kernels, Precision)> {
    use burn_cubecl::cubecl::future::block_on;

    let start = std::time::Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1000.0;
    let Found { device, capabilities, .. } = found;
    let tuning = block_on(crate::towers::tune(device, None, *capabilities, precision, &now))?;
    let precision = if tuning.bytes_are_fast() { precision } else { precision.stored() };
    let wgsl = crate::towers::Wgsl::new(device, tuning, precision.into())?;
    Some((Kernels::Wgsl(wgsl), precision))
}

impl PickScore {
    /// Opens a model directory or file, as described at [`ModelDirectory::open`].
    ///
    /// # Errors
    ///
    /// Fails if the model does not exist, is damaged or is not a CLIP model, or if the device is
    /// not available.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, ScoreError> {
        Self::open_with_progress(path, options, &mut |_| ControlFlow::Continue(()))
    }

    /// Recognises how a model scores, without loading it.
    ///
    /// # Errors
    ///
    /// As [`PickScore::open`].
    pub fn recognise(path: &Path, options: &OpenOptions) -> Result<Scoring, ScoreError> {
        let directory = ModelDirectory::open_as(path, options.scorer)?;
        scoring_of(&directory, options)
    }

    /// Checks a model's files without reading its weights: configuration, names and shapes of the
    /// tensors, tokenizer, image processor and head.
    ///
    /// # Errors
    ///
    /// As [`PickScore::open`].
    pub fn check(path: &Path, options: &OpenOptions) -> Result<CheckedModel, ScoreError> {
        let Described { directory, scoring, .. } = describe(path, options)?;
        directory.check()?;
        let parameters = u64::try_from(directory.config().parameter_count()).unwrap_or(u64::MAX);
        Ok(CheckedModel { name: directory.name().into(), scoring, parameters })
    }

    /// As [`PickScore::open`], reporting the number of bytes read. `progress` can cancel loading.
    ///
    /// # Errors
    ///
    /// As [`PickScore::open`], and if `progress` cancels.
    pub fn open_with_progress(
        path: &Path,
        options: &OpenOptions,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, ScoreError> {
        let Described { directory, scoring, tokenizer, processor } = describe(path, options)?;
        let config = directory.config().clone();
        let found = find(options.device)?;
        let precision = match options.precision {
            PrecisionChoice::Exactly(precision) => precision,
            PrecisionChoice::Auto if found.half => Precision::F16,
            PrecisionChoice::Auto => Precision::F32,
        };
        let parameters = u64::try_from(config.parameter_count()).unwrap_or(u64::MAX);
        let (kernels, precision) = found.kernels(options.kernels, precision);
        let mut builder = ModelBuilder::new(config, kernels);
        let tuning = builder.tuning();
        let sink = &mut |parameter: &_, values| builder.accept(parameter, values);
        let loaded = directory.load(precision, progress, sink)?;
        let model = builder.finish()?;
        let info = Info {
            model: directory.name().into(),
            device: found.name,
            adapter: found.adapter,
            emulated: found.emulated,
            tuning,
            precision,
            parameters,
            unexpected: loaded.unexpected,
            identity: identity(&scoring, loaded.vectors),
        };
        let mut opened = Self::new(model, tokenizer, processor, info, scoring)?;
        opened.limit_batch(found.largest);
        Ok(opened)
    }
}

/// What is known of a model before its weights are read.
struct Described {
    directory: ModelDirectory,
    scoring: Scoring,
    tokenizer: Box<dyn PromptTokenizer>,
    processor: Processor,
}

fn describe(path: &Path, options: &OpenOptions) -> Result<Described, ScoreError> {
    let directory = ModelDirectory::open_as(path, options.scorer)?;
    let scoring = scoring_of(&directory, options)?;
    let description = directory.description();
    let tokenizer = prompt_tokenizer(scoring.scorer, description.tokenizer.as_deref())?;
    let (json, size) = (description.preprocessor.as_deref(), directory.config().vision().image_size);
    let mut processor = processor(scoring.scorer, json, size)?;
    processor.limits = options.limits;
    Ok(Described { directory, scoring, tokenizer, processor })
}

/// Recognises how a model scores, and reads its head.
fn scoring_of(directory: &ModelDirectory, options: &OpenOptions) -> Result<Scoring, ScoreError> {
    let description = directory.description();
    let head_name = match &options.head {
        Some(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        None => chosen_head(&description.heads, options.scorer, description.scorer.as_deref())?,
    };
    let weights = directory.files().first().map(String::as_str);
    let names: Vec<&str> = weights.into_iter().chain([directory.name()]).collect();
    let recognised = recognise(&Clues {
        given: options.scorer,
        written: description.scorer.as_deref(),
        head: head_name.as_deref(),
        names: &names,
        embeds: matches!(description.config, ModelConfig::Clip(_)),
    })?;
    if options.head.is_some() && !recognised.scorer.needs_head() {
        return Err(ScoreError::HeadNotRead { scorer: recognised.scorer.name });
    }
    let (file, bytes) = match (&options.head, head_name) {
        _ if !recognised.scorer.needs_head() => (String::new(), None),
        (Some(path), _) => {
            let file = path.display().to_string();
            let wrong = |error: std::io::Error| ScoreError::HeadFile {
                file: file.clone(),
                reason: error.to_string(),
            };
            let bytes = read_regular(path, MAX_HEAD_LENGTH).map_err(wrong)?;
            (file, Some(bytes))
        }
        (None, Some(name)) => {
            let bytes = directory.read_file(&name, MAX_HEAD_LENGTH)?;
            (name, Some(bytes))
        }
        (None, None) => (String::new(), None),
    };
    let head = bytes.as_deref().map(|bytes| (file.as_str(), bytes));
    recognised.with_head(head, directory.config().projection().unwrap_or_default())
}

/// The tokenizer and image processor of a CLIP model: those in its files, or CLIP's by default.
///
/// # Errors
///
/// Fails if a file describes an unsupported tokenizer or image processor.
pub fn reading(description: &Description) -> Result<(Tokenizer, Processor), ScoreError> {
    let tokenizer = match &description.tokenizer {
        Some(json) => Tokenizer::from_json(json)?,
        None => Tokenizer::clip(),
    };
    let preprocessor = description.preprocessor.as_deref();
    let processor = processor(Scorer::CLIP, preprocessor, description.config.vision().image_size)?;
    Ok((tokenizer, processor))
}

/// Selects a device and returns it with its name, `"cpu"` or `"gpu"`.
///
/// # Errors
///
/// Fails with [`ScoreError::NoGpu`] if a GPU was requested and none is available.
pub fn device(choice: DeviceChoice) -> Result<(Device, &'static str), ScoreError> {
    find(choice).map(|found| (found.device, found.name))
}

fn find(choice: DeviceChoice) -> Result<Found, ScoreError> {
    let cpu = || Found {
        device: Device::flex(),
        name: "cpu",
        adapter: None,
        emulated: false,
        half: false,
        #[cfg(feature = "gpu")]
        capabilities: crate::towers::Capabilities::default(),
        largest: usize::MAX,
    };
    match choice {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Gpu => gpu(true).map_err(|reason| ScoreError::NoGpu { reason }),
        DeviceChoice::Auto => Ok(gpu(false).unwrap_or_else(|_| cpu())),
    }
}

/// The default GPU. A GPU emulated on the CPU is used only if a GPU was explicitly requested.
#[cfg(feature = "gpu")]
fn gpu(requested: bool) -> Result<Found, String> {
    use std::sync::OnceLock;

    /// Cached, because burn can initialise a device only once per process.
    static GPU: OnceLock<Result<Found, String>> = OnceLock::new();

    let found = GPU.get_or_init(init_gpu).clone()?;
    if found.emulated && !requested {
        let name = found.adapter.unwrap_or_default();
        return Err(format!("{name} is emulated on the CPU"));
    }
    Ok(found)
}

#[cfg(feature = "gpu")]
fn init_gpu() -> Result<Found, String> {
    use burn::tensor::{
        DeviceKind,
        wgpu::{
            WgpuBackend,
            wgpu::{DeviceType, Features},
        },
    };

    let mut options = Device::wgpu_options();
    let bus = match assigned()? {
        Assigned::Any => None,
        Assigned::None => return Err("CUDA_VISIBLE_DEVICES hides all GPUs".into()),
        Assigned::At(bus) => {
            let place = place(&adapters(), &bus)
                .ok_or_else(|| format!("the GPU at {bus}, which was assigned, has no Vulkan driver"))?;
            options = options.device_kind(DeviceKind::DiscreteGpu(place)).graphics_api(WgpuBackend::Vulkan);
            Some(bus)
        }
    };
    // Without a Vulkan driver, OpenGL would be taken, which is often emulated.
    if cfg!(target_os = "linux") {
        options = options.graphics_api(WgpuBackend::Vulkan);
    }
    let (device, setup) = options.init_with_setup().map_err(|error| error.to_string())?;
    let mut info = setup.adapter.get_info();
    if let Some(bus) = bus {
        info.name = format!("{} at {bus}", info.name);
    }
    let features = setup.device.features();
    let half = features.contains(Features::SHADER_F16);
    let capabilities = crate::towers::Capabilities::of(&setup);
    let limits = setup.device.limits();
    let largest = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    let largest = usize::try_from(largest).unwrap_or(usize::MAX);
    let emulated = info.device_type == DeviceType::Cpu;
    let adapter = Some(info.name);
    Ok(Found { device, name: "gpu", adapter, emulated, half, capabilities, largest })
}

/// The address and kind of each adapter, in the order in which burn counts them.
#[cfg(feature = "gpu")]
fn adapters() -> Vec<(String, bool)> {
    use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};
    use burn_cubecl::cubecl::future::block_on;

    let mut descriptor = InstanceDescriptor::new_without_display_handle();
    descriptor.backends = Backends::VULKAN;
    let found = block_on(Instance::new(descriptor).enumerate_adapters(Backends::VULKAN));
    let info = found.iter().map(|adapter| adapter.get_info());
    info.map(|info| (info.device_pci_bus_id, info.device_type == DeviceType::DiscreteGpu)).collect()
}

#[cfg(not(feature = "gpu"))]
fn gpu(_requested: bool) -> Result<Found, String> {
    Err("this build has no GPU support".into())
}
