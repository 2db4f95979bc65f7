//! A block of BERT's encoder that also reads an image: self-attention, cross-attention and MLP,
//! each added to its input and followed by a layer norm.

use super::{
    block::{LayerNorm, Mlp},
    linear::Linear,
    steps::{Attending, Scoring},
};

/// Multi-head attention from one matrix to another, added to the first and normalised.
#[derive(Debug)]
pub(super) struct AddedAttention<S: Scoring> {
    /// `[width, width]`
    pub(super) query: Linear<S>,
    /// `[2 · width, source]`: keys, then values.
    pub(super) key_value: Linear<S>,
    /// `[width, width]`
    pub(super) out: Linear<S>,
    pub(super) norm: LayerNorm<S>,
}

impl<S: Scoring> AddedAttention<S> {
    /// # Shapes
    ///
    /// - stream, output: `[over · queries, width]`
    /// - memory: `[sequences · keys, source]`
    fn forward(&self, steps: &S, stream: S::Matrix, memory: S::Matrix, shape: &Attending) -> S::Matrix {
        let query = self.query.forward(steps, stream.clone(), None);
        let key_value = self.key_value.forward(steps, memory, None);
        let mixed = steps.attend(query, &key_value, shape);
        self.norm.forward(steps, &self.out.forward_add(steps, mixed, stream))
    }
}

/// A post-norm block with cross-attention.
#[derive(Debug)]
pub(super) struct CrossBlock<S: Scoring> {
    pub(super) attention: AddedAttention<S>,
    pub(super) cross: AddedAttention<S>,
    pub(super) mlp: Mlp<S>,
    pub(super) norm: LayerNorm<S>,
}

impl<S: Scoring> CrossBlock<S> {
    /// # Shapes
    ///
    /// - stream: the rows to compute, `[prompts · queries, width]`
    /// - own: all rows of the prompts, `[prompts · length, width]`
    /// - images: `[images · positions, image_width]`
    /// - output: `[prompts · queries, width]`
    pub(super) fn forward(
        &self,
        steps: &S,
        stream: S::Matrix,
        (own, own_shape): (S::Matrix, &Attending),
        (images, image_shape): (&S::Matrix, &Attending),
    ) -> S::Matrix {
        let stream = self.attention.forward(steps, stream, own, own_shape);
        let stream = self.cross.forward(steps, stream, images.clone(), image_shape);
        let hidden = self.mlp.up.forward(steps, stream.clone(), Some(self.mlp.activation));
        self.norm.forward(steps, &self.mlp.down.forward_add(steps, hidden, stream))
    }
}
