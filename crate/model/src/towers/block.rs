//! One transformer block: attention and MLP, each after a layer norm and added to the residual stream.

use burn::tensor::{DType, Device, Int, Tensor, activation, module};

use super::{Linear, cpu, gpu};
use pickscore_checkpoint::config::Activation;

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
        if cpu::runs_on(&input.device()) {
            return cpu::layer_norm(input, self.weight.clone(), self.bias.clone(), self.epsilon);
        }
        if gpu::runs_on(&input.device()) {
            return gpu::layer_norm(input, self.weight.clone(), self.bias.clone(), self.epsilon);
        }
        #[cfg(feature = "train")]
        if cpu::gradient::trains_on(&input.device()) {
            return cpu::gradient::layer_norm(input, self.weight.clone(), self.bias.clone(), self.epsilon);
        }
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
    /// Every position's mix of values, before the output projection, over sequences of `sequence` rows each.
    ///
    /// # Shapes
    ///
    /// - input, output: `[batch · sequence, width]`
    fn forward(&self, input: Tensor<2>, sequence: usize) -> Tensor<2> {
        let qkv = self.qkv.forward(input, None);
        if cpu::runs_on(&qkv.device()) {
            return cpu::attention(qkv, sequence, self.heads, self.causal);
        }
        if gpu::runs_on(&qkv.device()) && gpu::takes_heads(qkv.dims()[1] / 3 / self.heads) {
            return gpu::attention(qkv, sequence, self.heads, self.causal);
        }
        #[cfg(feature = "train")]
        if cpu::gradient::trains_on(&qkv.device()) {
            return cpu::gradient::attention(qkv, sequence, self.heads, self.causal);
        }
        mix(qkv, sequence, self.heads, self.causal)
    }
}

/// softmax(q · kᵀ / √head_width) · v, in f32: 4 % of the work, and 16 bits would round the scores before the softmax raises them.
///
/// # Shapes
///
/// - qkv: `[batch · sequence, 3 · width]`
/// - output: `[batch · sequence, width]`
pub(super) fn mix(qkv: Tensor<2>, sequence: usize, heads: usize, causal: bool) -> Tensor<2> {
    let [rows, triple] = qkv.dims();
    let (batch, width) = (rows / sequence, triple / 3);
    let head_width = width / heads;
    let [query, key, value] = [0, 1, 2].map(|part| {
        qkv.clone()
            .slice([0..rows, part * width..(part + 1) * width])
            .reshape([batch, sequence, heads, head_width])
            .swap_dims(1, 2)
    });
    let query = query.mul_scalar((head_width as f64).powf(-0.5));
    let mut scores = query.matmul(key.transpose());
    if causal {
        scores = scores + causal_mask(sequence, &qkv.device());
    }
    let weights = activation::softmax(scores, 3);
    weights.matmul(value).swap_dims(1, 2).reshape([rows, width])
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
        let mixed = self.attention.forward(self.norm1.forward(stream.clone()), sequence);
        self.finish(mixed, stream)
    }

    /// The block's output at these rows alone, for the last block: what is not pooled is not computed.
    ///
    /// # Shapes
    ///
    /// - stream: `[batch · sequence, width]`
    /// - rows: `[batch]`, in `0..batch · sequence`
    /// - output: `[batch, width]`
    pub(super) fn forward_at(&self, stream: Tensor<2>, sequence: usize, rows: &[usize]) -> Tensor<2> {
        let mixed = self.attention.forward(self.norm1.forward(stream.clone()), sequence);
        self.finish(chosen(mixed, rows), chosen(stream, rows))
    }

    /// What follows the attention, each row by itself: mixed, stream, output `[rows, width]`.
    fn finish(&self, mixed: Tensor<2>, stream: Tensor<2>) -> Tensor<2> {
        let stream = self.attention.out.forward_onto(mixed, stream);
        let hidden = self.mlp.up.forward(self.norm2.forward(stream.clone()), Some(self.mlp.activation));
        self.mlp.down.forward_onto(hidden, stream)
    }
}

/// Runs a stream `[batch · sequence, width]` through all blocks → the last one's output at `rows`, `[batch, width]`.
pub(super) fn pooled(blocks: &[Block], mut stream: Tensor<2>, sequence: usize, rows: &[usize]) -> Tensor<2> {
    let Some((last, blocks)) = blocks.split_last() else { return chosen(stream, rows) };
    for block in blocks {
        stream = block.forward(stream, sequence);
    }
    last.forward_at(stream, sequence, rows)
}

/// stream `[all, width]` → these of its rows `[rows, width]`
fn chosen(stream: Tensor<2>, rows: &[usize]) -> Tensor<2> {
    if gpu::runs_on(&stream.device()) {
        let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        return gpu::rows(stream, &rows);
    }
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let rows = Tensor::<1, Int>::from_data(rows.as_slice(), (&stream.device(), DType::I32));
    stream.select(0, rows)
}
