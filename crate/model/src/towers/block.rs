//! One transformer block: attention and MLP, each after a layer norm and added to the residual
//! stream.

use pickscore_checkpoint::config::Activation;

use super::{
    Linear,
    kernels::{Heads, Steps},
};

/// Layer normalisation over the last dimension.
#[derive(Debug)]
pub(super) struct LayerNorm<S: Steps> {
    /// `[width]`
    pub(super) weight: S::Vector,
    /// `[width]`
    pub(super) bias: S::Vector,
    /// Added to the variance.
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
    /// `[3 · width, width]`: query, key and value.
    pub(super) qkv: Linear<S>,
    /// `[width, width]`
    pub(super) out: Linear<S>,
    /// Number of heads.
    pub(super) heads: usize,
    /// Whether a position sees only itself and those before it.
    pub(super) causal: bool,
}

impl<S: Steps> Attention<S> {
    /// Every position's mix of values, before the output projection, over sequences of `sequence`
    /// rows each.
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
    /// Between the two.
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
    fn forward(&self, steps: &S, stream: S::Matrix, sequence: usize) -> S::Matrix {
        let mixed = self.attention.forward(steps, self.norm1.forward(steps, &stream), sequence);
        self.finish(steps, mixed, stream)
    }

    /// The block's output at these rows alone, for the last block: what is not pooled is not
    /// computed.
    ///
    /// # Shapes
    ///
    /// - stream: `[batch · sequence, width]`
    /// - rows: `[batch]`, in `0..batch · sequence`
    /// - output: `[batch, width]`
    fn forward_at(&self, steps: &S, stream: S::Matrix, sequence: usize, rows: &[usize]) -> S::Matrix {
        let mixed = self.attention.forward(steps, self.norm1.forward(steps, &stream), sequence);
        self.finish(steps, steps.rows(mixed, rows), steps.rows(stream, rows))
    }

    /// What follows the attention, each row by itself: mixed, stream, output `[rows, width]`.
    fn finish(&self, steps: &S, mixed: S::Matrix, stream: S::Matrix) -> S::Matrix {
        let stream = self.attention.out.forward_onto(steps, mixed, stream);
        let normed = self.norm2.forward(steps, &stream);
        let hidden = self.mlp.up.forward(steps, normed, Some(self.mlp.activation));
        self.mlp.down.forward_onto(steps, hidden, stream)
    }
}

/// Runs a stream `[batch · sequence, width]` through all blocks → the last one's output at `rows`,
/// `[batch, width]`.
pub(super) fn pooled<S: Steps>(
    steps: &S,
    blocks: &[Block<S>],
    mut stream: S::Matrix,
    sequence: usize,
    rows: &[usize],
) -> S::Matrix {
    let Some((last, blocks)) = blocks.split_last() else { return steps.rows(stream, rows) };
    for block in blocks {
        stream = block.forward(steps, stream, sequence);
    }
    last.forward_at(steps, stream, sequence, rows)
}
