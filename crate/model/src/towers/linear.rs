//! A linear layer.

use pickscore_checkpoint::config::Activation;

use super::steps::Steps;

/// `x · weightᵀ + bias`
#[derive(Debug)]
pub(super) struct Linear<S: Steps> {
    /// `[out, in]`
    pub(super) weight: S::Weight,
    /// `[out]`
    pub(super) bias: Option<S::Vector>,
}

impl<S: Steps> Linear<S> {
    /// `activation(x · weightᵀ + bias)`
    ///
    /// # Shapes
    ///
    /// - input: `[rows, in]`
    /// - output: `[rows, out]`
    pub(super) fn forward(&self, steps: &S, input: S::Matrix, activation: Option<Activation>) -> S::Matrix {
        steps.linear(input, &self.weight, self.bias.as_ref(), activation)
    }

    /// `residual + x · weightᵀ + bias`
    ///
    /// # Shapes
    ///
    /// - input: `[rows, in]`
    /// - residual, output: `[rows, out]`
    pub(super) fn forward_add(&self, steps: &S, input: S::Matrix, residual: S::Matrix) -> S::Matrix {
        steps.linear_add(input, &self.weight, self.bias.as_ref(), residual)
    }

    /// `residual + x · weightᵀ + bias`, with a residual that repeats every `period` rows.
    ///
    /// # Shapes
    ///
    /// - input: `[batch · period, in]`
    /// - residual: `[period, out]`
    /// - output: `[batch · period, out]`
    pub(super) fn forward_add_repeated(
        &self,
        steps: &S,
        input: S::Matrix,
        residual: &S::Matrix,
    ) -> S::Matrix {
        steps.linear_add_repeated(input, &self.weight, self.bias.as_ref(), residual)
    }
}
