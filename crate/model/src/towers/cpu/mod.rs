//! Fused kernels for the CPU.
//!
//! burn-flex 0.22 packs the weight matrix again for each product, which for one image or prompt
//! takes as long as the product itself. It also computes `erf` and `exp` one value at a time on one
//! core, copies every attention head, and rereads each activation for bias, GELU and residual. Here
//! weights are packed once, when they are loaded, activations are plain slices, and the elementwise
//! operations are fused into the products. `gradient/` is for training.

mod attention;
#[cfg(not(target_family = "wasm"))]
mod dense;
mod disjoint;
#[cfg(feature = "train")]
pub(super) mod gradient;
mod integer;
mod linear;
mod math;
mod norm;
mod parallel;
#[cfg(feature = "parallel")]
mod pool;
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
use weight::PackedWeight;

/// The fused kernels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fused {
    pub(super) q8_inputs: Q8Inputs,
}

/// A row-major f32 matrix in host memory.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    values: Vec<f32>,
    /// At least 1.
    columns: usize,
}

impl Matrix {
    fn zeros(rows: usize, columns: usize) -> Self {
        Self { values: vec![0.0; rows * columns], columns }
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
        Matrix { values, columns }
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
        let mut output = Matrix::zeros(rows, weight.outputs());
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
        let values = residual.values.repeat(input.rows() / residual.rows().max(1));
        let residual = Matrix { values, columns: residual.columns };
        self.linear_add(input, weight, bias, residual)
    }

    fn layer_norm(&self, input: &Matrix, weight: &Vec<f32>, bias: &Vec<f32>, epsilon: f64) -> Matrix {
        let mut output = Matrix::zeros(input.rows(), input.columns);
        norm::layer_norm(&input.values, weight, bias, epsilon as f32, &mut output.values);
        output
    }

    fn attention(&self, qkv: Matrix, heads: Heads) -> Matrix {
        let (rows, width) = (qkv.rows(), qkv.columns / 3);
        let mut output = Matrix::zeros(rows, width);
        attention::Attention::new(rows, width, heads).run(&qkv.values, &mut output.values);
        output
    }

    fn gather(&self, matrix: Matrix, rows: &[usize]) -> Matrix {
        let columns = matrix.columns;
        let mut values = Vec::with_capacity(rows.len() * columns);
        for row in rows {
            values.extend_from_slice(&matrix.values[row * columns..(row + 1) * columns]);
        }
        Matrix { values, columns }
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
        let mut output = Matrix::zeros(query.rows(), query.columns);
        attention::attend(shape, &query.values, &memory.values, &mut output.values);
        output
    }

    async fn read(&self, matrix: Matrix) -> Result<Vec<f32>, TowerError> {
        Ok(matrix.values)
    }
}
