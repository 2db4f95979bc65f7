//! The tile of an invocation, which reads its operands directly or shares rows with its subgroup.

use std::fmt::Write as _;

use super::{epilogue, round, store::Store};
use crate::towers::gpu::subgroup::Rows;

/// The kernel, with its tile unrolled, because compilers for such adapters keep only scalar
/// variables in registers.
pub(super) fn body(store: Store, tile: Rows, columns: usize, across: usize) -> String {
    let rows = tile.count;
    let mut text = format!(
        "@compute @workgroup_size({across})\n\
         fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u{}) {{\n\
         let rows = info[0]; let outputs = info[1]; let steps = info[2];\n\
         let row = group.x * {rows}u;\n\
         let column = (group.y * {across}u + local.x) * {columns}u;\n",
        tile.parameter()
    );
    let sums = || (0..rows).flat_map(move |r| (0..columns).map(move |c| (r, c)));
    tile.places(&mut text, |row| format!("min({row}, rows - 1u) * steps"));
    for c in 0..columns {
        let _ = writeln!(text, "let w{c} = min(column + {c}u, outputs - 1u);");
    }
    for (r, c) in sums() {
        let _ = writeln!(text, "var s{r}_{c} = 0f;");
    }
    match store {
        Store::F32 | Store::F16 => {
            text += "for (var k = 0u; k < steps; k++) {\n";
            step(&mut text, tile, columns, 's');
            text += "}\n";
        }
        // The scale of a block is read once for all its steps.
        Store::Q8 | Store::Bytes => {
            let zero = if store == Store::Bytes { "0i" } else { "0f" };
            text += "let length = info[3];\n\
                     let blocks = (steps + length - 1u) / length;\n\
                     for (var block = 0u; block < blocks; block++) {\n";
            for (r, c) in sums() {
                let _ = writeln!(text, "var t{r}_{c} = {zero};");
            }
            text += "let end = min((block + 1u) * length, steps);\n\
                     for (var k = block * length; k < end; k++) {\n";
            step(&mut text, tile, columns, 't');
            text += "}\n";
            for c in 0..columns {
                let _ = writeln!(text, "let scale{c} = scales[w{c} * blocks + block];");
            }
            for (r, c) in sums() {
                let _ = writeln!(text, "s{r}_{c} = fma(scale{c}, f32(t{r}_{c}), s{r}_{c});");
            }
            text += "}\n";
        }
    }
    if store == Store::Bytes {
        round::undo(&mut text, [rows, columns], |r| format!("row + {r}u"), |c| format!("w{c}"));
    }
    epilogue::finish(&mut text, [rows, columns], |r, group| {
        [format!("row + {r}u"), format!("column / 4u + {group}u")]
    });
    text + "}\n"
}

/// Appends one step: multiplies the step's values of each row with those of each column.
fn step(text: &mut String, tile: Rows, columns: usize, sum: char) {
    tile.read(text, |place| format!("input[{place} + k]"));
    for c in 0..columns {
        let _ = writeln!(text, "let b{c} = weights(w{c} * steps + k);");
    }
    for r in 0..tile.count {
        let _ = writeln!(text, "let a{r} = {};", tile.row(r));
        for c in 0..columns {
            let _ = writeln!(text, "{sum}{r}_{c} += product(a{r}, b{c});");
        }
    }
}
