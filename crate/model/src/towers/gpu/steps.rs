//! The steps of the towers in WGSL kernels.

use burn_cubecl::cubecl::server::Handle;
use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

use super::{
    attention, gather,
    gemm::Gemm,
    norm,
    weight::DeviceWeight,
    wgsl::{Buffer, Wgsl},
};
use crate::towers::{
    error::TowerError,
    steps::{Attending, Heads, Scoring, Steps},
};

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
        Gemm { weight, bias, activation, residual: None }.run(self, &input)
    }

    fn linear_add(
        &self,
        input: Buffer,
        weight: &DeviceWeight,
        bias: Option<&Handle>,
        residual: Buffer,
    ) -> Buffer {
        Gemm { weight, bias, activation: None, residual: Some(&residual) }.run(self, &input)
    }

    fn linear_add_repeated(
        &self,
        input: Buffer,
        weight: &DeviceWeight,
        bias: Option<&Handle>,
        residual: &Buffer,
    ) -> Buffer {
        Gemm { weight, bias, activation: None, residual: Some(residual) }.run(self, &input)
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

    fn gather(&self, matrix: Buffer, rows: &[usize]) -> Buffer {
        let output = self.empty(rows.len(), matrix.columns);
        gather::gather(&self.client, &matrix, rows, &output);
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

    fn attend(&self, query: Buffer, memory: &Buffer, shape: &Attending) -> Buffer {
        let output = self.empty(query.rows, query.columns);
        attention::attend(self, shape, &query, memory, &output);
        output
    }

    async fn read(&self, matrix: Buffer) -> Result<Vec<f32>, TowerError> {
        let read = self.client.read_async(vec![matrix.handle]).await;
        let read = read.map_err(|error| TowerError::Device { reason: error.to_string() })?;
        let bytes = read.first().map_or(&[][..], |bytes| bytes);
        Ok(bytemuck::pod_collect_to_vec(&bytes[..matrix.rows * matrix.columns * size_of::<f32>()]))
    }
}
