//! Layer normalisation, one row per workgroup.

use burn_cubecl::cubecl::{client::Client, server::Handle};

use super::{
    kernel::{self, Buffers, Kernel},
    row,
    wgsl::Buffer,
};

/// Normalises each row: `output = (input − mean) / √(variance + epsilon) · weight + bias`
///
/// # Shapes
///
/// - input, output: `[rows, width]`
/// - weight, bias: `[width]`
pub(super) fn layer_norm(
    client: &Client,
    input: &Buffer,
    [weight, bias]: [&Handle; 2],
    epsilon: f32,
    output: &Buffer,
) {
    let info = [input.columns as u32, epsilon.to_bits(), input.rows as u32];
    let buffers = [&input.handle, weight, bias, &output.handle];
    kernel::launch(Norm, client, &buffers, &info, row::workgroups(input.rows));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Norm;

impl Kernel for Norm {
    fn buffers(self) -> Buffers {
        &[("input", "f32"), ("weight", "f32"), ("bias", "f32"), ("output", "f32")]
    }

    fn body(self) -> String {
        row::kernel(SHARED, BODY)
    }
}

const SHARED: &str = "
var<workgroup> sums: array<f32, WIDE>;
var<workgroup> squares: array<f32, WIDE>;
";

/// Computes the variance in a second pass, because E[x²] − mean² cancels when the mean is large.
const BODY: &str = "
    let width = info[0];
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
";
