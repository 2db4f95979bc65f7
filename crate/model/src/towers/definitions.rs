//! Reference definitions of the steps in scalar f64, against which the kernels are tested.

use half::f16;

use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::{Blocks, Values};
use proptest::prelude::*;

use super::steps::{Attending, Over};

/// Pseudorandom values in −1..1 (SplitMix64). A plain multiple of the index would give nearly
/// constant rows for some seeds, and their layer norm would amplify every rounding error.
pub(super) fn numbers(length: usize, seed: u64) -> Vec<f32> {
    (0..length as u64)
        .map(|i| {
            let mixed = seed.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// A pseudorandom matrix `[outputs, inputs]` stored as f32 (0), f16 (1) or q8 (2), and its exact
/// values.
pub(super) fn stored(
    store: usize,
    [outputs, inputs]: [usize; 2],
    block: usize,
    seed: u64,
) -> (Values, Vec<f32>) {
    let full = numbers(outputs * inputs, seed ^ 3);
    match store {
        0 => (Values::F32(full.clone()), full),
        1 => {
            let halves: Vec<f16> = full.iter().map(|&x| f16::from_f32(x)).collect();
            (Values::F16(halves.clone()), halves.iter().map(|x| x.to_f32()).collect())
        }
        _ => {
            let bytes: Vec<i8> = full.iter().map(|&x| (x * 127.0) as i8).collect();
            let blocks = inputs.div_ceil(block);
            let scales: Vec<f32> =
                numbers(outputs * blocks, seed ^ 7).iter().map(|x| x.abs() / 64.0).collect();
            let exact = (0..outputs * inputs)
                .map(|i| f32::from(bytes[i]) * scales[i / inputs * blocks + i % inputs / block])
                .collect();
            (Values::Q8(Blocks { values: bytes, scales, block }), exact)
        }
    }
}

/// `activation(residual + input · weightᵀ + bias)`, with an error bound for f32. A residual with
/// fewer rows than the output repeats.
///
/// # Shapes
///
/// - input: `[rows, inputs]`, weight: `[outputs, inputs]`, bias: `[outputs]`
/// - output: `[rows, outputs]`
pub(super) fn linear(
    input: &[f32],
    weight: &[f32],
    inputs: usize,
    bias: Option<&[f32]>,
    residual: Option<&[f32]>,
    activation: Option<Activation>,
) -> Vec<(f64, f64)> {
    let outputs = weight.len() / inputs;
    let of = |row: usize, column: usize| {
        let (input, weight) = (&input[row * inputs..][..inputs], &weight[column * inputs..][..inputs]);
        let terms = || input.iter().zip(weight).map(|(&x, &w)| f64::from(x) * f64::from(w));
        let bias = bias.map_or(0.0, |bias| f64::from(bias[column]));
        let residual =
            residual.map_or(0.0, |residual| f64::from(residual[(row * outputs + column) % residual.len()]));
        let sum = terms().sum::<f64>() + bias + residual;
        // Rounding errors of half a unit each, accumulating like a random walk. Both activations
        // have slopes of up to 1.1, and GPUs compute `exp` with their own error.
        let size = terms().map(f64::abs).sum::<f64>() + bias.abs() + residual.abs();
        let bound = 1.2 * f64::from(f32::EPSILON) / 2.0 * (inputs as f64 + 2.0).sqrt() * size;
        let value = match activation {
            None => sum,
            Some(Activation::Gelu) => 0.5 * sum * (1.0 + libm::erf(sum / 2f64.sqrt())),
            Some(Activation::QuickGelu) => sum / (1.0 + (-1.702 * sum).exp()),
        };
        (value, bound + 1e-6 * (1.0 + sum.abs()))
    };
    (0..input.len() / inputs).flat_map(|row| (0..outputs).map(move |column| of(row, column))).collect()
}

/// Layer norm of each row, with an error bound for f32: input `[rows, width]`, weight and bias
/// `[width]` → `[rows, width]`
pub(super) fn layer_norm(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f64) -> Vec<(f64, f64)> {
    let width = weight.len();
    let exact = |x: &f32| f64::from(*x);
    let of_row = |input: &[f32]| {
        let mean = input.iter().map(exact).sum::<f64>() / width as f64;
        let variance = input.iter().map(|x| (exact(x) - mean).powi(2)).sum::<f64>() / width as f64;
        let deviation = (variance + epsilon).sqrt();
        // A large mean leaves fewer significant digits, and a small variance amplifies the error.
        let bound = 1e-5 * (1.0 + 10.0 * mean.abs() / deviation);
        let normed = |i: usize| (exact(&input[i]) - mean) / deviation * exact(&weight[i]) + exact(&bias[i]);
        (0..width).map(|i| (normed(i), bound)).collect::<Vec<_>>()
    };
    input.chunks(width).flat_map(of_row).collect()
}

/// Softmax attention: qkv `[batch · sequence, 3 · heads · head_width]` →
/// `[batch · sequence, heads · head_width]`
pub(super) fn attention(
    qkv: &[f32],
    sequence: usize,
    heads: usize,
    head_width: usize,
    causal: bool,
) -> Vec<f64> {
    let width = heads * head_width;
    let rows = qkv.len() / (3 * width);
    let at = |sample: usize, position: usize, part: usize, column: usize| {
        f64::from(qkv[(sample * sequence + position) * 3 * width + part * width + column])
    };
    let mut output = vec![0.0; rows * width];
    for (row, head) in (0..rows).flat_map(|row| (0..heads).map(move |head| (row, head))) {
        let (sample, i) = (row / sequence, row % sequence);
        let columns = head * head_width..(head + 1) * head_width;
        let seen = if causal { i + 1 } else { sequence };
        let weights: Vec<f64> = (0..seen)
            .map(|j| columns.clone().map(|c| at(sample, i, 0, c) * at(sample, j, 1, c)).sum::<f64>())
            .map(|score| (score / (head_width as f64).sqrt()).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        for column in columns {
            output[row * width + column] =
                (0..seen).map(|j| weights[j] * at(sample, j, 2, column)).sum::<f64>() / sum;
        }
    }
    output
}

/// A case of attention over other sequences: its shape and the width of a head.
#[derive(Debug, Clone)]
pub(super) struct AttendingCase {
    shape: Attending,
    head_width: usize,
}

/// Cases whose heads are `1..most` wide.
pub(super) fn attending(most: usize) -> impl Strategy<Value = AttendingCase> {
    let sizes = (1usize..9, 1usize..40, 1usize..5, 1usize..4, 1..most);
    sizes.prop_flat_map(|(queries, keys, count, sequences, head_width)| {
        let over = (0..sequences, 1..=keys).prop_map(|(sequence, rows)| Over { sequence, rows });
        // The last sequence is always one of those attended to, so that it exists.
        prop::collection::vec(over, 0..5).prop_map(move |mut over| {
            over.push(Over { sequence: sequences - 1, rows: keys });
            AttendingCase { shape: Attending { queries, keys, count, over }, head_width }
        })
    })
}

impl AttendingCase {
    /// The same case with heads `factor` times as wide.
    #[cfg(feature = "gpu")]
    pub(super) fn widened(mut self, factor: usize) -> Self {
        self.head_width *= factor;
        self
    }

    /// The shape with pseudorandom queries `[over · queries, width]` and memory
    /// `[sequences · keys, 2 · width]`.
    pub(super) fn build(&self, seed: u64) -> (Attending, Vec<f32>, Vec<f32>) {
        let Attending { queries, keys, count, over } = &self.shape;
        let width = count * self.head_width;
        let sequences = over.iter().map(|over| over.sequence + 1).max().unwrap_or(0);
        let doubled = |length, seed| numbers(length, seed).iter().map(|x| 2.0 * x).collect();
        let query = doubled(over.len() * queries * width, seed);
        (self.shape.clone(), query, doubled(sequences * keys * 2 * width, seed ^ 3))
    }
}

/// Softmax attention over other sequences: query `[over · queries, width]`, memory
/// `[sequences · keys, 2 · width]` → `[over · queries, width]`
pub(super) fn attend(shape: &Attending, query: &[f32], memory: &[f32]) -> Vec<f64> {
    let Attending { queries, keys, count, over } = shape;
    let width = query.len() / (over.len() * queries);
    let head_width = width / count;
    let mut output = vec![0.0; query.len()];
    for (row, head) in (0..over.len() * queries).flat_map(|row| (0..*count).map(move |head| (row, head))) {
        let Over { sequence, rows } = over[row / queries];
        let at = |key: usize, column: usize| f64::from(memory[(sequence * keys + key) * 2 * width + column]);
        let columns = head * head_width..(head + 1) * head_width;
        let weights: Vec<f64> = (0..rows)
            .map(|key| columns.clone().map(|c| f64::from(query[row * width + c]) * at(key, c)).sum::<f64>())
            .map(|score| (score / (head_width as f64).sqrt()).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        for column in columns {
            output[row * width + column] =
                (0..rows).map(|key| weights[key] * at(key, width + column)).sum::<f64>() / sum;
        }
    }
    output
}
