//! Layer normalisation: a workgroup takes a row, and its invocations share it out.

use burn_cubecl::tensor::CubeTensor;

use super::kernel::{Buffers, Kernel};

/// `output[rows, width] = (input − mean) / √(variance + epsilon) · weight + bias`
pub(super) fn layer_norm(
    input: &CubeTensor,
    weight: &CubeTensor,
    bias: &CubeTensor,
    epsilon: f32,
    [rows, width]: [usize; 2],
    output: &CubeTensor,
) {
    let across = rows.min(ROWS_ACROSS);
    let info = [width as u32, epsilon.to_bits(), rows as u32];
    let workgroups = [across, rows.div_ceil(across.max(1)), 1];
    Kernel::Norm.launch(&[input, weight, bias, output], &info, workgroups);
}

/// Most workgroups along one axis that every adapter takes: rows go on in the next.
pub(super) const ROWS_ACROSS: usize = 32_768;

pub(super) const BUFFERS: Buffers =
    &[("input", "f32"), ("weight", "f32"), ("bias", "f32"), ("output", "f32")];

/// The variance is taken around the mean, in a second pass: the sum of squares alone loses what a large mean hides.
pub(super) const BODY: &str = "
const WIDE = 32u;
var<workgroup> sums: array<f32, WIDE>;
var<workgroup> squares: array<f32, WIDE>;
@compute @workgroup_size(WIDE)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {
    let width = info[0];
    let row = group.y * groups.x + group.x;
    let start = min(row, info[2] - 1u) * width;
    var sum = 0f;
    for (var i = lane; i < width; i += WIDE) { sum += input[start + i]; }
    sums[lane] = sum;
    workgroupBarrier();
    var mean = 0f;
    for (var i = 0u; i < WIDE; i++) { mean += sums[i]; }
    mean /= f32(width);
    var square = 0f;
    for (var i = lane; i < width; i += WIDE) {
        let away = input[start + i] - mean;
        square = fma(away, away, square);
    }
    squares[lane] = square;
    workgroupBarrier();
    var variance = 0f;
    for (var i = 0u; i < WIDE; i++) { variance += squares[i]; }
    let inverse = inverseSqrt(variance / f32(width) + bitcast<f32>(info[1]));
    if (row < info[2]) {
        for (var i = lane; i < width; i += WIDE) {
            output[start + i] = fma((input[start + i] - mean) * inverse, weight[i], bias[i]);
        }
    }
}
";
