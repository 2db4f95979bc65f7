//! Softmax attention that reads query, key and value in place, without copying heads.

use super::{
    disjoint::Disjoint,
    math,
    parallel::{first_values, for_each_with_scratch},
};
use crate::towers::steps::{Attending, Heads};

/// Multi-head self-attention over `batch` sequences.
pub(super) struct Attention {
    /// Number of sequences.
    pub(super) batch: usize,
    /// Rows per sequence.
    pub(super) sequence: usize,
    /// Number of heads.
    pub(super) heads: usize,
    /// Total width of all heads.
    pub(super) width: usize,
    /// Whether each position attends only to itself and earlier positions.
    pub(super) causal: bool,
}

impl Attention {
    /// Attention over `rows` rows; `width` is the total width of all heads.
    pub(super) fn new(rows: usize, width: usize, heads: Heads) -> Self {
        let Heads { sequence, count, causal } = heads;
        Self { batch: rows / sequence, sequence, heads: count, width, causal }
    }

    /// qkv `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
    pub(super) fn run(&self, qkv: &[f32], output: &mut [f32]) {
        let (sequence, width) = (self.sequence, self.width);
        assert_eq!(qkv.len(), self.batch * sequence * 3 * width);
        assert_eq!(output.len(), self.batch * sequence * width);
        assert!(width.is_multiple_of(self.heads));
        let output = Disjoint::new(output);
        for_each_with_scratch(self.batch * self.heads, |scores, task| {
            let (sample, head) = (task / self.heads, task % self.heads);
            let query = &qkv[sample * sequence * 3 * width + head * (width / self.heads)..];
            let one = Head {
                query: Rows { values: query, stride: 3 * width, count: sequence },
                key: Rows { values: &query[width..], stride: 3 * width, count: sequence },
                value: Rows { values: &query[2 * width..], stride: 3 * width, count: sequence },
                width: width / self.heads,
                causal: self.causal,
            };
            one.run(&output, sample * sequence * width + head * one.width, width, scores);
        });
    }
}

/// Attention of sequences of queries over other sequences: query `[over · queries, width]`, memory
/// `[sequences · keys, 2 · width]` → output `[over · queries, width]`
pub(super) fn attend(shape: &Attending, query: &[f32], memory: &[f32], output: &mut [f32]) {
    let Attending { queries, keys, count, over } = shape;
    let width = query.len() / (over.len() * queries).max(1);
    assert_eq!(query.len(), over.len() * queries * width);
    assert!(output.len() == query.len() && width.is_multiple_of(*count));
    let output = Disjoint::new(output);
    for_each_with_scratch(over.len() * count, |scores, task| {
        let (sample, head) = (task / count, task % count);
        let column = head * (width / count);
        let key = &memory[over[sample].sequence * keys * 2 * width + column..];
        let seen = over[sample].rows;
        let start = sample * queries * width + column;
        let one = Head {
            query: Rows { values: &query[start..], stride: width, count: *queries },
            key: Rows { values: key, stride: 2 * width, count: seen },
            value: Rows { values: &key[width..], stride: 2 * width, count: seen },
            width: width / count,
            causal: false,
        };
        one.run(&output, start, width, scores);
    });
}

/// Rows of a head within the rows of a matrix, which are `stride` apart.
struct Rows<'a> {
    values: &'a [f32],
    stride: usize,
    count: usize,
}

impl Rows<'_> {
    /// Whether all rows are `width` wide and within the values.
    fn have(&self, width: usize) -> bool {
        self.count > 0 && width <= self.stride && (self.count - 1) * self.stride + width <= self.values.len()
    }
}

/// One head of one sequence.
struct Head<'a> {
    query: Rows<'a>,
    key: Rows<'a>,
    value: Rows<'a>,
    width: usize,
    causal: bool,
}

impl Head<'_> {
    /// Writes `[queries, width]` to rows of the output that start at `start` and are `stride`
    /// apart. No other task accesses them.
    #[allow(unsafe_code, reason = "`gemm` takes pointers")]
    fn run(&self, output: &Disjoint<'_>, start: usize, stride: usize, scores: &mut Vec<f32>) {
        let (queries, keys, width) = (self.query.count, self.key.count, self.width);
        assert!([&self.query, &self.key, &self.value].iter().all(|rows| rows.have(width)));
        assert_eq!(keys, self.value.count);
        let scores = first_values(scores, queries * keys);
        // SAFETY: the rows of query and key are within their slices, as asserted. The scores are
        // `queries` × `keys`.
        unsafe {
            multiply(
                (queries, keys, width),
                (scores.as_mut_ptr(), keys),
                (self.query.values.as_ptr(), 1, self.query.stride),
                (self.key.values.as_ptr(), self.key.stride, 1),
            );
        }
        let scale = 1.0 / (width as f32).sqrt();
        for (position, row) in scores.chunks_exact_mut(keys).enumerate() {
            if self.causal {
                row[position + 1..].fill(f32::NEG_INFINITY);
            }
            math::softmax(row, scale);
        }
        // SAFETY: as above, for the value. The destination is this head's columns in this
        // sequence's rows, which the caller reserves for it.
        unsafe {
            multiply(
                (queries, width, keys),
                (output.pointer(start), stride),
                (scores.as_ptr(), 1, keys),
                (self.value.values.as_ptr(), 1, self.value.stride),
            );
        }
    }
}

/// `destination[m, n] = left[m, k] · right[k, n]`
///
/// The destination is a pointer and its row stride; left and right are a pointer, the column stride
/// and the row stride.
///
/// # Safety
///
/// All three matrices lie within their allocations, and nothing else accesses the destination.
#[allow(unsafe_code, reason = "`gemm` takes pointers")]
pub(super) unsafe fn multiply(
    (m, n, k): (usize, usize, usize),
    (destination, row_stride): (*mut f32, usize),
    left: (*const f32, usize, usize),
    right: (*const f32, usize, usize),
) {
    // SAFETY: guaranteed by the caller.
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

        #[test]
        fn attention_over_other_sequences_equals_the_definition(
            case in definitions::attending(20),
            seed: u64,
        ) {
            let (shape, query, memory) = case.build(seed);
            let mut output = vec![f32::NAN; query.len()];
            attend(&shape, &query, &memory, &mut output);
            let expected = definitions::attend(&shape, &query, &memory);
            prop_assert_eq!(output.len(), expected.len());
            for (found, expected) in output.iter().zip(expected) {
                prop_assert!((f64::from(*found) - expected).abs() <= 1e-5, "{found} {expected}");
            }
        }
    }
}
