//! Rounds the rows of an input to bytes, for `q8-fast`.
//!
//! As on the CPU (`cpu/integer/round.rs`), the bytes of a row cover its range with zero in it:
//! `x ≈ scale · (byte − zero)`. WGSL multiplies bytes of equal signs only and weights are signed,
//! so 128 is subtracted from each byte and from the zero.

use std::fmt::Write as _;

use burn_cubecl::cubecl::server::Handle;

use crate::towers::gpu::{
    kernel::{self, Buffers, Kernel, LANES},
    row,
    wgsl::{Buffer, Wgsl},
};

/// Inputs per block of weights with a common scale. Rows are padded to whole blocks.
pub(in crate::towers::gpu) const BLOCK: usize = 32;
/// 32-bit words per block.
const WORDS: usize = BLOCK / LANES;
/// Words of a row's scale and zero, which are padded so that a kernel can read them as a step.
const ROW: usize = 4;

/// Rounds the rows of an input `[rows, inputs]`.
///
/// The result holds the bytes of all rows, `[rows, ceil(inputs / 32) · 32]`, and then for each row
/// its scale, its zero and two unused words.
pub(in crate::towers::gpu) fn round(wgsl: &Wgsl, input: &Buffer) -> Handle {
    let padded = input.columns.div_ceil(BLOCK) * WORDS;
    let output = wgsl.client.empty(input.rows * (padded + ROW) * size_of::<u32>());
    let info = [input.columns / LANES, padded, input.rows].map(|x| x as u32);
    let workgroups = row::workgroups(input.rows);
    kernel::launch(Round, &wgsl.client, &[&input.handle, &output], &info, workgroups);
    output
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Round;

impl Kernel for Round {
    fn buffers(self) -> Buffers {
        &[("input", "vec4f"), ("output", "u32")]
    }

    fn body(self) -> String {
        row::kernel(SHARED, BODY)
    }
}

const SHARED: &str = "
var<workgroup> ranges: array<vec2f, WIDE>;
";

/// One of the 255 levels is unused, since zero and the largest value may both be rounded up. A
/// scale that is not a normal number has no finite reciprocal; all values are then rounded to zero.
const BODY: &str = "
    let words = info[0]; let padded = info[1]; let rows = info[2];
    let start = min(row, rows - 1u) * words;
    var least = vec4f();
    var most = vec4f();
    for (var i = lane; i < words; i += WIDE) {
        let x = input[start + i];
        least = min(least, x);
        most = max(most, x);
    }
    ranges[lane] = vec2f(min(min(least.x, least.y), min(least.z, least.w)), max(max(most.x, most.y), max(most.z, most.w)));
    workgroupBarrier();
    var range = vec2f();
    for (var i = 0u; i < WIDE; i++) {
        range = vec2f(min(range.x, ranges[i].x), max(range.y, ranges[i].y));
    }
    let scale = (range.y - range.x) / 254f;
    var inverse = 0f;
    if (scale > 1.2e-38f) { inverse = 1f / scale; }
    let zero = round(-range.x * inverse);
    if (row < rows) {
        for (var i = lane; i < padded; i += WIDE) {
            var x = vec4f();
            if (i < words) { x = input[start + i]; }
            let bytes = vec4u(round(x * inverse) + zero);
            output[row * padded + i] = (bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u)) ^ 0x80808080u;
        }
        if (lane == 0u) {
            let at = rows * padded + row * 4u;
            output[at] = bitcast<u32>(scale);
            output[at + 1u] = bitcast<u32>(zero - 128f);
        }
    }
";

/// Appends the conversion of the sums `s{row}_{column}` of a tile to products of the values that
/// the bytes stand for. `row` and `column` are the indices of a row and of a column.
///
/// The sum of each column's weights follows the scales.
pub(super) fn undo(
    text: &mut String,
    [rows, columns]: [usize; 2],
    row: impl Fn(usize) -> String,
    column: impl Fn(usize) -> String,
) {
    for c in 0..columns {
        let _ = writeln!(text, "let sum{c} = scales[outputs * (steps / 2u) + {}];", column(c));
    }
    for r in 0..rows {
        let at = format!("rows * steps + min({}, rows - 1u)", row(r));
        let _ = writeln!(text, "let q{r} = bitcast<vec4f>(input[{at}]);");
        for c in 0..columns {
            let _ = writeln!(text, "s{r}_{c} = q{r}.x * fma(-q{r}.y, sum{c}, s{r}_{c});");
        }
    }
}
