//! Fused kernels for the CPU.
//!
//! burn-flex 0.22 packs the weight matrix again for each product, which for one image or prompt
//! takes as long as the product itself. It also computes `erf` and `exp` one value at a time on one
//! core, copies every attention head, and rereads each activation for bias, GELU and residual. Here
//! weights are packed once, when they are loaded, activations are plain slices, and the elementwise
//! operations are fused into the products. `gradient/` is for training.

mod amx;
mod attention;
#[cfg(not(target_family = "wasm"))]
mod dense;
mod disjoint;
#[cfg(feature = "train")]
pub(super) mod gradient;
mod integer;
mod linear;
mod math;
mod memory;
mod norm;
mod pack;
mod parallel;
#[cfg(feature = "parallel")]
mod pool;
mod prefetch;
#[cfg(test)]
mod step_times;
mod tile;
mod vectorize;
mod weight;

use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

use super::{
    error::TowerError,
    kernels::Q8Inputs,
    steps::{Attending, Heads, Scoring, Steps},
};

#[cfg(not(target_family = "wasm"))]
pub(crate) use dense::Dense;
use memory::Recycled;
use weight::PackedWeight;

/// The fused kernels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fused {
    pub(super) q8_inputs: Q8Inputs,
}

/// A row-major f32 matrix in host memory.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    values: Recycled,
    /// At least 1.
    columns: usize,
}

impl Matrix {
    /// A matrix whose values are unspecified.
    fn unspecified(rows: usize, columns: usize) -> Self {
        Self { values: Recycled::unspecified(rows * columns), columns }
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }
}

impl Steps for Fused {
    type Matrix = Matrix;
    type Vector = Vec<f32>;
    type Weight = PackedWeight;

    fn matrix(&self, values: Vec<f32>, columns: usize) -> Matrix {
        Matrix { values: values.into(), columns }
    }

    fn linear(
        &self,
        input: Matrix,
        weight: &PackedWeight,
        bias: Option<&Vec<f32>>,
        activation: Option<Activation>,
    ) -> Matrix {
        let rows = input.rows();
        let bias = bias.map(Vec::as_slice);
        let mut output = Matrix::unspecified(rows, weight.outputs());
        let task = linear::Linear { rows, weight, bias, activation, accumulate: false };
        task.run(&input.values, &mut output.values);
        output
    }

    fn linear_add(
        &self,
        input: Matrix,
        weight: &PackedWeight,
        bias: Option<&Vec<f32>>,
        mut residual: Matrix,
    ) -> Matrix {
        let (rows, bias) = (input.rows(), bias.map(Vec::as_slice));
        let task = linear::Linear { rows, weight, bias, activation: None, accumulate: true };
        task.run(&input.values, &mut residual.values);
        residual
    }

    fn linear_add_repeated(
        &self,
        input: Matrix,
        weight: &PackedWeight,
        bias: Option<&Vec<f32>>,
        residual: &Matrix,
    ) -> Matrix {
        assert!(input.rows().is_multiple_of(residual.rows()));
        let mut repeated = Matrix::unspecified(input.rows(), residual.columns);
        let copies = repeated.values.chunks_exact_mut(residual.values.len());
        copies.for_each(|copy| copy.copy_from_slice(&residual.values));
        self.linear_add(input, weight, bias, repeated)
    }

    fn layer_norm(&self, input: &Matrix, weight: &Vec<f32>, bias: &Vec<f32>, epsilon: f64) -> Matrix {
        let mut output = Matrix::unspecified(input.rows(), input.columns);
        norm::layer_norm(&input.values, weight, bias, epsilon as f32, &mut output.values);
        output
    }

    fn attention(&self, qkv: Matrix, heads: Heads) -> Matrix {
        let (rows, width) = (qkv.rows(), qkv.columns / 3);
        let mut output = Matrix::unspecified(rows, width);
        attention::Attention::new(rows, width, heads).run(&qkv.values, &mut output.values);
        output
    }

    fn gather(&self, matrix: Matrix, rows: &[usize]) -> Matrix {
        let columns = matrix.columns;
        let mut gathered = Matrix::unspecified(rows.len(), columns);
        for (gathered, row) in gathered.values.chunks_exact_mut(columns).zip(rows) {
            gathered.copy_from_slice(&matrix.values[row * columns..(row + 1) * columns]);
        }
        gathered
    }

    #[cfg(feature = "parallel")]
    fn pass<T: Send>(&self, pass: impl FnOnce() -> T + Send) -> T {
        pool::run_pass(pass)
    }
}

impl Scoring for Fused {
    fn vector(&self, values: Vec<f32>) -> Vec<f32> {
        values
    }

    fn weight(&self, values: Values, shape: [usize; 2]) -> PackedWeight {
        PackedWeight::new(&values, shape, self.q8_inputs)
    }

    fn attend(&self, query: Matrix, memory: &Matrix, shape: &Attending) -> Matrix {
        let mut output = Matrix::unspecified(query.rows(), query.columns);
        attention::attend(shape, &query.values, &memory.values, &mut output.values);
        output
    }

    async fn read(&self, matrix: Matrix) -> Result<Vec<f32>, TowerError> {
        Ok(matrix.values.into_vec())
    }
}
