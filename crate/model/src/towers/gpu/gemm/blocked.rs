//! The tile of a workgroup, whose operands are loaded into workgroup memory.

use std::fmt::Write as _;

use super::{epilogue, round, store::Store};
use crate::towers::gpu::kernel::LANES;

/// Rows per workgroup.
pub(super) const ROWS: usize = 32;
/// Columns per workgroup.
pub(super) const COLUMNS: usize = 64;
/// Invocations along each axis.
const SIDE: usize = 8;
/// Rows and columns per invocation.
const TILE: [usize; 2] = [ROWS / SIDE, COLUMNS / SIDE];
/// Steps that are loaded at a time.
const STEPS: usize = 4;
/// Blocks of bytes in those steps.
const BLOCKS: usize = STEPS / 2;

/// The kernel. In workgroup memory the rows of a step are contiguous, and so are the columns that
/// the invocations of a row read simultaneously: column `group · 32 + x · 4 + c` is stored at
/// `(group · 4 + c) · 8 + x`.
pub(super) fn body(store: Store) -> String {
    let [rows, columns] = TILE;
    let step = store.step();
    let mut text = format!(
        "const ROWS = {ROWS}u; const COLUMNS = {COLUMNS}u; const SIDE = {SIDE}u; const STEPS = {STEPS}u;\n\
         const BLOCKS = {BLOCKS}u;\n\
         var<workgroup> left: array<{step}, ROWS * STEPS>;\n\
         var<workgroup> right: array<{step}, COLUMNS * STEPS>;\n"
    );
    if store == Store::Bytes {
        text += "var<workgroup> factors: array<f32, COLUMNS * BLOCKS>;\n";
    }
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
    let _ = write!(
        text,
        "
    for (var first = 0u; first < steps; first += STEPS) {{
        for (var i = lane; i < ROWS * STEPS; i += SIDE * SIDE) {{
            let row = i / STEPS; let step = i % STEPS;
            var values = {step}();
            if (first + step < steps) {{ values = input[min(group.x * ROWS + row, rows - 1u) * steps + first + step]; }}
            left[step * ROWS + row] = values;
        }}
        for (var i = lane; i < COLUMNS * STEPS; i += SIDE * SIDE) {{
            let column = i / STEPS; let step = i % STEPS;
            var values = {step}();
            if (first + step < steps) {{
                let nearest = min(group.y * COLUMNS + column, outputs - 1u);
                values = weights(nearest * steps + first + step);
"
    );
    text += store.scaling();
    text += "
            }
            right[step * COLUMNS + (column / 32u * 4u + column % 4u) * SIDE + column / 4u % SIDE] = values;
        }
";
    if store == Store::Bytes {
        text += "
        for (var i = lane; i < COLUMNS * BLOCKS; i += SIDE * SIDE) {
            let column = i / BLOCKS; let block = first / 2u + i % BLOCKS;
            var factor = 0f;
            if (block < steps / 2u) {
                factor = scales[min(group.y * COLUMNS + column, outputs - 1u) * (steps / 2u) + block];
            }
            factors[i % BLOCKS * COLUMNS + (column / 32u * 4u + column % 4u) * SIDE + column / 4u % SIDE] = factor;
        }
";
    }
    text += "workgroupBarrier();\n";
    if store == Store::Bytes {
        multiply_bytes(&mut text);
    } else {
        multiply_floats(&mut text);
    }
    text += "
        workgroupBarrier();
    }
";
    if store == Store::Bytes {
        let row = |r| format!("group.x * ROWS + y * {rows}u + {r}u");
        let column = |c| {
            let (group, c) = (c / LANES, c % LANES);
            format!("min(group.y * COLUMNS + ({group}u * SIDE + x) * 4u + {c}u, outputs - 1u)")
        };
        round::undo(&mut text, TILE, row, column);
    }
    epilogue::finish(&mut text, TILE, |r, group| {
        [
            format!("group.x * ROWS + y * {rows}u + {r}u"),
            format!("group.y * (COLUMNS / 4u) + {group}u * SIDE + x"),
        ]
    });
    text + "}\n"
}

/// Appends the products of the loaded steps of floating-point numbers.
fn multiply_floats(text: &mut String) {
    let [rows, columns] = TILE;
    *text += "for (var step = 0u; step < STEPS; step++) {\n";
    for r in 0..rows {
        let _ = writeln!(text, "let a{r} = left[step * ROWS + y * {rows}u + {r}u];");
    }
    for c in 0..columns {
        let _ = writeln!(text, "let b{c} = right[step * COLUMNS + {c}u * SIDE + x];");
        for r in 0..rows {
            let _ = writeln!(text, "s{r}_{c} += product(a{r}, b{c});");
        }
    }
    *text += "}\n";
}

/// Appends the products of the loaded blocks of bytes, of two steps each.
fn multiply_bytes(text: &mut String) {
    let [rows, columns] = TILE;
    *text += "for (var block = 0u; block < BLOCKS; block++) {\nlet step = 2u * block;\n";
    for (r, half) in (0..rows).flat_map(|r| [(r, 0), (r, 1)]) {
        let _ = writeln!(text, "let a{r}_{half} = left[(step + {half}u) * ROWS + y * {rows}u + {r}u];");
    }
    for c in 0..columns {
        for half in 0..2 {
            let at = format!("(step + {half}u) * COLUMNS + {c}u * SIDE + x");
            let _ = writeln!(text, "let b{c}_{half} = right[{at}];");
        }
        let _ = writeln!(text, "let factor{c} = factors[block * COLUMNS + {c}u * SIDE + x];");
        for r in 0..rows {
            let sum = format!("product(a{r}_0, b{c}_0) + product(a{r}_1, b{c}_1)");
            let _ = writeln!(text, "s{r}_{c} = fma(factor{c}, f32({sum}), s{r}_{c});");
        }
    }
    *text += "}\n";
}
