//! Softmax attention straight from the query, key and value rows: no head is ever copied out.
//!
//! Three kernels, the scores between them in memory: `[samples, heads, sequence, sequence]` of as
//! many samples at a time as [`MOST_SCORES`] allows.

use std::fmt::Write as _;

use super::{
    Buffer, LANES, Wgsl,
    kernel::{Buffers, Kernel},
    row,
    subgroup::Rows,
};
use crate::towers::kernels::Heads;

/// Numbers of scores at a time: 64 MB, half of what every adapter lets a kernel see of a buffer.
const MOST_SCORES: usize = 1 << 24;
/// Keys of an invocation of the scores.
const KEYS: usize = 4;
/// Invocations of a workgroup, side by side.
const ACROSS: usize = 8;
/// Samples and heads go along the last axis, which takes so many.
const MOST_HEADS: usize = 65_535;

/// qkv `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
pub(super) fn run(wgsl: &Wgsl, attention: Heads, qkv: &Buffer, output: &Buffer) {
    let Heads { sequence, count: heads, causal } = attention;
    let (batch, width) = (qkv.rows / sequence, output.columns);
    let a_sample = heads * sequence * sequence;
    let most = (MOST_SCORES / a_sample).min(MOST_HEADS / heads).clamp(1, batch.max(1));
    let scores = wgsl.empty(most, a_sample).handle;
    let (qkv, output) = (&qkv.handle, &output.handle);
    // Queries of an invocation, of the scores and of the mix.
    let rows = match wgsl.tuning.lanes() {
        0 => Rows { count: 4, lanes: 0 },
        lanes => Rows { count: 8, lanes },
    };
    let head = width / heads / LANES;
    let across = sequence.div_ceil(rows.count);
    for first in (0..batch).step_by(most) {
        let samples = most.min(batch - first);
        let info = [sequence, heads, head, first, usize::from(causal), samples];
        let scale = (1.0 / (width as f32 / heads as f32).sqrt()).to_bits();
        let info = [&info.map(|x| x as u32)[..], &[scale]].concat();
        let launch = |kernel: Kernel, buffers: &[&_], workgroups| {
            kernel.launch(&wgsl.client, buffers, &info, workgroups);
        };
        let tiles = [across, sequence.div_ceil(KEYS * ACROSS), samples * heads];
        launch(Kernel::Scores(rows), &[qkv, &scores], tiles);
        launch(Kernel::Softmax, &[&scores], row::workgroups(samples * heads * sequence));
        let tiles = [across, head.div_ceil(ACROSS), samples * heads];
        launch(Kernel::Mix(rows), &[&scores, qkv, output], tiles);
    }
}

pub(super) const SCORES: Buffers = &[("qkv", "vec4f"), ("output", "f32")];

/// `scores[sample, head, i, j] = q[i] · k[j]`
pub(super) fn scores(tile: Rows) -> String {
    let rows = tile.count;
    let mut text = begun(tile);
    let _ = write!(
        text,
        "\
         let first = group.y * {ACROSS}u * {KEYS}u;\n\
         let key = first + local.x * {KEYS}u;\n\
         if (info[4] != 0u && first > row + {rows}u - 1u) {{ return; }}\n"
    );
    tile.places(&mut text, |row| format!("start(group.z, min({row}, sequence - 1u))"));
    for k in 0..KEYS {
        let _ = writeln!(text, "let k{k} = start(group.z, min(key + {k}u, sequence - 1u)) + heads * head;");
    }
    let sums = || (0..rows).flat_map(|r| (0..KEYS).map(move |k| (r, k)));
    for (r, k) in sums() {
        let _ = writeln!(text, "var s{r}_{k} = 0f;");
    }
    text += "for (var i = 0u; i < head; i++) {\n";
    tile.read(&mut text, |place| format!("qkv[{place} + i]"));
    for k in 0..KEYS {
        let _ = writeln!(text, "let b{k} = qkv[k{k} + i];");
    }
    for r in 0..rows {
        let _ = writeln!(text, "let a{r} = {};", tile.row(r));
        for k in 0..KEYS {
            let _ = writeln!(text, "s{r}_{k} += dot(a{r}, b{k});");
        }
    }
    text += "}\nlet base = group.z * sequence * sequence;\n";
    for (r, k) in sums() {
        let _ = writeln!(
            text,
            "if (row + {r}u < sequence && key + {k}u < sequence) {{ output[base + (row + {r}u) * sequence + key + {k}u] = s{r}_{k}; }}"
        );
    }
    text + "}\n"
}

/// How scores and mix begin: the first query row of an invocation, of the head of a sample that is
/// `group.z`.
fn begun(tile: Rows) -> String {
    format!(
        "{START}@compute @workgroup_size({ACROSS})\n\
         fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u{}) {{\n\
         let sequence = info[0]; let heads = info[1]; let head = info[2];\n\
         let row = group.x * {}u;\n",
        tile.parameter(),
        tile.count
    )
}

/// Where a position's query begins; `which` counts heads of samples.
const START: &str = "
fn start(which: u32, position: u32) -> u32 {
    let heads = info[1]; let head = info[2];
    return ((info[3] + which / heads) * info[0] + position) * 3u * heads * head + (which % heads) * head;
}
";

pub(super) const SOFTMAX: Buffers = &[("output", "f32")];

/// What a position must not see becomes 0.
pub(super) fn softmax() -> String {
    row::kernel(SOFTMAX_SHARED, SOFTMAX_BODY)
}

const SOFTMAX_SHARED: &str = "
var<workgroup> largest: array<f32, WIDE>;
var<workgroup> sums: array<f32, WIDE>;
";

const SOFTMAX_BODY: &str = "
    let sequence = info[0]; let scale = bitcast<f32>(info[6]);
    let rows = info[5] * info[1] * sequence;
    let start = min(row, rows - 1u) * sequence;
    let seen = select(sequence, row % sequence + 1u, info[4] != 0u);
    var most = -3.4e38;
    for (var i = lane; i < seen; i += WIDE) { most = max(most, output[start + i]); }
    largest[lane] = most;
    workgroupBarrier();
    for (var i = 0u; i < WIDE; i++) { most = max(most, largest[i]); }
    var sum = 0f;
    for (var i = lane; i < seen; i += WIDE) { sum += exp((output[start + i] - most) * scale); }
    sums[lane] = sum;
    workgroupBarrier();
    var all = 0f;
    for (var i = 0u; i < WIDE; i++) { all += sums[i]; }
    if (row < rows) {
        for (var i = lane; i < sequence; i += WIDE) {
            var x = 0f;
            if (i < seen) { x = exp((output[start + i] - most) * scale) / all; }
            output[start + i] = x;
        }
    }
";

pub(super) const MIX: Buffers = &[("scores", "f32"), ("qkv", "vec4f"), ("output", "vec4f")];

/// `output[sample, i, head] = Σ scores[sample, head, i, j] · v[j]`
pub(super) fn mix(tile: Rows) -> String {
    let rows = tile.count;
    let mut text = begun(tile);
    let _ = write!(
        text,
        "\
         let column = group.y * {ACROSS}u + local.x;\n\
         let stride = 3u * heads * head;\n\
         let value = start(group.z, 0u) + 2u * heads * head + min(column, head - 1u);\n\
         let seen = select(sequence, min(row + {rows}u, sequence), info[4] != 0u);\n"
    );
    tile.places(&mut text, |row| format!("(group.z * sequence + min({row}, sequence - 1u)) * sequence"));
    for r in 0..rows {
        let _ = writeln!(text, "var s{r} = vec4f();");
    }
    text += "for (var j = 0u; j < seen; j++) {\nlet v = qkv[value + j * stride];\n";
    tile.read(&mut text, |place| format!("scores[{place} + j]"));
    for r in 0..rows {
        let _ = writeln!(text, "s{r} = fma(vec4f({}), v, s{r});", tile.row(r));
    }
    text += "}\nlet sample = info[3] + group.z / heads;\n";
    for r in 0..rows {
        let _ = writeln!(
            text,
            "if (row + {r}u < sequence && column < head) {{ \
             output[(sample * sequence + row + {r}u) * heads * head + (group.z % heads) * head + column] = s{r}; }}"
        );
    }
    text + "}\n"
}
