//! What the fast paths' steps are, in f64 and one number after the other: what their tests hold
//! them against.

use half::f16;

use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::{Blocks, Values};

/// Numbers in −1..1 from a seed, by SplitMix64. A plain multiple of the index would, for some
/// seeds, make rows of nearly the same number, whose layer norm magnifies every rounding: two ways
/// of computing it then differ by as much as either is wrong.
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

/// A matrix `[outputs, inputs]` from a seed, stored in f32 (0), f16 (1) or 8-bit blocks (2), and
/// the numbers that it stands for.
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

/// `activation(residual + input · weightᵀ + bias)`, and how far f32 may lie from it. A residual
/// that ends before the output begins anew.
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
        // Roundings of half a unit each, which add up as a random walk does; both activations are
        // steeper than 1, by a tenth; and a GPU has an `exp` of its own.
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

/// Layer norm of each row, and how far f32 may lie from it: input `[rows, width]`, weight and bias
/// `[width]`.
pub(super) fn layer_norm(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f64) -> Vec<(f64, f64)> {
    let width = weight.len();
    let exact = |x: &f32| f64::from(*x);
    let of_row = |input: &[f32]| {
        let mean = input.iter().map(exact).sum::<f64>() / width as f64;
        let variance = input.iter().map(|x| (exact(x) - mean).powi(2)).sum::<f64>() / width as f64;
        let deviation = (variance + epsilon).sqrt();
        // A mean of 100 leaves 1e-5 of each number, which a small variance multiplies.
        let bound = 1e-5 * (1.0 + 10.0 * mean.abs() / deviation);
        let normed = |i: usize| (exact(&input[i]) - mean) / deviation * exact(&weight[i]) + exact(&bias[i]);
        (0..width).map(|i| (normed(i), bound)).collect::<Vec<_>>()
    };
    input.chunks(width).flat_map(of_row).collect()
}

/// Softmax attention of sequences one after the other: qkv
/// `[batch · sequence, 3 · heads · head_width]` → `[batch · sequence, heads · head_width]`.
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
