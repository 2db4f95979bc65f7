//! Linear layers and their gradients, each one parallel call of `gemm`.

use super::super::parallel::for_each_chunk;

/// Rows per partial sum.
const ROWS: usize = 256;

/// `output[rows, out] = input[rows, in] · weight[out, in]ᵀ + bias[out]`
pub(super) fn forward(
    [rows, inputs, outputs]: [usize; 3],
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    if let Some(bias) = bias {
        for_each_chunk(output, ROWS * outputs, |_, rows| {
            rows.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(bias));
        });
    }
    multiply([rows, outputs, inputs], output, bias.is_some(), (input, [inputs, 1]), (weight, [1, inputs]));
}

/// `output[rows, in] = gradient[rows, out] · weight[out, in]`
pub(super) fn input_gradient(
    [rows, inputs, outputs]: [usize; 3],
    gradient: &[f32],
    weight: &[f32],
    output: &mut [f32],
) {
    multiply([rows, inputs, outputs], output, false, (gradient, [outputs, 1]), (weight, [inputs, 1]));
}

/// `output[out, in] = gradient[rows, out]ᵀ · input[rows, in]`
pub(super) fn weight_gradient(
    [rows, inputs, outputs]: [usize; 3],
    gradient: &[f32],
    input: &[f32],
    output: &mut [f32],
) {
    multiply([outputs, inputs, rows], output, false, (gradient, [1, outputs]), (input, [inputs, 1]));
}

/// Sums each column: `[rows, columns]` → `[columns]`
pub(super) fn column_sums(values: &[f32], columns: usize) -> Vec<f32> {
    let pieces = values.len().div_ceil(ROWS * columns);
    let mut sums = vec![0.0; pieces * columns];
    for_each_chunk(&mut sums, columns, |piece, sums| {
        let end = values.len().min((piece + 1) * ROWS * columns);
        for row in values[piece * ROWS * columns..end].chunks_exact(columns) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    });
    add_up(&sums, columns)
}

/// Adds partial sums in order: `[pieces, columns]` → `[columns]`
pub(super) fn add_up(pieces: &[f32], columns: usize) -> Vec<f32> {
    let mut total = vec![0.0; columns];
    for piece in pieces.chunks_exact(columns) {
        total.iter_mut().zip(piece).for_each(|(total, x)| *total += x);
    }
    total
}

/// A matrix: its values and the strides of rows and columns.
type Strided<'a> = (&'a [f32], [usize; 2]);

/// `output[m, n] = left[m, k] · right[k, n]`, added to the output if `accumulate`.
#[allow(unsafe_code, reason = "`gemm` takes pointers")]
fn multiply(
    [m, n, k]: [usize; 3],
    output: &mut [f32],
    accumulate: bool,
    left: Strided<'_>,
    right: Strided<'_>,
) {
    // The index of the last element.
    let last = |[rows, columns]: [usize; 2], [row, column]: [usize; 2]| {
        (rows.max(1) - 1) * row + (columns.max(1) - 1) * column
    };
    assert_eq!(output.len(), m * n);
    assert!(m * k == 0 || last([m, k], left.1) < left.0.len());
    assert!(k * n == 0 || last([k, n], right.1) < right.0.len());
    // SAFETY: the assertions above keep all accesses within the slices, and the output is borrowed
    // mutably.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            output.as_mut_ptr(),
            1,
            n as isize,
            accumulate,
            left.0.as_ptr(),
            left.1[1] as isize,
            left.1[0] as isize,
            right.0.as_ptr(),
            right.1[1] as isize,
            right.1[0] as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            PARALLELISM,
        );
    }
}

#[cfg(feature = "parallel")]
const PARALLELISM: gemm::Parallelism = gemm::Parallelism::Rayon(0);
#[cfg(not(feature = "parallel"))]
const PARALLELISM: gemm::Parallelism = gemm::Parallelism::None;
