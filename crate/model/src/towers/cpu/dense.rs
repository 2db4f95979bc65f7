//! A fully connected layer for networks other than the towers.

use pickscore_checkpoint::weights::Values;

use super::{linear::Linear, weight::PackedWeight};
use crate::towers::kernels::Q8Inputs;

/// A fully connected layer in f32: `x · weightᵀ + bias`.
#[derive(Debug)]
pub(crate) struct Dense {
    weight: PackedWeight,
    bias: Vec<f32>,
}

impl Dense {
    /// A layer with this weight `[outputs, inputs]` and bias `[outputs]`.
    pub(crate) fn new(weight: Vec<f32>, bias: Vec<f32>, inputs: usize) -> Self {
        let weight = PackedWeight::new(&Values::F32(weight), [bias.len(), inputs], Q8Inputs::Fine);
        Self { weight, bias }
    }

    /// Number of outputs.
    pub(crate) fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// `[rows, inputs]` → `[rows, outputs]`
    pub(crate) fn apply(&self, rows: usize, input: &[f32], output: &mut [f32]) {
        let (weight, bias) = (&self.weight, Some(self.bias.as_slice()));
        Linear { rows, weight, bias, activation: None, accumulate: false }.run(input, output);
    }
}
