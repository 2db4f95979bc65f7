//! The tile of a workgroup, whose operands are loaded into workgroup memory.

use std::fmt::Write as _;

use super::{epilogue, store::Store};

/// Rows per workgroup.
pub(super) const ROWS: usize = 32;
/// Columns per workgroup.
pub(super) const COLUMNS: usize = 64;
/// Invocations along each axis.
const SIDE: usize = 8;
/// Rows and columns per invocation.
const TILE: [usize; 2] = [ROWS / SIDE, COLUMNS / SIDE];
/// Steps of four values that are loaded at a time.
const STEPS: usize = 4;

/// The kernel. In workgroup memory the rows of a step are contiguous, and so are the columns that
/// the invocations of a row read simultaneously: column `group · 32 + x · 4 + c` is stored at
/// `(group · 4 + c) · 8 + x`.
pub(super) fn body(store: Store) -> String {
    let [rows, columns] = TILE;
    let mut text = format!(
        "const ROWS = {ROWS}u; const COLUMNS = {COLUMNS}u; const SIDE = {SIDE}u; const STEPS = {STEPS}u;\n\
         var<workgroup> left: array<vec4f, ROWS * STEPS>;\n\
         var<workgroup> right: array<vec4f, COLUMNS * STEPS>;\n"
    );
    text += "
@compute @workgroup_size(SIDE * SIDE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let rows = info[0]; let outputs = info[1]; let steps = info[2];
    let x = lane % SIDE; let y = lane / SIDE;
";
    let sums = || (0..rows).flat_map(move |r| (0..columns).map(move |c| (r, c)));
    for (r, c) in sums() {
        let _ = writeln!(text, "var s{r}_{c} = 0f;");
    }
    text += "
    for (var first = 0u; first < steps; first += STEPS) {
        for (var i = lane; i < ROWS * STEPS; i += SIDE * SIDE) {
            let row = i / STEPS; let step = i % STEPS;
            var four = vec4f();
            if (first + step < steps) { four = input[min(group.x * ROWS + row, rows - 1u) * steps + first + step]; }
            left[step * ROWS + row] = four;
        }
        for (var i = lane; i < COLUMNS * STEPS; i += SIDE * SIDE) {
            let column = i / STEPS; let step = i % STEPS;
            var four = vec4f();
            if (first + step < steps) {
                let nearest = min(group.y * COLUMNS + column, outputs - 1u);
                four = weights(nearest * steps + first + step);
";
    if store == Store::Q8 {
        text += "
                let length = info[3];
                four *= scales[nearest * ((steps + length - 1u) / length) + (first + step) / length] * 127f;
";
    }
    text += "
            }
            right[step * COLUMNS + (column / 32u * 4u + column % 4u) * SIDE + column / 4u % SIDE] = four;
        }
        workgroupBarrier();
        for (var step = 0u; step < STEPS; step++) {
";
    for r in 0..rows {
        let _ = writeln!(text, "let a{r} = left[step * ROWS + y * {rows}u + {r}u];");
    }
    for c in 0..columns {
        let _ = writeln!(text, "let b{c} = right[step * COLUMNS + {c}u * SIDE + x];");
        for r in 0..rows {
            let _ = writeln!(text, "s{r}_{c} += dot(a{r}, b{c});");
        }
    }
    text += "
        }
        workgroupBarrier();
    }
";
    epilogue::finish(&mut text, TILE, |r, group| {
        [
            format!("group.x * ROWS + y * {rows}u + {r}u"),
            format!("group.y * (COLUMNS / 4u) + {group}u * SIDE + x"),
        ]
    });
    text + "}\n"
}
