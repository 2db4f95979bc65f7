//! The CPU's fused kernels: what burn's CPU backend does one operation after the other, done
//! together and on all cores.
//!
//! Stock burn-flex 0.22 packs every weight matrix anew for each multiplication, which costs as much
//! as multiplying where rows are few (one image, one prompt); between multiplications it computes
//! `erf` and `exp` one number at a time on one core, copies every head of the attention, and reads
//! and writes each activation again for bias, GELU and residual. Here weights are packed once, when
//! they are loaded, and activations are plain slices. Training has `gradient/`.

mod attention;
#[cfg(feature = "parallel")]
mod crew;
#[cfg(feature = "train")]
pub(super) mod gradient;
mod integer;
mod linear;
mod math;
mod norm;
mod tile;
mod vectorize;
mod weight;

use std::{cell::RefCell, sync::Mutex};

use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

use super::{
    TowerError,
    kernels::{Heads, Scoring, Steps},
};

use weight::PackedWeight;

/// The fused kernels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fused;

/// A matrix of f32 in host memory, row after row.
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

    fn linear_onto(
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

    fn linear_over(
        &self,
        input: Matrix,
        weight: &PackedWeight,
        bias: Option<&Vec<f32>>,
        residual: &Matrix,
    ) -> Matrix {
        let values = residual.values.repeat(input.rows() / residual.rows().max(1));
        let residual = Matrix { values, columns: residual.columns };
        self.linear_onto(input, weight, bias, residual)
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

    fn rows(&self, matrix: Matrix, rows: &[usize]) -> Matrix {
        let columns = matrix.columns;
        let mut values = Vec::with_capacity(rows.len() * columns);
        for row in rows {
            values.extend_from_slice(&matrix.values[row * columns..(row + 1) * columns]);
        }
        Matrix { values, columns }
    }

    /// On one of the threads that share its work, rather than having them woken and waited for at
    /// each step.
    #[cfg(feature = "parallel")]
    fn pass<T: Send>(&self, pass: impl FnOnce() -> T + Send) -> T {
        crew::run(pass)
    }
}

impl Scoring for Fused {
    fn vector(&self, values: Vec<f32>) -> Vec<f32> {
        values
    }

    fn weight(&self, values: Values, shape: [usize; 2]) -> PackedWeight {
        PackedWeight::new(&values, shape)
    }

    async fn read(&self, matrix: Matrix) -> Result<Vec<f32>, TowerError> {
        Ok(matrix.values)
    }
}

/// Threads that share the work.
fn threads() -> usize {
    #[cfg(feature = "parallel")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    1
}

/// Runs `task(scratch, 0..count)` on all cores, each with its own scratch memory.
fn for_each(count: usize, task: impl Fn(&mut Vec<f32>, usize) + Sync + Send) {
    thread_local! {
        static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    over(count, |index| SCRATCH.with_borrow_mut(|scratch| task(scratch, index)));
}

/// Runs `task(0..count)` on all cores.
fn over(count: usize, task: impl Fn(usize) + Sync + Send) {
    #[cfg(feature = "parallel")]
    if count > 1 {
        use rayon::prelude::*;
        if !crew::share(count, &task) {
            // One at a time: they are few and large, and a thread that took two in a row would keep
            // the others waiting.
            (0..count).into_par_iter().with_max_len(1).for_each(task);
        }
        return;
    }
    (0..count).for_each(task);
}

/// Runs `task` with `length` numbers of memory that this thread keeps for the next time.
fn with_packed(length: usize, task: impl FnOnce(&mut [f32])) {
    thread_local! {
        static PACKED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    // Taken out while it is used: the thread may be one that shares in the work, and come here
    // again.
    let mut packed = PACKED.take();
    if packed.len() < length {
        packed.resize(length, 0.0);
    }
    task(&mut packed[..length]);
    PACKED.set(packed);
}

/// Runs `task(index, chunk)` on all cores, on chunks of this length.
fn for_each_chunk(values: &mut [f32], length: usize, task: impl Fn(usize, &mut [f32]) + Sync + Send) {
    for_each_part(values.chunks_mut(length).enumerate().collect(), |(index, chunk)| task(index, chunk));
}

/// Runs `task` on all cores, on parts that may differ in length.
fn for_each_part<T: Send>(parts: Vec<T>, task: impl Fn(T) + Sync + Send) {
    let parts: Vec<_> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
    over(parts.len(), |index| {
        let part = parts[index].lock().ok().and_then(|mut part| part.take());
        part.into_iter().for_each(&task);
    });
}
