//! The WGSL kernels: what burn's GPU backend does in eighty dispatches a block, in nine.
//!
//! Stock kernels multiply with 32 invocations a workgroup where an adapter has small subgroups, run
//! layer norm and softmax as seven to nine kernels each, copy query, key and value out of their
//! rows, and unpack a 16- or 8-bit matrix to f32 in memory whenever it is used. Here are the
//! towers' own kernels:
//!
//! ```text
//! linear     activation(residual + input · weightᵀ + bias), weights f32, or 16 or 8 bits unpacked
//!            in registers
//! layer_norm one pass over each row
//! attention  scores (straight from the query, key and value rows) ─► softmax ─► mix
//! rows       the rows that are pooled
//! ```
//!
//! All numbers are f32 except stored weights. Six kernels are all that a driver compiles, whatever
//! the shapes: they are read from a buffer. Buffers and launches are those of burn's runtime;
//! burn's tensors, which fusion may wrap, are not involved.

mod attention;
mod client;
mod erf;
mod gemm;
mod kernel;
mod norm;
mod row;
mod rows;
mod subgroup;
mod weight;

#[cfg(test)]
mod tests;

use std::fmt;

use burn::tensor::Device;
use burn_cubecl::cubecl::{bytes::Bytes, client::Client, server::Handle};
use pickscore_checkpoint::config::{Activation, ClipConfig};
use pickscore_checkpoint::weights::Values;

use super::{
    TowerError,
    kernels::{Heads, Scoring, Steps},
};

pub use gemm::{Tuning, tune};
use weight::DeviceWeight;

/// Numbers that a kernel reads at once: rows of every operand are whole multiples of it.
const LANES: usize = 4;

/// The WGSL kernels on a device, with the tuning that was measured for it.
#[derive(Clone)]
pub struct Wgsl {
    device: Device,
    client: Client,
    tuning: Tuning,
}

impl Wgsl {
    /// Kernels for a device of burn's wgpu backend that has been initialised, without gradients;
    /// `None` for any other.
    pub fn new(device: &Device, tuning: Tuning) -> Option<Self> {
        let client = client::of(device)?;
        Some(Self { device: device.clone(), client, tuning })
    }

    /// The device that they run on.
    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// A buffer of these numbers.
    fn upload<T: bytemuck::NoUninit + Send + Sync>(&self, values: Vec<T>) -> Handle {
        self.client.create(Bytes::from_elems(values))
    }

    /// A new matrix, nothing in it yet.
    fn empty(&self, rows: usize, columns: usize) -> Buffer {
        let handle = self.client.empty(rows * columns * size_of::<f32>());
        Buffer { handle, rows, columns }
    }

    /// `activation(residual + input · weightᵀ + bias)`, where the residual may begin anew after its
    /// last row.
    fn multiply(
        &self,
        input: &Buffer,
        weight: &DeviceWeight,
        bias: Option<&Handle>,
        activation: Option<Activation>,
        residual: Option<&Buffer>,
    ) -> Buffer {
        let output = self.empty(input.rows, weight.outputs());
        gemm::Gemm { weight, bias, activation, residual }.run(self, input, &output);
        output
    }
}

impl fmt::Debug for Wgsl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, client, tuning } = self;
        formatter
            .debug_struct("Wgsl")
            .field("device", device)
            .field("runtime", &client.name())
            .field("tuning", tuning)
            .finish()
    }
}

/// Whether the kernels take a model's widths.
pub(super) fn fits(config: &ClipConfig) -> bool {
    let towers = [&config.text.transformer, &config.vision.transformer];
    let widths = towers.into_iter().flat_map(|tower| {
        let head = tower.width / tower.heads.max(1);
        [tower.width, tower.mlp, head]
    });
    let patch = 3 * config.vision.patch_size * config.vision.patch_size;
    widths.chain([config.projection, patch]).all(|width| width > 0 && width.is_multiple_of(LANES))
}

/// A matrix of f32 in the device's memory, row after row.
#[derive(Debug, Clone)]
pub(super) struct Buffer {
    handle: Handle,
    rows: usize,
    columns: usize,
}

impl Steps for Wgsl {
    type Matrix = Buffer;
    type Vector = Handle;
    type Weight = DeviceWeight;

    fn matrix(&self, values: Vec<f32>, columns: usize) -> Buffer {
        let rows = values.len() / columns;
        Buffer { handle: self.upload(values), rows, columns }
    }

    fn linear(
        &self,
        input: Buffer,
        weight: &DeviceWeight,
        bias: Option<&Handle>,
        activation: Option<Activation>,
    ) -> Buffer {
        self.multiply(&input, weight, bias, activation, None)
    }

    fn linear_onto(
        &self,
        input: Buffer,
        weight: &DeviceWeight,
        bias: Option<&Handle>,
        residual: Buffer,
    ) -> Buffer {
        self.multiply(&input, weight, bias, None, Some(&residual))
    }

    fn linear_over(
        &self,
        input: Buffer,
        weight: &DeviceWeight,
        bias: Option<&Handle>,
        residual: &Buffer,
    ) -> Buffer {
        self.multiply(&input, weight, bias, None, Some(residual))
    }

    fn layer_norm(&self, input: &Buffer, weight: &Handle, bias: &Handle, epsilon: f64) -> Buffer {
        let output = self.empty(input.rows, input.columns);
        norm::layer_norm(&self.client, input, [weight, bias], epsilon as f32, &output);
        output
    }

    fn attention(&self, qkv: Buffer, heads: Heads) -> Buffer {
        let output = self.empty(qkv.rows, qkv.columns / 3);
        attention::run(self, heads, &qkv, &output);
        output
    }

    fn rows(&self, matrix: Buffer, rows: &[usize]) -> Buffer {
        let output = self.empty(rows.len(), matrix.columns);
        rows::rows(&self.client, &matrix, rows, &output);
        output
    }
}

impl Scoring for Wgsl {
    fn vector(&self, values: Vec<f32>) -> Handle {
        self.upload(values)
    }

    fn weight(&self, values: Values, shape: [usize; 2]) -> DeviceWeight {
        DeviceWeight::new(self, values, shape)
    }

    async fn read(&self, matrix: Buffer) -> Result<Vec<f32>, TowerError> {
        let read = self.client.read_async(vec![matrix.handle]).await;
        let read = read.map_err(|error| TowerError::Device { reason: error.to_string() })?;
        let bytes = read.first().map_or(&[][..], |bytes| bytes);
        Ok(bytemuck::pod_collect_to_vec(&bytes[..matrix.rows * matrix.columns * size_of::<f32>()]))
    }
}
