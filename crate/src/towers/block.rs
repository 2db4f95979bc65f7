//! One transformer block: attention and MLP, each after a layer norm and added to the residual stream.

use burn::tensor::{DType, Device, FloatDType, Tensor, activation, module};

use super::{Linear, cpu};
use crate::config::Activation;

/// Layer normalisation over the last dimension, always in f32.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    /// `[width]`
    pub(super) weight: Tensor<1>,
    /// `[width]`
    pub(super) bias: Tensor<1>,
    /// Added to the variance.
    pub(super) epsilon: f64,
}

impl LayerNorm {
    /// `[rows, width]` → `[rows, width]`
    pub(super) fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        module::layer_norm(input, self.weight.clone(), Some(self.bias.clone()), self.epsilon)
    }
}

/// Multi-head self-attention.
#[derive(Debug, Clone)]
pub struct Attention {
    /// `[3 · width, width]`: query, key and value.
    pub(super) qkv: Linear,
    /// `[width, width]`
    pub(super) out: Linear,
    /// Heads.
    pub(super) heads: usize,
    /// Whether a position sees only itself and those before it.
    pub(super) causal: bool,
}

impl Attention {
    /// `residual + attention(input)` over sequences of `sequence` rows each.
    ///
    /// # Shapes
    ///
    /// - input, residual, output: `[batch · sequence, width]`
    fn forward_onto(&self, input: Tensor<2>, residual: Tensor<2>, sequence: usize) -> Tensor<2> {
        let qkv = self.qkv.forward(input, None);
        let mixed = if cpu::runs_on(&qkv.device()) {
            cpu::attention(qkv, sequence, self.heads, self.causal)
        } else {
            self.mix(qkv, sequence)
        };
        self.out.forward_onto(mixed, residual)
    }

    /// softmax(q · kᵀ / √head_width) · v with the softmax in f32.
    ///
    /// # Shapes
    ///
    /// - qkv: `[batch · sequence, 3 · width]`
    /// - output: `[batch · sequence, width]`
    fn mix(&self, qkv: Tensor<2>, sequence: usize) -> Tensor<2> {
        let [rows, triple] = qkv.dims();
        let (batch, width) = (rows / sequence, triple / 3);
        let head_width = width / self.heads;
        let compute = qkv.dtype();
        let [query, key, value] = [0, 1, 2].map(|part| {
            qkv.clone()
                .slice([0..rows, part * width..(part + 1) * width])
                .reshape([batch, sequence, self.heads, head_width])
                .swap_dims(1, 2)
        });
        // Scaling the query rather than the scores keeps f16 products small.
        let query = query.mul_scalar((head_width as f64).powf(-0.5));
        let mut scores = query.matmul(key.transpose()).cast(FloatDType::F32);
        if self.causal {
            scores = scores + causal_mask(sequence, &qkv.device());
        }
        let weights = activation::softmax(scores, 3);
        let weights = if compute == DType::F16 { weights.cast(FloatDType::F16) } else { weights };
        weights.matmul(value).swap_dims(1, 2).reshape([rows, width])
    }
}

/// `[1, 1, sequence, sequence]`: 0 where the column is not after the row, else −∞.
fn causal_mask(sequence: usize, device: &Device) -> Tensor<4> {
    let mask: Vec<f32> = (0..sequence)
        .flat_map(|row| (0..sequence).map(move |column| if column > row { f32::NEG_INFINITY } else { 0.0 }))
        .collect();
    Tensor::<1>::from_data(mask.as_slice(), (device, DType::F32)).reshape([1, 1, sequence, sequence])
}

/// `down(activation(up(x)))`
#[derive(Debug, Clone)]
pub struct Mlp {
    /// `[mlp, width]`
    pub(super) up: Linear,
    /// `[width, mlp]`
    pub(super) down: Linear,
    /// Between the two.
    pub(super) activation: Activation,
}

/// A pre-norm transformer block.
#[derive(Debug, Clone)]
pub struct Block {
    pub(super) norm1: LayerNorm,
    pub(super) attention: Attention,
    pub(super) norm2: LayerNorm,
    pub(super) mlp: Mlp,
}

impl Block {
    /// `[batch · sequence, width]` → `[batch · sequence, width]`
    pub(super) fn forward(&self, stream: Tensor<2>, sequence: usize) -> Tensor<2> {
        let normed = self.norm1.forward(stream.clone());
        let stream = self.attention.forward_onto(normed, stream, sequence);
        let hidden = self.mlp.up.forward(self.norm2.forward(stream.clone()), Some(self.mlp.activation));
        self.mlp.down.forward_onto(hidden, stream)
    }
}
