//! The epilogue of a product: residual, bias and activation.

use std::fmt::Write as _;

use crate::towers::gpu::kernel::LANES;

/// Defines `finish(row, column, sums)`, which finishes and stores the sums of four neighbouring
/// columns; `column` counts groups of four. `Gemm::run` fills `info`.
pub(super) const FINISH: &str = "
fn finish(row: u32, column: u32, sums: vec4f) {
    let outputs = info[1] / 4u; let period = info[5];
    if (row >= info[0] || column >= outputs) { return; }
    var x = sums;
    if (info[4] != 0u) { x += bias[column]; }
    if (period != 0u) { x += residual[(row % period) * outputs + column]; }
    if (info[6] == 1u) { x = 0.5 * x * (1f + erf(x * 0.70710678)); }
    if (info[6] == 2u) { x = x / (1f + exp(-1.702 * x)); }
    output[row * outputs + column] = x;
}
";

/// Appends a call of `finish` for each group of four columns of each row. The sums are the
/// variables `s{row}_{column}`; `place(row, group)` is the row and the group of columns in the
/// output.
pub(super) fn finish(
    text: &mut String,
    [rows, columns]: [usize; 2],
    place: impl Fn(usize, usize) -> [String; 2],
) {
    for (r, group) in (0..rows).flat_map(|r| (0..columns / LANES).map(move |group| (r, group))) {
        let sums: Vec<String> = (0..LANES).map(|c| format!("s{r}_{}", group * LANES + c)).collect();
        let [row, column] = place(r, group);
        let _ = writeln!(text, "finish({row}, {column}, vec4f({}));", sums.join(", "));
    }
}
