//! Which kernels compute the towers: chosen once, when a model is built.

use std::fmt::Debug;

use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::config::{Activation, ClipConfig};
use pickscore_checkpoint::weights::Values;

use super::TowerError;
#[cfg(feature = "gpu")]
use super::Wgsl;

/// How a model computes. [`ClipBuilder::new`](super::ClipBuilder::new) takes it, and nothing asks
/// again later.
#[derive(Debug, Clone)]
pub enum Kernels {
    /// The project's own fused kernels on the CPU, on all cores with the feature `parallel`.
    Cpu,
    /// The project's own WGSL kernels on a GPU. A model whose widths are not multiples of four is
    /// computed with burn's operations on the same device.
    #[cfg(feature = "gpu")]
    Wgsl(Wgsl),
    /// burn's operations, on any device.
    Burn {
        /// Where they run.
        device: Device,
        /// What matrices are multiplied in; everything else is f32.
        products: FloatDType,
    },
}

impl Kernels {
    /// The fused kernels for burn's CPU device, burn's operations for any other.
    pub fn of(device: &Device, products: FloatDType) -> Self {
        if *device == Device::flex() && !device.is_autodiff() {
            Self::Cpu
        } else {
            Self::Burn { device: device.clone(), products }
        }
    }

    /// The same, or burn's operations where the WGSL kernels cannot take the model's widths.
    pub(super) fn fitting(self, config: &ClipConfig) -> Self {
        #[cfg(feature = "gpu")]
        if let Self::Wgsl(wgsl) = &self
            && !super::gpu::fits(config)
        {
            return Self::Burn { device: wgsl.device().clone(), products: FloatDType::F32 };
        }
        let _ = config;
        self
    }
}

/// The shape of self-attention over sequences that follow one another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    /// Rows of a sequence.
    pub(super) sequence: usize,
    /// Number of heads.
    pub(super) count: usize,
    /// Whether a position sees only itself and those before it.
    pub(super) causal: bool,
}

/// The steps that the towers are made of. Each implementation has its own types for activations
/// and weights, so that a weight can only meet the kernels it was stored for.
pub(super) trait Steps: Clone + Debug + Send + Sync {
    /// Activations: a matrix of f32.
    type Matrix: Clone + Debug + Send + Sync;
    /// A bias, or a layer norm's weight: f32.
    type Vector: Debug + Send + Sync;
    /// A weight matrix `[out, in]` as it is stored.
    type Weight: Debug + Send + Sync;

    /// A matrix with rows of `columns` numbers.
    fn matrix(&self, values: Vec<f32>, columns: usize) -> Self::Matrix;

    /// `activation(input · weightᵀ + bias)`: `[rows, in]` → `[rows, out]`
    fn linear(
        &self,
        input: Self::Matrix,
        weight: &Self::Weight,
        bias: Option<&Self::Vector>,
        activation: Option<Activation>,
    ) -> Self::Matrix;

    /// `residual + input · weightᵀ + bias`: `[rows, in]`, residual `[rows, out]` → `[rows, out]`
    fn linear_onto(
        &self,
        input: Self::Matrix,
        weight: &Self::Weight,
        bias: Option<&Self::Vector>,
        residual: Self::Matrix,
    ) -> Self::Matrix;

    /// The same with a residual `[period, out]` that is added to each `period` rows again.
    fn linear_over(
        &self,
        input: Self::Matrix,
        weight: &Self::Weight,
        bias: Option<&Self::Vector>,
        residual: &Self::Matrix,
    ) -> Self::Matrix;

    /// Layer norm of each row: `[rows, width]`, weight and bias `[width]` → `[rows, width]`
    fn layer_norm(
        &self,
        input: &Self::Matrix,
        weight: &Self::Vector,
        bias: &Self::Vector,
        epsilon: f64,
    ) -> Self::Matrix;

    /// softmax(q · kᵀ / √head_width) · v:
    /// `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
    fn attention(&self, qkv: Self::Matrix, heads: Heads) -> Self::Matrix;

    /// The rows of a matrix at these indices, each below the number of rows.
    fn rows(&self, matrix: Self::Matrix, rows: &[usize]) -> Self::Matrix;

    /// Runs a forward pass: the CPU keeps its threads awake for as long as it takes.
    fn pass<T: Send>(&self, pass: impl FnOnce() -> T + Send) -> T {
        pass()
    }
}

/// Steps with weights from a file and results that are read back.
pub(super) trait Scoring: Steps {
    /// A vector on the device.
    fn vector(&self, values: Vec<f32>) -> Self::Vector;

    /// A weight matrix of shape `[out, in]` on the device.
    fn weight(&self, values: Values, shape: [usize; 2]) -> Self::Weight;

    /// All numbers of a matrix, row after row.
    async fn read(&self, matrix: Self::Matrix) -> Result<Vec<f32>, TowerError>;
}
