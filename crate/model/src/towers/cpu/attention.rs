//! Softmax attention straight from the fused query, key and value rows: no head is ever copied out.

#![allow(
    unsafe_code,
    reason = "`gemm` takes pointers, and threads write disjoint parts of one output through a pointer"
)]

use super::math;
use crate::towers::kernels::Heads;

/// Multi-head self-attention over `batch` sequences.
pub(super) struct Attention {
    /// Sequences.
    pub(super) batch: usize,
    /// Positions of a sequence.
    pub(super) sequence: usize,
    /// Heads.
    pub(super) heads: usize,
    /// Width of all heads together.
    pub(super) width: usize,
    /// Whether a position sees only itself and those before it.
    pub(super) causal: bool,
}

impl Attention {
    /// Attention over `rows` rows; `width` is that of all heads together.
    pub(super) fn new(rows: usize, width: usize, heads: Heads) -> Self {
        let Heads { sequence, count, causal } = heads;
        Self { batch: rows / sequence, sequence, heads: count, width, causal }
    }

    /// qkv `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
    pub(super) fn run(&self, qkv: &[f32], output: &mut [f32]) {
        let rows = self.batch * self.sequence;
        assert_eq!(qkv.len(), rows * 3 * self.width);
        assert_eq!(output.len(), rows * self.width);
        let output = Shared(output.as_mut_ptr());
        super::for_each(self.batch * self.heads, |scores, task| {
            self.head(qkv, &output, task / self.heads, task % self.heads, scores);
        });
    }

    /// One head of one sequence.
    fn head(&self, qkv: &[f32], output: &Shared, sample: usize, head: usize, scores: &mut Vec<f32>) {
        let (sequence, width) = (self.sequence, self.width);
        let head_width = width / self.heads;
        let stride = 3 * width;
        let query = &qkv[sample * sequence * stride + head * head_width..];
        let (key, value) = (&query[width..], &query[2 * width..]);
        scores.resize(sequence * sequence, 0.0);
        // SAFETY: every row of query, key and value starts `stride` after the last and has
        // `head_width` numbers within `qkv`, whose length `run` asserts; the scores are `sequence`
        // × `sequence`.
        unsafe {
            multiply(
                (sequence, sequence, head_width),
                (scores.as_mut_ptr(), sequence),
                (query.as_ptr(), 1, stride),
                (key.as_ptr(), stride, 1),
            );
        }
        let scale = 1.0 / (head_width as f32).sqrt();
        for (position, row) in scores.chunks_exact_mut(sequence).enumerate() {
            if self.causal {
                row[position + 1..].fill(f32::NEG_INFINITY);
            }
            math::softmax(row, scale);
        }
        let start = sample * sequence * width + head * head_width;
        // SAFETY: as above; the destination is this head's columns of this sample's rows, which no
        // other task touches.
        unsafe {
            multiply(
                (sequence, head_width, sequence),
                (output.0.add(start), width),
                (scores.as_ptr(), 1, sequence),
                (value.as_ptr(), 1, stride),
            );
        }
    }
}

/// `destination[m, n] = left[m, k] · right[k, n]`; left and right as pointer, column stride, row
/// stride.
///
/// # Safety
///
/// All three lie within their allocations, and the destination is not shared.
pub(super) unsafe fn multiply(
    (m, n, k): (usize, usize, usize),
    (destination, row_stride): (*mut f32, usize),
    left: (*const f32, usize, usize),
    right: (*const f32, usize, usize),
) {
    // SAFETY: the caller's promise.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            destination,
            1,
            row_stride as isize,
            false,
            left.0,
            left.1 as isize,
            left.2 as isize,
            right.0,
            right.1 as isize,
            right.2 as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// The output, whose heads are shared out between threads.
pub(super) struct Shared(pub(super) *mut f32);

// SAFETY: every task writes its own head's columns of its own sample's rows.
unsafe impl Sync for Shared {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::definitions::{self, numbers};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn equals_the_definition(
            batch in 1usize..4,
            sequence in 1usize..40,
            heads in 1usize..5,
            head_width in 1usize..20,
            causal: bool,
            seed: u64,
        ) {
            let width = heads * head_width;
            let attention = Attention { batch, sequence, heads, width, causal };
            let qkv: Vec<f32> = numbers(batch * sequence * 3 * width, seed).iter().map(|x| 2.0 * x).collect();
            let mut output = vec![f32::NAN; batch * sequence * width];
            attention.run(&qkv, &mut output);
            let expected = definitions::attention(&qkv, sequence, heads, head_width, causal);
            prop_assert_eq!(output.len(), expected.len());
            for (found, expected) in output.iter().zip(expected) {
                prop_assert!((f64::from(*found) - expected).abs() <= 1e-5, "{found} {expected}");
            }
        }
    }
}
