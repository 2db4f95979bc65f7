//! The gradient of attention. The attention weights are recomputed, since storing them would take
//! more memory than all other activations together.

use super::super::{
    attention::{Attention, multiply},
    disjoint::Disjoint,
    math, norm,
    parallel::for_each_with_scratch,
    vectorize::vectorized,
};

/// Computes the gradient of query, key and value.
///
/// # Shapes
///
/// - qkv, output: `[batch · sequence, 3 · width]`
/// - gradient: `[batch · sequence, width]`
pub(super) fn backward(task: &Attention, qkv: &[f32], gradient: &[f32], output: &mut [f32]) {
    let rows = task.batch * task.sequence;
    assert_eq!(qkv.len(), rows * 3 * task.width);
    assert_eq!(output.len(), qkv.len());
    assert_eq!(gradient.len(), rows * task.width);
    let output = Disjoint::new(output);
    for_each_with_scratch(task.batch * task.heads, |scratch, index| {
        head(task, qkv, gradient, &output, [index / task.heads, index % task.heads], scratch);
    });
}

/// One head of one sequence.
///
/// With attention weights P and output gradient G: dV = Pᵀ·G, dP = G·Vᵀ, dS = P ∘ (dP − Σ(P ∘ dP)),
/// dQ = dS·K and dK = dSᵀ·Q, where dQ and dK are scaled like the scores.
#[allow(unsafe_code, reason = "`gemm` takes pointers")]
fn head(
    task: &Attention,
    qkv: &[f32],
    gradient: &[f32],
    output: &Disjoint<'_>,
    [sample, head]: [usize; 2],
    scratch: &mut Vec<f32>,
) {
    let (sequence, width) = (task.sequence, task.width);
    let head_width = width / task.heads;
    let stride = 3 * width;
    let start = sample * sequence * stride + head * head_width;
    let (query, key, value) = (&qkv[start..], &qkv[start + width..], &qkv[start + 2 * width..]);
    let gradient = &gradient[sample * sequence * width + head * head_width..];
    scratch.resize(2 * sequence * sequence, 0.0);
    let (weights, changes) = scratch.split_at_mut(sequence * sequence);
    let scale = 1.0 / (head_width as f32).sqrt();
    let square = (sequence, sequence, head_width);
    let tall = (sequence, head_width, sequence);
    // SAFETY: rows of query, key and value are `stride` apart and rows of the gradient `width`. All
    // are `head_width` wide, within slices whose lengths `backward` asserts. Weights and changes
    // are `sequence` × `sequence`. The three destinations are this head's columns in this sample's
    // rows, which no other task accesses.
    unsafe {
        let row_major = |matrix: &[f32]| (matrix.as_ptr(), 1, sequence);
        let transposed = |matrix: &[f32]| (matrix.as_ptr(), sequence, 1);
        multiply(
            square,
            (weights.as_mut_ptr(), sequence),
            (query.as_ptr(), 1, stride),
            (key.as_ptr(), stride, 1),
        );
        for (position, row) in weights.chunks_exact_mut(sequence).enumerate() {
            if task.causal {
                row[position + 1..].fill(f32::NEG_INFINITY);
            }
            math::softmax(row, scale);
        }
        let destination = output.pointer(start);
        multiply(
            tall,
            (destination.add(2 * width), stride),
            transposed(weights),
            (gradient.as_ptr(), 1, width),
        );
        multiply(
            square,
            (changes.as_mut_ptr(), sequence),
            (gradient.as_ptr(), 1, width),
            (value.as_ptr(), stride, 1),
        );
        vectorized(
            #[inline(always)]
            || {
                for (weights, changes) in
                    weights.chunks_exact(sequence).zip(changes.chunks_exact_mut(sequence))
                {
                    let along = norm::dot(weights, changes);
                    for (change, weight) in changes.iter_mut().zip(weights) {
                        *change = weight * (*change - along) * scale;
                    }
                }
            },
        );
        multiply(tall, (destination, stride), row_major(changes), (key.as_ptr(), 1, stride));
        multiply(tall, (destination.add(width), stride), transposed(changes), (query.as_ptr(), 1, stride));
    }
}
