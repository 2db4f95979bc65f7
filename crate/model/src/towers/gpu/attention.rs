//! Softmax attention that reads query, key and value in place, without copying heads.
//!
//! Three kernels compute the scores, their softmax and the weighted sum of values. The scores are
//! stored in between, `[samples, heads, queries, keys]` for as many samples at a time as
//! [`MOST_SCORES`] allows.

use std::fmt::Write as _;

use burn_cubecl::cubecl::server::Handle;

use super::{
    kernel::{self, Buffers, Kernel, LANES},
    row,
    subgroup::Rows,
    wgsl::{Buffer, Wgsl},
};
use crate::towers::steps::{Attending, Heads};

/// Scores stored at a time: 64 MiB, half the buffer binding size that WebGPU guarantees.
const MOST_SCORES: usize = 1 << 24;
/// Keys per invocation of the scores.
const KEYS: usize = 4;
/// Invocations per workgroup.
const ACROSS: usize = 8;
/// Largest number of workgroups along an axis. The last axis counts heads of samples.
const MOST_HEADS: usize = 65_535;

/// Where queries, keys and values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    /// Query, key and value of a position are one row of one matrix.
    Own,
    /// Keys and values are rows of another matrix than the queries.
    Other,
}

/// Computes attention: qkv `[batch · sequence, 3 · width]` → output `[batch · sequence, width]`
pub(super) fn run(wgsl: &Wgsl, attention: Heads, qkv: &Buffer, output: &Buffer) {
    let Heads { sequence, count, causal } = attention;
    let batch = qkv.rows / sequence;
    let shape = Shape { queries: sequence, keys: sequence, count, causal, batch, over: &[] };
    shape.run(wgsl, Source::Own, &[&qkv.handle], output);
}

/// Attention over other sequences: query `[over · queries, width]`, memory
/// `[sequences · keys, 2 · width]` → output `[over · queries, width]`
pub(super) fn attend(wgsl: &Wgsl, shape: &Attending, query: &Buffer, memory: &Buffer, output: &Buffer) {
    let over: Vec<usize> = shape.over.iter().flat_map(|over| [over.sequence, over.rows]).collect();
    let Attending { queries, keys, count, .. } = *shape;
    let shape = Shape { queries, keys, count, causal: false, batch: shape.over.len(), over: &over };
    shape.run(wgsl, Source::Other, &[&query.handle, &memory.handle], output);
}

/// The shape of attention.
struct Shape<'a> {
    queries: usize,
    keys: usize,
    count: usize,
    causal: bool,
    /// Sequences of queries.
    batch: usize,
    /// With [`Source::Other`], for each sequence of queries its sequence of keys and how many of
    /// them it attends to.
    over: &'a [usize],
}

impl Shape<'_> {
    fn run(&self, wgsl: &Wgsl, source: Source, inputs: &[&Handle], output: &Buffer) {
        let &Self { queries, keys, count: heads, causal, batch, over } = self;
        let width = output.columns;
        let a_sample = heads * queries * keys;
        let most = (MOST_SCORES / a_sample).min(MOST_HEADS / heads).clamp(1, batch.max(1));
        let scores = wgsl.empty(most, a_sample).handle;
        // Queries per invocation of the scores and the mix.
        let rows = match wgsl.tuning.lanes() {
            0 => Rows { count: 4, lanes: 0 },
            lanes => Rows { count: 8, lanes },
        };
        let head = width / heads / LANES;
        let across = queries.div_ceil(rows.count);
        let scale = (1.0 / (width as f32 / heads as f32).sqrt()).to_bits();
        for first in (0..batch).step_by(most) {
            let samples = most.min(batch - first);
            let info = [queries, heads, head, first, usize::from(causal), samples];
            let (info, over) = (info.map(|x| x as u32), over.iter().map(|&x| x as u32));
            let info: Vec<u32> = info.into_iter().chain([scale, keys as u32]).chain(over).collect();
            let tiles = [across, keys.div_ceil(KEYS * ACROSS), samples * heads];
            let buffers = [inputs, &[&scores]].concat();
            kernel::launch(Scores(rows, source), &wgsl.client, &buffers, &info, tiles);
            let all = row::workgroups(samples * heads * queries);
            kernel::launch(Softmax(source), &wgsl.client, &[&scores], &info, all);
            let tiles = [across, head.div_ceil(ACROSS), samples * heads];
            let memory = inputs[inputs.len() - 1];
            kernel::launch(Mix(rows, source), &wgsl.client, &[&scores, memory, &output.handle], &info, tiles);
        }
    }
}

impl Source {
    /// The names of the matrices with the queries, and with the keys and values.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Own => ["qkv", "qkv"],
            Self::Other => ["query", "memory"],
        }
    }

    /// Rows of the width of all heads in a row of keys and values.
    fn stride(self) -> usize {
        match self {
            Self::Own => 3,
            Self::Other => 2,
        }
    }

    /// Defines `query_start(which, position)` and `key_start(which, position)`, the indices of a
    /// position's query and key, and `attended(which, position)`, the number of keys that a query
    /// attends to; `which` counts heads of samples.
    fn functions(self) -> &'static str {
        match self {
            Self::Own => {
                "
fn query_start(which: u32, position: u32) -> u32 {
    let heads = info[1]; let head = info[2];
    return ((info[3] + which / heads) * info[0] + position) * 3u * heads * head + (which % heads) * head;
}
fn key_start(which: u32, position: u32) -> u32 {
    return query_start(which, position) + info[1] * info[2];
}
fn attended(which: u32, position: u32) -> u32 {
    return select(info[7], min(position + 1u, info[7]), info[4] != 0u);
}
"
            }
            Self::Other => {
                "
fn query_start(which: u32, position: u32) -> u32 {
    let heads = info[1]; let head = info[2];
    return ((info[3] + which / heads) * info[0] + position) * heads * head + (which % heads) * head;
}
fn key_start(which: u32, position: u32) -> u32 {
    let heads = info[1]; let head = info[2];
    let sequence = info[8u + 2u * (info[3] + which / heads)];
    return (sequence * info[7] + position) * 2u * heads * head + (which % heads) * head;
}
fn attended(which: u32, position: u32) -> u32 {
    return info[9u + 2u * (info[3] + which / info[1])];
}
"
            }
        }
    }
}

/// `scores[sample, head, i, j] = q[i] · k[j]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Scores(Rows, Source);

impl Kernel for Scores {
    fn buffers(self) -> Buffers {
        match self.1 {
            Source::Own => &[("qkv", "vec4f"), ("output", "f32")],
            Source::Other => &[("query", "vec4f"), ("memory", "vec4f"), ("output", "f32")],
        }
    }

    fn directives(self) -> &'static str {
        self.0.directives()
    }

    fn body(self) -> String {
        scores(self.0, self.1)
    }
}

fn scores(tile: Rows, source: Source) -> String {
    let rows = tile.count;
    let [query, memory] = source.names();
    let mut text = prologue(tile, source);
    let _ = write!(
        text,
        "\
         let first = group.y * {ACROSS}u * {KEYS}u;\n\
         let key = first + local.x * {KEYS}u;\n\
         if (info[4] != 0u && first > row + {rows}u - 1u) {{ return; }}\n"
    );
    tile.places(&mut text, |row| format!("query_start(group.z, min({row}, queries - 1u))"));
    for k in 0..KEYS {
        let _ = writeln!(text, "let k{k} = key_start(group.z, min(key + {k}u, keys - 1u));");
    }
    let sums = || (0..rows).flat_map(|r| (0..KEYS).map(move |k| (r, k)));
    for (r, k) in sums() {
        let _ = writeln!(text, "var s{r}_{k} = 0f;");
    }
    text += "for (var i = 0u; i < head; i++) {\n";
    tile.read(&mut text, |place| format!("{query}[{place} + i]"));
    for k in 0..KEYS {
        let _ = writeln!(text, "let b{k} = {memory}[k{k} + i];");
    }
    for r in 0..rows {
        let _ = writeln!(text, "let a{r} = {};", tile.row(r));
        for k in 0..KEYS {
            let _ = writeln!(text, "s{r}_{k} += dot(a{r}, b{k});");
        }
    }
    text += "}\nlet base = group.z * queries * keys;\n";
    for (r, k) in sums() {
        let _ = writeln!(
            text,
            "if (row + {r}u < queries && key + {k}u < keys) {{ output[base + (row + {r}u) * keys + key + {k}u] = s{r}_{k}; }}"
        );
    }
    text + "}\n"
}

/// The start of the scores and the mix, up to the first query row of the invocation. `group.z`
/// counts heads of samples.
fn prologue(tile: Rows, source: Source) -> String {
    format!(
        "{}@compute @workgroup_size({ACROSS})\n\
         fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u{}) {{\n\
         let queries = info[0]; let keys = info[7]; let heads = info[1]; let head = info[2];\n\
         let row = group.x * {}u;\n",
        source.functions(),
        tile.parameter(),
        tile.count
    )
}

/// The softmax of each row of scores, in place. Masked positions become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Softmax(Source);

impl Kernel for Softmax {
    fn buffers(self) -> Buffers {
        &[("output", "f32")]
    }

    fn body(self) -> String {
        row::kernel(&[SOFTMAX_SHARED, self.0.functions()].concat(), SOFTMAX_BODY)
    }
}

const SOFTMAX_SHARED: &str = "
var<workgroup> largest: array<f32, WIDE>;
var<workgroup> sums: array<f32, WIDE>;
";

const SOFTMAX_BODY: &str = "
    let queries = info[0]; let keys = info[7]; let scale = bitcast<f32>(info[6]);
    let rows = info[5] * info[1] * queries;
    let place = min(row, rows - 1u);
    let start = place * keys;
    let seen = attended(place / queries, place % queries);
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
        for (var i = lane; i < keys; i += WIDE) {
            var x = 0f;
            if (i < seen) { x = exp((output[start + i] - most) * scale) / all; }
            output[start + i] = x;
        }
    }
";

/// `output[sample, i, head] = Σ scores[sample, head, i, j] · v[j]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Mix(Rows, Source);

impl Kernel for Mix {
    fn buffers(self) -> Buffers {
        match self.1 {
            Source::Own => &[("scores", "f32"), ("qkv", "vec4f"), ("output", "vec4f")],
            Source::Other => &[("scores", "f32"), ("memory", "vec4f"), ("output", "vec4f")],
        }
    }

    fn directives(self) -> &'static str {
        self.0.directives()
    }

    fn body(self) -> String {
        mix(self.0, self.1)
    }
}

fn mix(tile: Rows, source: Source) -> String {
    let rows = tile.count;
    let [_, memory] = source.names();
    let mut text = prologue(tile, source);
    let _ = write!(
        text,
        "\
         let column = group.y * {ACROSS}u + local.x;\n\
         let stride = {}u * heads * head;\n\
         let value = key_start(group.z, 0u) + heads * head + min(column, head - 1u);\n\
         let seen = attended(group.z, row + {rows}u - 1u);\n",
        source.stride()
    );
    tile.places(&mut text, |row| format!("(group.z * queries + min({row}, queries - 1u)) * keys"));
    for r in 0..rows {
        let _ = writeln!(text, "var s{r} = vec4f();");
    }
    text += "for (var j = 0u; j < seen; j++) {\nlet v = ";
    let _ = writeln!(text, "{memory}[value + j * stride];");
    tile.read(&mut text, |place| format!("scores[{place} + j]"));
    for r in 0..rows {
        let _ = writeln!(text, "s{r} = fma(vec4f({}), v, s{r});", tile.row(r));
    }
    text += "}\nlet sample = info[3] + group.z / heads;\n";
    for r in 0..rows {
        let _ = writeln!(
            text,
            "if (row + {r}u < queries && column < head) {{ \
             output[(sample * queries + row + {r}u) * heads * head + (group.z % heads) * head + column] = s{r}; }}"
        );
    }
    text + "}\n"
}
