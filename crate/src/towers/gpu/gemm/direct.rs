//! Every invocation by itself.

use std::fmt::Write as _;

use super::{LANES, Store};

/// Rows of an invocation.
pub(super) const ROWS: usize = 8;
/// A workgroup's invocations, side by side: as many as the widest subgroup of an adapter that is a CPU.
pub(super) const ACROSS: usize = 8;

/// The kernel, its tile unrolled: compilers of such adapters keep only named variables in registers.
pub(super) fn body(store: Store, columns: usize) -> String {
    let mut text = format!(
        "@compute @workgroup_size({ACROSS})\n\
         fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {{\n\
         let rows = info[0]; let outputs = info[1]; let steps = info[2];\n\
         let row = group.x * {ROWS}u;\n\
         let column = (group.y * {ACROSS}u + local.x) * {columns}u;\n"
    );
    let sums = || (0..ROWS).flat_map(move |r| (0..columns).map(move |c| (r, c)));
    for r in 0..ROWS {
        let _ = writeln!(text, "let x{r} = min(row + {r}u, rows - 1u) * steps;");
    }
    for c in 0..columns {
        let _ = writeln!(text, "let w{c} = min(column + {c}u, outputs - 1u);");
    }
    for (r, c) in sums() {
        let _ = writeln!(text, "var s{r}_{c} = 0f;");
    }
    match store {
        Store::F32 | Store::F16 => {
            text += "for (var k = 0u; k < steps; k++) {\n";
            step(&mut text, columns, 's');
            text += "}\n";
        }
        // The scale of a block is read once for all of its steps.
        Store::Q8 => {
            text += "let length = info[3];\n\
                     let blocks = (steps + length - 1u) / length;\n\
                     for (var block = 0u; block < blocks; block++) {\n";
            for (r, c) in sums() {
                let _ = writeln!(text, "var t{r}_{c} = 0f;");
            }
            text += "let end = min((block + 1u) * length, steps);\n\
                     for (var k = block * length; k < end; k++) {\n";
            step(&mut text, columns, 't');
            text += "}\n";
            for c in 0..columns {
                let _ = writeln!(text, "let scale{c} = scales[w{c} * blocks + block] * 127f;");
            }
            for (r, c) in sums() {
                let _ = writeln!(text, "s{r}_{c} = fma(scale{c}, t{r}_{c}, s{r}_{c});");
            }
            text += "}\n";
        }
    }
    for (r, panel) in (0..ROWS).flat_map(|r| (0..columns / LANES).map(move |panel| (r, panel))) {
        let sums = (0..LANES).map(|c| format!("s{r}_{}", panel * LANES + c)).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "finish(row + {r}u, column / 4u + {panel}u, vec4f({sums}));");
    }
    text + "}\n"
}

/// One step: four neighbours of each row and column, all with all.
fn step(text: &mut String, columns: usize, sum: char) {
    for r in 0..ROWS {
        let _ = writeln!(text, "let a{r} = input[x{r} + k];");
    }
    for c in 0..columns {
        let _ = writeln!(text, "let b{c} = weights(w{c} * steps + k);");
        for r in 0..ROWS {
            let _ = writeln!(text, "{sum}{r}_{c} += dot(a{r}, b{c});");
        }
    }
}
