//! A pre-norm transformer block: attention and MLP, each preceded by a layer norm and added to the
//! residual stream.

use pickscore_checkpoint::config::Activation;

use super::{
    linear::Linear,
    steps::{Heads, Steps},
};

/// Layer normalisation over the last dimension.
#[derive(Debug)]
pub(super) struct LayerNorm<S: Steps> {
    /// `[width]`
    pub(super) weight: S::Vector,
    /// `[width]`
    pub(super) bias: S::Vector,
    /// Added to the variance to avoid division by zero.
    pub(super) epsilon: f64,
}

impl<S: Steps> LayerNorm<S> {
    /// `[rows, width]` → `[rows, width]`
    pub(super) fn forward(&self, steps: &S, input: &S::Matrix) -> S::Matrix {
        steps.layer_norm(input, &self.weight, &self.bias, self.epsilon)
    }
}

/// Multi-head self-attention.
#[derive(Debug)]
pub(super) struct Attention<S: Steps> {
    /// `[3 · width, width]`: query, key and value projections.
    pub(super) qkv: Linear<S>,
    /// `[width, width]`
    pub(super) out: Linear<S>,
    /// Number of heads.
    pub(super) heads: usize,
    /// Whether each position attends only to itself and earlier positions.
    pub(super) causal: bool,
}

impl<S: Steps> Attention<S> {
    /// Attention before the output projection, over sequences of `sequence` rows each.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch · sequence, width]`
    fn forward(&self, steps: &S, input: S::Matrix, sequence: usize) -> S::Matrix {
        let qkv = self.qkv.forward(steps, input, None);
        steps.attention(qkv, Heads { sequence, count: self.heads, causal: self.causal })
    }
}

/// `down(activation(up(x)))`
#[derive(Debug)]
pub(super) struct Mlp<S: Steps> {
    /// `[mlp, width]`
    pub(super) up: Linear<S>,
    /// `[width, mlp]`
    pub(super) down: Linear<S>,
    /// Applied between the two layers.
    pub(super) activation: Activation,
}

/// A pre-norm transformer block.
#[derive(Debug)]
pub(super) struct Block<S: Steps> {
    pub(super) norm1: LayerNorm<S>,
    pub(super) attention: Attention<S>,
    pub(super) norm2: LayerNorm<S>,
    pub(super) mlp: Mlp<S>,
}

impl<S: Steps> Block<S> {
    /// `[batch · sequence, width]` → `[batch · sequence, width]`
    pub(super) fn forward(&self, steps: &S, stream: S::Matrix, sequence: usize) -> S::Matrix {
        let mixed = self.attention.forward(steps, self.norm1.forward(steps, &stream), sequence);
        self.finish(steps, mixed, stream)
    }

    /// The block's output at the given rows only. Used for the last block, where all other rows
    /// are discarded.
    ///
    /// # Shapes
    ///
    /// - stream: `[batch · sequence, width]`
    /// - rows: `[batch]`, in `0..batch · sequence`
    /// - output: `[batch, width]`
    fn forward_at(&self, steps: &S, stream: S::Matrix, sequence: usize, rows: &[usize]) -> S::Matrix {
        let mixed = self.attention.forward(steps, self.norm1.forward(steps, &stream), sequence);
        self.finish(steps, steps.gather(mixed, rows), steps.gather(stream, rows))
    }

    /// Output projection, residual and MLP, which act on each row separately: mixed and stream
    /// `[rows, width]` → `[rows, width]`
    fn finish(&self, steps: &S, mixed: S::Matrix, stream: S::Matrix) -> S::Matrix {
        let stream = self.attention.out.forward_add(steps, mixed, stream);
        let normed = self.norm2.forward(steps, &stream);
        let hidden = self.mlp.up.forward(steps, normed, Some(self.mlp.activation));
        self.mlp.down.forward_add(steps, hidden, stream)
    }
}

/// Runs all blocks and returns the output at the given rows.
///
/// # Shapes
///
/// - stream: `[batch · sequence, width]`
/// - rows: `[batch]`, in `0..batch · sequence`
/// - output: `[batch, width]`
pub(super) fn pooled<S: Steps>(
    steps: &S,
    blocks: &[Block<S>],
    mut stream: S::Matrix,
    sequence: usize,
    rows: &[usize],
) -> S::Matrix {
    let Some((last, blocks)) = blocks.split_last() else { return steps.gather(stream, rows) };
    for block in blocks {
        stream = block.forward(steps, stream, sequence);
    }
    last.forward_at(steps, stream, sequence, rows)
}
