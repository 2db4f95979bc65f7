//! The steps that the towers are made of.

use std::fmt::Debug;

use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

use super::error::TowerError;

/// The shape of multi-head self-attention over a batch of sequences, stored one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    /// Rows per sequence.
    pub(super) sequence: usize,
    /// Number of heads.
    pub(super) count: usize,
    /// Whether each position attends only to itself and earlier positions.
    pub(super) causal: bool,
}

/// The shape of multi-head attention over other sequences: each sequence of queries attends to the
/// first rows of one sequence of keys and values.
#[derive(Debug, Clone)]
pub(super) struct Attending {
    /// Rows per sequence of queries.
    pub(super) queries: usize,
    /// Rows per sequence of keys and values.
    pub(super) keys: usize,
    /// Number of heads.
    pub(super) count: usize,
    /// What each sequence of queries attends to.
    pub(super) over: Vec<Over>,
}

/// The first rows of a sequence of keys and values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Over {
    /// The index of the sequence.
    pub(super) sequence: usize,
    /// Number of rows, at least 1; the rows after them are padding.
    pub(super) rows: usize,
}

/// The steps of a forward pass. Each implementation has its own types for activations and weights,
/// so weights cannot be passed to kernels that expect another layout.
pub(super) trait Steps: Clone + Debug + Send + Sync {
    /// Activations: an f32 matrix.
    type Matrix: Clone + Debug + Send + Sync;
    /// A bias or the weight of a layer norm: an f32 vector.
    type Vector: Debug + Send + Sync;
    /// A weight matrix `[out, in]` in its stored precision.
    type Weight: Debug + Send + Sync;

    /// Uploads row-major values: `[rows · columns]` → `[rows, columns]`
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
    fn linear_add(
        &self,
        input: Self::Matrix,
        weight: &Self::Weight,
        bias: Option<&Self::Vector>,
        residual: Self::Matrix,
    ) -> Self::Matrix;

    /// As [`Steps::linear_add`], with a residual `[period, out]` that repeats every `period` rows:
    /// `[batch · period, in]` → `[batch · period, out]`
    fn linear_add_repeated(
        &self,
        input: Self::Matrix,
        weight: &Self::Weight,
        bias: Option<&Self::Vector>,
        residual: &Self::Matrix,
    ) -> Self::Matrix;

    /// Normalises each row: `[rows, width]`, weight and bias `[width]` → `[rows, width]`
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

    /// Gathers rows: matrix `[all, width]`, indices `[rows]` in `0..all` → `[rows, width]`
    fn gather(&self, matrix: Self::Matrix, rows: &[usize]) -> Self::Matrix;

    /// Runs a forward pass. On the CPU the thread pool stays active until the pass ends.
    fn pass<T: Send>(&self, pass: impl FnOnce() -> T + Send) -> T {
        pass()
    }
}

/// Steps that can load weights and return results to the host.
pub(super) trait Scoring: Steps {
    /// Uploads a vector.
    fn vector(&self, values: Vec<f32>) -> Self::Vector;

    /// Uploads a weight matrix of shape `[out, in]`.
    fn weight(&self, values: Values, shape: [usize; 2]) -> Self::Weight;

    /// softmax(q · kᵀ / √head_width) · v over other sequences: query `[over · queries, width]`,
    /// memory (keys, then values) `[sequences · keys, 2 · width]` → `[over · queries, width]`
    fn attend(&self, query: Self::Matrix, memory: &Self::Matrix, shape: &Attending) -> Self::Matrix;

    /// Downloads a matrix in row-major order.
    ///
    /// # Errors
    ///
    /// Fails with [`TowerError::Device`] if the device fails.
    async fn read(&self, matrix: Self::Matrix) -> Result<Vec<f32>, TowerError>;
}
