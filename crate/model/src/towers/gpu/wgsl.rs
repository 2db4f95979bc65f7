//! A device that runs the WGSL kernels.

use std::fmt;

use burn::tensor::Device;
use burn_cubecl::cubecl::{bytes::Bytes, client::Client, server::Handle};
use pickscore_checkpoint::config::{ModelConfig, Transformer};

use super::{client, gemm::tuning::Tuning, kernel::LANES};
use crate::towers::kernels::Q8Inputs;

/// The WGSL kernels on a device, with the tuning measured for it.
#[derive(Clone)]
pub struct Wgsl {
    device: Device,
    pub(super) client: Client,
    // In a box, because it is large.
    pub(super) tuning: Box<Tuning>,
    q8_inputs: Q8Inputs,
}

/// A row-major f32 matrix in device memory.
#[derive(Debug, Clone)]
pub(in crate::towers) struct Buffer {
    pub(super) handle: Handle,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Wgsl {
    /// The kernels for an initialised device of burn's wgpu backend without autodiff; `None` for
    /// any other device.
    pub fn new(device: &Device, tuning: Tuning, q8_inputs: Q8Inputs) -> Option<Self> {
        let client = client::of(device)?;
        Some(Self { device: device.clone(), client, tuning: Box::new(tuning), q8_inputs })
    }

    /// How they divide their work.
    pub(in crate::towers) fn tuning(&self) -> Tuning {
        *self.tuning
    }

    /// Whether q8 weights are multiplied with inputs that are rounded to bytes.
    pub(super) fn multiplies_bytes(&self) -> bool {
        self.q8_inputs == Q8Inputs::Bytes && self.tuning.bytes_are_fast()
    }

    /// Whether the kernels support a model's widths, which must be multiples of [`LANES`].
    pub(in crate::towers) fn supports(config: &ModelConfig) -> bool {
        let (text, projection) = match config {
            ModelConfig::Clip(config) => (&config.text.transformer, config.projection),
            ModelConfig::Blip(config) => (&config.text.transformer, LANES),
        };
        let vision = config.vision();
        let widths = [text, &vision.transformer].into_iter().flat_map(|tower: &Transformer| {
            let head = tower.width / tower.heads.max(1);
            [tower.width, tower.mlp, head]
        });
        let patch = 3 * vision.patch_size * vision.patch_size;
        widths.chain([projection, patch]).all(|width| width > 0 && width.is_multiple_of(LANES))
    }

    /// The device that the kernels run on.
    pub(in crate::towers) fn device(&self) -> &Device {
        &self.device
    }

    /// Uploads values to a new buffer.
    pub(super) fn upload<T: bytemuck::NoUninit + Send + Sync>(&self, values: Vec<T>) -> Handle {
        self.client.create(Bytes::from_elems(values))
    }

    /// Allocates a matrix with unspecified contents.
    pub(super) fn empty(&self, rows: usize, columns: usize) -> Buffer {
        let handle = self.client.empty(rows * columns * size_of::<f32>());
        Buffer { handle, rows, columns }
    }
}

impl fmt::Debug for Wgsl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, client, tuning, q8_inputs } = self;
        formatter
            .debug_struct("Wgsl")
            .field("device", device)
            .field("runtime", &client.name())
            .field("tuning", tuning)
            .field("q8_inputs", q8_inputs)
            .finish()
    }
}
