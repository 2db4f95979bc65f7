//! `activation(residual + input · weightᵀ + bias)`
//!
//! An invocation computes a tile of the output, some rows by some columns, and keeps its sums in registers. Both operands lie along their rows, so every step
//! reads four neighbours of each row and of each column at once, and multiplies all of one with all of the other.

use std::fmt::Write as _;

use burn_cubecl::tensor::CubeTensor;

use super::{
    LANES, erf,
    kernel::{Buffers, Kernel},
    weight::DeviceWeight,
};
use crate::config::Activation;

/// What a weight matrix is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Store {
    F32,
    F16,
    Q8,
}

/// The shape of the work of one invocation: rows by [`LANES`] columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    store: Store,
    /// Rows of an invocation.
    rows: usize,
    /// Invocations of a workgroup, side by side.
    across: usize,
}

/// Everything around the matrix.
pub(super) struct Gemm<'a> {
    /// Rows of the input.
    pub(super) rows: usize,
    /// Rows of the residual, which begin anew after the last; 0 without one.
    pub(super) period: usize,
    pub(super) weight: &'a DeviceWeight,
    pub(super) activation: Option<Activation>,
}

/// A workgroup's invocations: as many as the narrowest subgroup of a common adapter.
const ACROSS: usize = 8;

impl Gemm<'_> {
    pub(super) fn run(
        &self,
        input: &CubeTensor,
        bias: Option<CubeTensor>,
        residual: Option<CubeTensor>,
        output: &CubeTensor,
    ) {
        let (weight, outputs) = (self.weight, self.weight.outputs());
        let tile = Tile::new(weight.store());
        let (values, scales) = weight.buffers();
        let info = [
            self.rows,
            outputs,
            weight.inputs() / LANES,
            weight.block() / LANES,
            usize::from(bias.is_some()),
            self.period,
            match self.activation {
                None => 0,
                Some(Activation::Gelu) => 1,
                Some(Activation::QuickGelu) => 2,
            },
        ];
        // A kernel has to be given something for what it will not read.
        let bias = bias.unwrap_or_else(|| input.clone());
        let residual = residual.unwrap_or_else(|| input.clone());
        let mut buffers = vec![input, &values];
        buffers.extend(&scales);
        buffers.extend([&bias, &residual, output]);
        // Neighbouring workgroups share columns: weights are read once, and the rows, which are few, stay in the cache.
        let workgroups = [self.rows.div_ceil(tile.rows), outputs.div_ceil(LANES * tile.across), 1];
        Kernel::Gemm(tile).launch(&buffers, &info.map(|x| x as u32), workgroups);
    }
}

impl Tile {
    pub(super) fn new(store: Store) -> Self {
        Self { store, rows: 8, across: ACROSS }
    }

    pub(super) fn buffers(self) -> Buffers {
        match self.store {
            Store::F32 => &[
                ("input", "vec4f"),
                ("weight", "vec4f"),
                ("bias", "vec4f"),
                ("residual", "vec4f"),
                ("output", "vec4f"),
            ],
            Store::F16 => &[
                ("input", "vec4f"),
                ("weight", "vec2u"),
                ("bias", "vec4f"),
                ("residual", "vec4f"),
                ("output", "vec4f"),
            ],
            Store::Q8 => &[
                ("input", "vec4f"),
                ("weight", "u32"),
                ("scales", "f32"),
                ("bias", "vec4f"),
                ("residual", "vec4f"),
                ("output", "vec4f"),
            ],
        }
    }

    /// The kernel, its tile unrolled: compilers of software adapters keep only named variables in registers.
    pub(super) fn body(self) -> String {
        let Self { store, rows, across } = self;
        let columns = LANES;
        let mut text = [erf::TEXT, FINISH].concat();
        let _ = write!(
            text,
            "@compute @workgroup_size({across})\n\
             fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {{\n\
             let rows = info[0]; let outputs = info[1]; let steps = info[2];\n\
             let row = group.x * {rows}u;\n\
             let column = (group.y * {across}u + local.x) * {columns}u;\n"
        );
        for r in 0..rows {
            let _ = writeln!(text, "let x{r} = min(row + {r}u, rows - 1u) * steps;");
            for c in 0..columns {
                let _ = writeln!(text, "var s{r}_{c} = 0f;");
            }
        }
        for c in 0..columns {
            let _ = writeln!(text, "let w{c} = min(column, outputs - {columns}u) + {c}u;");
        }
        match store {
            Store::F32 | Store::F16 => {
                text += "for (var k = 0u; k < steps; k++) {\n";
                self.step(&mut text);
                text += "}\n";
            }
            // The scale of a block is read once for all of its steps.
            Store::Q8 => {
                text += "let length = info[3];\n\
                         let blocks = (steps + length - 1u) / length;\n\
                         for (var block = 0u; block < blocks; block++) {\n";
                for c in 0..columns {
                    let _ = writeln!(text, "let scale{c} = scales[w{c} * blocks + block] * 127f;");
                }
                for (r, c) in self.sums() {
                    let _ = writeln!(text, "var t{r}_{c} = 0f;");
                }
                text += "let end = min((block + 1u) * length, steps);\n\
                         for (var k = block * length; k < end; k++) {\n";
                self.step(&mut text);
                text += "}\n";
                for (r, c) in self.sums() {
                    let _ = writeln!(text, "s{r}_{c} = fma(scale{c}, t{r}_{c}, s{r}_{c});");
                }
                text += "}\n";
            }
        }
        text += "if (column >= outputs) { return; }\n";
        for r in 0..rows {
            let sums = (0..columns).map(|c| format!("s{r}_{c}")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                text,
                "if (row + {r}u < rows) {{ finish(row + {r}u, column / 4u, vec4f({sums})); }}"
            );
        }
        text + "}\n"
    }

    /// One step: four neighbours of each row and column, all with all.
    fn step(self, text: &mut String) {
        for r in 0..self.rows {
            let _ = writeln!(text, "let a{r} = input[x{r} + k];");
        }
        let sum = if self.store == Store::Q8 { 't' } else { 's' };
        for c in 0..LANES {
            let at = format!("weight[w{c} * steps + k]");
            let _ = match self.store {
                Store::F32 => writeln!(text, "let b{c} = {at};"),
                Store::F16 => writeln!(
                    text,
                    "let h{c} = {at};\nlet b{c} = vec4f(unpack2x16float(h{c}.x), unpack2x16float(h{c}.y));"
                ),
                Store::Q8 => writeln!(text, "let b{c} = unpack4x8snorm({at});"),
            };
            for r in 0..self.rows {
                let _ = writeln!(text, "{sum}{r}_{c} += dot(a{r}, b{c});");
            }
        }
    }

    fn sums(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.rows).flat_map(move |r| (0..LANES).map(move |c| (r, c)))
    }
}

/// Residual, bias and activation, and storing. `info` is what [`Gemm::run`] says.
const FINISH: &str = "
fn finish(row: u32, column: u32, sums: vec4f) {
    let outputs = info[1] / 4u; let period = info[5];
    var x = sums;
    if (info[4] != 0u) { x += bias[column]; }
    if (period != 0u) { x += residual[(row % period) * outputs + column]; }
    if (info[6] == 1u) { x = 0.5 * x * (1f + erf(x * 0.70710678)); }
    if (info[6] == 2u) { x = x / (1f + exp(-1.702 * x)); }
    output[row * outputs + column] = x;
}
";
