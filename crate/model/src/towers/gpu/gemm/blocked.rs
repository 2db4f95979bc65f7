//! The tile of a workgroup, whose operands are loaded into workgroup memory.
//!
//! With q8 weights, it can also multiply and add in f16, in which many GPUs do two operations at a
//! time. Sums of 16 products are f16; their sums are f32.

use std::fmt::Write as _;

use super::{epilogue, half, round, store::Store};
use crate::towers::gpu::kernel::LANES;

/// Rows per workgroup.
pub(super) const ROWS: usize = 32;
/// Columns per workgroup.
pub(super) const COLUMNS: usize = 64;
/// Invocations along each axis.
const SIDE: usize = 8;
/// Rows and columns per invocation.
const TILE: [usize; 2] = [ROWS / SIDE, COLUMNS / SIDE];
/// Weights in f16 are integers divided by this number. A sum of 16 products with the largest inputs
/// then fits in f16, and every weight is a normal number, which GPUs do not flush to zero.
const WEIGHTS: usize = 2048;

/// What a kernel multiplies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    Floats,
    Halves,
    Bytes,
}

impl Operands {
    /// Steps that are loaded at a time.
    const fn steps(self) -> usize {
        match self {
            Self::Floats | Self::Bytes => 4,
            Self::Halves => 8,
        }
    }

    /// Scales of a column that are loaded for those steps.
    fn blocks(self) -> usize {
        match self {
            Self::Floats => 0,
            Self::Halves => 1,
            Self::Bytes => 2,
        }
    }

    /// What is stored of a step `values` of the input.
    fn input(self) -> &'static str {
        match self {
            Self::Floats | Self::Bytes => "values",
            Self::Halves => "rounded(values)",
        }
    }

    /// What is stored of a step `values` of the weights.
    fn weights(self) -> String {
        match self {
            Self::Floats | Self::Bytes => "values".into(),
            // Fractions of 127 would not be exact.
            Self::Halves => format!("vec4<f16>(round(127f * values) / {WEIGHTS}f)"),
        }
    }
}

/// Whether blocks of weights of this many steps can be multiplied in f16.
pub(super) fn takes_halves(block: usize) -> bool {
    block > 0 && block.is_multiple_of(Operands::Halves.steps())
}

/// The kernel for a store, which multiplies in f32, or bytes.
pub(super) fn body(store: Store) -> String {
    kernel(store, if store == Store::Bytes { Operands::Bytes } else { Operands::Floats })
}

/// The kernel for q8 weights, which multiplies in f16.
pub(super) fn body_of_halves() -> String {
    [half::ROUNDED, &kernel(Store::Q8, Operands::Halves)].concat()
}

/// The kernel. In workgroup memory the rows of a step are contiguous, and so are the columns that
/// the invocations of a row read simultaneously: column `group · 32 + x · 4 + c` is stored at
/// `(group · 4 + c) · 8 + x`.
fn kernel(store: Store, operands: Operands) -> String {
    let [rows, columns] = TILE;
    let (loaded, steps, blocks) = (store.step(), operands.steps(), operands.blocks());
    let step = if operands == Operands::Halves { "vec4<f16>" } else { loaded };
    let mut text = format!(
        "const ROWS = {ROWS}u; const COLUMNS = {COLUMNS}u; const SIDE = {SIDE}u; const STEPS = {steps}u;\n\
         var<workgroup> left: array<{step}, ROWS * STEPS>;\n\
         var<workgroup> right: array<{step}, COLUMNS * STEPS>;\n"
    );
    if blocks > 0 {
        text +=
            &format!("const BLOCKS = {blocks}u;\nvar<workgroup> factors: array<f32, COLUMNS * BLOCKS>;\n");
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
            var values = {loaded}();
            if (first + step < steps) {{ values = input[min(group.x * ROWS + row, rows - 1u) * steps + first + step]; }}
            left[step * ROWS + row] = {};
        }}
        for (var i = lane; i < COLUMNS * STEPS; i += SIDE * SIDE) {{
            let column = i / STEPS; let step = i % STEPS;
            var values = {loaded}();
            if (first + step < steps) {{
                let nearest = min(group.y * COLUMNS + column, outputs - 1u);
                values = weights(nearest * steps + first + step);
",
        operands.input()
    );
    if operands == Operands::Floats {
        text += store.scaling();
    }
    let _ = write!(
        text,
        "
            }}
            right[step * COLUMNS + (column / 32u * 4u + column % 4u) * SIDE + column / 4u % SIDE] = {};
        }}
",
        operands.weights()
    );
    if blocks > 0 {
        text += "
        let length = info[3];
        let all = (steps + length - 1u) / length;
        for (var i = lane; i < COLUMNS * BLOCKS; i += SIDE * SIDE) {
            let column = i / BLOCKS; let block = first / length + i % BLOCKS;
            var factor = 0f;
            if (block < all) {
                factor = scales[min(group.y * COLUMNS + column, outputs - 1u) * all + block];
            }
            factors[i % BLOCKS * COLUMNS + (column / 32u * 4u + column % 4u) * SIDE + column / 4u % SIDE] = factor;
        }
";
    }
    text += "workgroupBarrier();\n";
    match operands {
        Operands::Floats => multiply_floats(&mut text),
        Operands::Halves => multiply_halves(&mut text),
        Operands::Bytes => multiply_bytes(&mut text),
    }
    text += "
        workgroupBarrier();
    }
";
    if operands == Operands::Bytes {
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

/// Appends the products of the loaded block in f16: two sums for each row and column.
fn multiply_halves(text: &mut String) {
    let [rows, columns] = TILE;
    let sums = || (0..rows).flat_map(move |r| (0..columns).map(move |c| (r, c)));
    for (r, c) in sums() {
        let _ = writeln!(text, "var t{r}_{c} = vec2<f16>();");
    }
    *text += "for (var step = 0u; step < STEPS; step++) {\n";
    for r in 0..rows {
        let _ = writeln!(text, "let a{r} = left[step * ROWS + y * {rows}u + {r}u];");
    }
    for c in 0..columns {
        let _ = writeln!(text, "let b{c} = right[step * COLUMNS + {c}u * SIDE + x];");
        for r in 0..rows {
            let first = format!("fma(a{r}.xy, b{c}.xy, t{r}_{c})");
            let _ = writeln!(text, "t{r}_{c} = fma(a{r}.zw, b{c}.zw, {first});");
        }
    }
    *text += "}\n";
    for c in 0..columns {
        // The scales are for fractions of 127.
        let _ = writeln!(text, "let factor{c} = factors[{c}u * SIDE + x] * ({WEIGHTS}f / 127f);");
        for r in 0..rows {
            let sum = format!("f32(t{r}_{c}.x) + f32(t{r}_{c}.y)");
            let _ = writeln!(text, "s{r}_{c} = fma(factor{c}, {sum}, s{r}_{c});");
        }
    }
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
