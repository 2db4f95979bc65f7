//! What bounds each step of a block: its speed compared with the device's peaks, which are measured
//! by kernels that do only one thing.

use std::fmt::Write as _;

use super::{
    gemm::{
        half,
        matrix::{self, Matrices},
        store::Store,
        tile::Tile,
    },
    kernel::{self, Buffers, Kernel},
    stopwatch,
    wgsl::{Buffer, Wgsl},
};
use crate::towers::{
    block::Block,
    linear::Linear,
    steps::{Heads, Scoring as _, Steps as _},
};

/// What a product multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// f32.
    F32,
    /// f16, with sums of 16 products in f16 and their sums in f32.
    F16,
    /// Matrices of f16, with sums in f32.
    Matrices,
    /// Bytes.
    Bytes,
}

/// A device's peaks, and what the steps of a block reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// Multiplications and additions, in GFLOP/s.
    pub peaks: Vec<(Arithmetic, f64)>,
    /// Copying a large buffer, in GB/s read and written.
    pub memory: f64,
    /// Milliseconds of a launch that does next to nothing.
    pub launch: f64,
    /// The steps, in order.
    pub steps: Vec<StepBound>,
}

/// What a step takes and does.
#[derive(Debug, Clone, PartialEq)]
pub struct StepBound {
    /// Its name, with the number of outputs and inputs of a product.
    pub name: String,
    /// Milliseconds.
    pub milliseconds: f64,
    /// What it multiplies, and how many multiplications and additions it does, in GFLOP/s.
    pub arithmetic: Option<(Arithmetic, f64)>,
    /// Inputs, outputs and weights, each read or written once, in GB/s. Weights may come from a
    /// cache, because the step is repeated.
    pub memory: f64,
}

/// Measures the steps of a block for `batch` sequences of `sequence` rows each. `now` is a clock in
/// milliseconds.
pub(in crate::towers) async fn bounds(
    wgsl: &Wgsl,
    block: &Block<Wgsl>,
    [batch, sequence]: [usize; 2],
    now: &dyn Fn() -> f64,
) -> Bounds {
    let rows = batch * sequence;
    let (attention, mlp) = (&block.attention, &block.mlp);
    let (width, hidden) = (attention.out.weight.outputs(), mlp.up.weight.outputs());
    let ones = |columns: usize| wgsl.matrix(vec![1.0; rows * columns], columns);
    let (stream, wide, qkv) = (ones(width), ones(hidden), ones(3 * width));
    let heads = Heads { sequence, count: attention.heads, causal: attention.causal };
    let activations = |columns: usize| 4.0 * (rows * columns) as f64;
    let norm = || Work { operations: None, bytes: activations(2 * width) };
    // `touched` are the values of a row that are read or written.
    let product = |title: &str, linear: &Linear<Wgsl>, touched: usize| {
        let weight = &linear.weight;
        let (outputs, inputs) = (weight.outputs(), weight.inputs());
        let store = weight.store();
        let (arithmetic, terms) = match (wgsl.tuning.tile(weight), store) {
            (Tile::Matrix(_), _) => (Arithmetic::Matrices, matrix::terms(store)),
            (Tile::Halves, _) => (Arithmetic::F16, 1),
            (_, Store::Bytes) => (Arithmetic::Bytes, 1),
            _ => (Arithmetic::F32, 1),
        };
        let operations = (arithmetic, 2.0 * (terms * rows * outputs * inputs) as f64);
        let bytes = weight.bytes() as f64 + activations(touched);
        (format!("{title}, {outputs} × {inputs}"), Work { operations: Some(operations), bytes })
    };
    let attended = Work {
        operations: Some((Arithmetic::F32, 4.0 * (rows * sequence * width) as f64)),
        bytes: activations(4 * width),
    };
    let (qkv_name, qkv_work) = product("query, key and value", &attention.qkv, 4 * width);
    let (out_name, out_work) = product("output with residual", &attention.out, 3 * width);
    let (up_name, up_work) = product("up with activation", &mlp.up, width + hidden);
    let (down_name, down_work) = product("down with residual", &mlp.down, hidden + 2 * width);
    let all: [(String, Work, &dyn Fn() -> Buffer); 7] = [
        ("layer norm before attention".into(), norm(), &|| block.norm1.forward(wgsl, &stream)),
        (qkv_name, qkv_work, &|| attention.qkv.forward(wgsl, stream.clone(), None)),
        ("attention".into(), attended, &|| wgsl.attention(qkv.clone(), heads)),
        (out_name, out_work, &|| attention.out.forward_add(wgsl, stream.clone(), stream.clone())),
        ("layer norm before the MLP".into(), norm(), &|| block.norm2.forward(wgsl, &stream)),
        (up_name, up_work, &|| mlp.up.forward(wgsl, stream.clone(), Some(mlp.activation))),
        (down_name, down_work, &|| mlp.down.forward_add(wgsl, wide.clone(), stream.clone())),
    ];
    let mut steps = Vec::new();
    for (name, Work { operations, bytes }, run) in all {
        let milliseconds = milliseconds(wgsl, now, run).await;
        let speed = |amount: f64| amount / milliseconds / 1e6;
        let arithmetic = operations.map(|(arithmetic, amount)| (arithmetic, speed(amount)));
        steps.push(StepBound { name, milliseconds, arithmetic, memory: speed(bytes) });
    }
    let mut peaks = vec![(Arithmetic::F32, peak(wgsl, Peak::Floats, now).await)];
    match wgsl.tuning.fast_halves() {
        Some(Tile::Halves) => peaks.push((Arithmetic::F16, peak(wgsl, Peak::Halves, now).await)),
        Some(Tile::Matrix(matrices)) => {
            peaks.push((Arithmetic::Matrices, peak(wgsl, Peak::Matrices(matrices), now).await));
        }
        _ => {}
    }
    if wgsl.multiplies_bytes() {
        peaks.push((Arithmetic::Bytes, peak(wgsl, Peak::Bytes, now).await));
    }
    let few = wgsl.matrix(vec![1.0; width], width);
    Bounds {
        peaks,
        memory: peak(wgsl, Peak::Memory, now).await,
        launch: milliseconds(wgsl, now, &|| block.norm1.forward(wgsl, &few)).await,
        steps,
    }
}

/// What a step does.
struct Work {
    /// Multiplications and additions.
    operations: Option<(Arithmetic, f64)>,
    bytes: f64,
}

/// Milliseconds that a step takes, infinity if the device fails.
async fn milliseconds(wgsl: &Wgsl, now: &dyn Fn() -> f64, run: &dyn Fn() -> Buffer) -> f64 {
    stopwatch::each(now, async |times| {
        let mut last = run();
        for _ in 1..times {
            last = run();
        }
        // Reading one row is enough to wait for all.
        wgsl.read(wgsl.gather(last, &[0])).await.is_ok()
    })
    .await
}

/// A kernel that does only one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Peak {
    /// Multiplies and adds in f32, in registers.
    Floats,
    /// Multiplies and adds in f16, in registers.
    Halves,
    /// Multiplies and adds matrices of f16, in registers.
    Matrices(Matrices),
    /// Multiplies and adds bytes, in registers.
    Bytes,
    /// Copies a buffer.
    Memory,
}

/// Independent sums of an invocation or subgroup, enough that none waits for another.
const SUMS: usize = 8;
/// Updates of each sum in an iteration, to hide the cost of the loop.
const UNROLLED: usize = 8;
/// Invocations of a workgroup, without matrices.
const WIDE: usize = 64;
/// Workgroups.
const GROUPS: usize = 4096;
/// Vectors of four f32 that an invocation copies: all together copy 128 MiB, more than caches hold.
const COPIED: usize = 32;
/// Iterations of the first measurement and the most. They grow until a launch takes so long that
/// starting it does not matter.
const ITERATIONS: [usize; 2] = [8, 1 << 16];
/// Shortest launch, in milliseconds.
const ENOUGH: f64 = 1.0;

/// The speed of such a kernel: GFLOP/s or GB/s.
async fn peak(wgsl: &Wgsl, peak: Peak, now: &dyn Fn() -> f64) -> f64 {
    let vectors = GROUPS * peak.vectors();
    let input = wgsl.matrix(vec![0.5; 4 * if peak == Peak::Memory { vectors } else { WIDE }], 4);
    let output = wgsl.empty(vectors, 4);
    let mut iterations = ITERATIONS[0];
    loop {
        let milliseconds = stopwatch::each(now, async |times| {
            for _ in 0..times {
                let buffers = [&input.handle, &output.handle];
                kernel::launch(peak, &wgsl.client, &buffers, &[iterations as u32], [GROUPS, 1, 1]);
            }
            wgsl.read(wgsl.gather(output.clone(), &[0])).await.is_ok()
        })
        .await;
        if peak == Peak::Memory {
            return 2.0 * 16.0 * vectors as f64 / milliseconds / 1e6;
        }
        if milliseconds >= ENOUGH || iterations >= ITERATIONS[1] {
            let operations = peak.operations() * (GROUPS * SUMS * UNROLLED * iterations) as f64;
            return operations / milliseconds / 1e6;
        }
        iterations *= 4;
    }
}

impl Peak {
    /// Vectors of four f32 that a workgroup writes.
    fn vectors(self) -> usize {
        match self {
            Self::Floats | Self::Halves | Self::Bytes => WIDE,
            Self::Matrices(Matrices { side, .. }) => matrix::SUBGROUPS.pow(2) * side * side / 4,
            Self::Memory => WIDE * COPIED,
        }
    }

    /// Multiplications and additions of one update of one sum, for a whole workgroup.
    fn operations(self) -> f64 {
        let each = match self {
            Self::Floats | Self::Halves => 2 * 4 * WIDE,
            // Four dot products of four bytes each.
            Self::Bytes => 2 * 16 * WIDE,
            Self::Matrices(Matrices { side, .. }) => 2 * side.pow(3) * matrix::SUBGROUPS.pow(2),
            Self::Memory => 0,
        };
        each as f64
    }
}

impl Kernel for Peak {
    fn buffers(self) -> Buffers {
        // Every kernel uses all of them and `info`: bindings that a kernel does not use do not
        // exist.
        &[("input", "vec4f"), ("output", "vec4f")]
    }

    fn directives(self) -> &'static str {
        match self {
            Self::Floats | Self::Bytes | Self::Memory => "",
            Self::Halves => half::DIRECTIVE,
            Self::Matrices(_) => matrix::DIRECTIVES,
        }
    }

    fn body(self) -> String {
        match self {
            // Each sum starts with another value, so that none can be computed from another.
            Self::Floats => in_registers(
                "let factor = input[lane];",
                |sum| format!("input[(lane + {sum}u) % {WIDE}u] + {sum}f"),
                |sum| format!("fma(s{sum}, factor, factor)"),
                |sums| sums.join(" + "),
            ),
            Self::Halves => in_registers(
                "let factor = vec4<f16>(input[lane]);",
                |sum| format!("vec4<f16>(input[(lane + {sum}u) % {WIDE}u] / {}f)", sum + 1),
                |sum| format!("fma(s{sum}, factor, factor)"),
                |sums| format!("vec4f({})", sums.join(" + ")),
            ),
            Self::Bytes => in_registers(
                "let factor = bitcast<u32>(input[lane].x) + lane;",
                |sum| format!("vec4i(i32(factor) + {sum}i, {sum}i, i32(lane), 1i)"),
                |sum| {
                    let parts = ["x", "y", "z", "w"]
                        .map(|part| format!("s{sum}.{part} + dot4I8Packed(u32(s{sum}.{part}), factor)"));
                    format!("vec4i({})", parts.join(", "))
                },
                |sums| format!("vec4f({})", sums.join(" + ")),
            ),
            Self::Matrices(matrices) => in_matrices(matrices),
            Self::Memory => copy(),
        }
    }
}

/// Sums that start with `start` and are replaced by `next` in each round; `last` is the output.
fn in_registers(
    before: &str,
    start: impl Fn(usize) -> String,
    next: impl Fn(usize) -> String,
    last: impl Fn(&[String]) -> String,
) -> String {
    let mut text = format!(
        "@compute @workgroup_size({WIDE})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {{
    {before}
"
    );
    for sum in 0..SUMS {
        let _ = writeln!(text, "var s{sum} = {};", start(sum));
    }
    text += "for (var i = 0u; i < info[0]; i++) {\n";
    for sum in (0..UNROLLED).flat_map(|_| 0..SUMS) {
        let _ = writeln!(text, "s{sum} = {};", next(sum));
    }
    let sums: Vec<String> = (0..SUMS).map(|sum| format!("s{sum}")).collect();
    text + &format!("}}\noutput[group.x * {WIDE}u + lane] = {};\n}}\n", last(&sums))
}

fn in_matrices(Matrices { side, lanes, .. }: Matrices) -> String {
    let matrix = |of: &str, role: &str| format!("coop_mat{side}x{side}<{of}, {role}>");
    let steps = side / 4;
    let (subgroups, all) = (matrix::SUBGROUPS.pow(2), side * steps);
    let width = subgroups * lanes;
    let mut text = format!(
        "var<workgroup> operand: array<vec4<f16>, {}>;

@compute @workgroup_size({width})
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
) {{
    for (var i = lane; i < {}u; i += {width}u) {{
        operand[i] = vec4<f16>(input[i % {WIDE}u] / f32(i % 7u + {side}u));
    }}
    workgroupBarrier();
    let a = coopLoadT<{}>(&operand[0], {steps}u);
",
        all + SUMS,
        all + SUMS,
        matrix("f16", "A"),
    );
    for sum in 0..SUMS {
        let _ = writeln!(
            text,
            "let b{sum} = coopLoad<{}>(&operand[{sum}], {steps}u);\nvar s{sum} = {}();",
            matrix("f16", "B"),
            matrix("f32", "C"),
        );
    }
    text += "for (var i = 0u; i < info[0]; i++) {\n";
    for sum in (0..UNROLLED).flat_map(|_| 0..SUMS) {
        let _ = writeln!(text, "s{sum} = coopMultiplyAdd(a, b{sum}, s{sum});");
    }
    let sums: Vec<String> = (0..SUMS).map(|sum| format!("s{sum}")).collect();
    text + &format!(
        "}}\ncoopStoreT({}, &output[(group.x * {subgroups}u + subgroup) * {all}u], {steps}u);\n}}\n",
        sums.join(" + ")
    )
}

fn copy() -> String {
    let mut text = format!(
        "@compute @workgroup_size({WIDE})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {{
    let first = group.x * {}u + lane;
    let scale = f32(min(info[0], 1u));
",
        COPIED * WIDE
    );
    for at in 0..COPIED {
        let _ = writeln!(text, "let x{at} = input[first + {}u];", at * WIDE);
    }
    for at in 0..COPIED {
        let _ = writeln!(text, "output[first + {}u] = scale * x{at};", at * WIDE);
    }
    text + "}\n"
}
