//! `activation(residual + input · weightᵀ + bias)`
//!
//! Both operands lie along their rows, so every step reads four neighbours of some rows of each,
//! and multiplies all of one with all of the other. Which rows an invocation takes, and whether it
//! reads them itself or shares them with its workgroup, is a [`Tile`]; which tile is fastest
//! depends on the adapter: [`tune`].

mod blocked;
mod direct;
mod tune;

use burn_cubecl::cubecl::server::Handle;
use pickscore_checkpoint::config::Activation;

pub use tune::{Tuning, tune};

use super::{
    Buffer, LANES, Wgsl, erf,
    kernel::{Buffers, Kernel},
    subgroup::Rows,
    weight::DeviceWeight,
};

/// What a weight matrix is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Store {
    F32,
    F16,
    Q8,
}

impl Store {
    /// The buffers of a kernel on such a matrix.
    pub(super) fn buffers(self) -> Buffers {
        match self {
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
}

/// How the work is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tile {
    /// An invocation takes some rows and columns, and reads them by itself, or with its subgroup;
    /// `across` of them side by side are a workgroup. For what has caches and no memory of
    /// workgroups, as adapters that are a CPU.
    Direct { rows: Rows, columns: usize, across: usize },
    /// A workgroup's 64 invocations load 32 rows and 64 columns together, 16 numbers of each, and
    /// compute 4 rows and 8 columns each.
    Blocked,
}

impl Tile {
    /// All there are, with names to remember them by.
    const ALL: [(Self, &'static str); 5] = [
        (Self::direct(8, 0, 4, 8), "direct-8x4"),
        (Self::direct(8, 0, 8, 8), "direct-8x8"),
        (Self::direct(8, 4, 4, 16), "subgroup4-8x4"),
        (Self::direct(16, 8, 4, 32), "subgroup8-16x4"),
        (Self::Blocked, "blocked-32x64"),
    ];

    const fn direct(count: usize, lanes: usize, columns: usize, across: usize) -> Self {
        Self::Direct { rows: Rows { count, lanes }, columns, across }
    }

    /// Whether a device that lends subgroups of so many invocations takes it.
    fn runs_with(self, lanes: usize) -> bool {
        match self {
            Self::Direct { rows, .. } => rows.lanes <= lanes,
            Self::Blocked => true,
        }
    }

    /// Rows and columns of a workgroup.
    fn extent(self) -> [usize; 2] {
        match self {
            Self::Direct { rows, columns, across } => [rows.count, across * columns],
            Self::Blocked => [blocked::ROWS, blocked::COLUMNS],
        }
    }
}

/// Everything around the matrix.
pub(super) struct Gemm<'a> {
    pub(super) weight: &'a DeviceWeight,
    /// `[out]`
    pub(super) bias: Option<&'a Handle>,
    pub(super) activation: Option<Activation>,
    /// `[period, out]`: it begins anew after its last row.
    pub(super) residual: Option<&'a Buffer>,
}

impl Gemm<'_> {
    /// input `[rows, in]` → output `[rows, out]`
    pub(super) fn run(&self, wgsl: &Wgsl, input: &Buffer, output: &Buffer) {
        let (weight, outputs) = (self.weight, self.weight.outputs());
        let info = [
            input.rows,
            outputs,
            weight.inputs() / LANES,
            weight.block() / LANES,
            usize::from(self.bias.is_some()),
            self.residual.map_or(0, |residual| residual.rows),
            match self.activation {
                None => 0,
                Some(Activation::Gelu) => 1,
                Some(Activation::QuickGelu) => 2,
            },
        ];
        let input_buffer = &input.handle;
        let mut buffers = vec![input_buffer];
        buffers.extend(weight.buffers());
        // A kernel has to be given something for what it will not read.
        buffers.push(self.bias.unwrap_or(input_buffer));
        buffers.push(self.residual.map_or(input_buffer, |residual| &residual.handle));
        buffers.push(&output.handle);
        // Neighbouring workgroups share columns: weights are read once, and the rows, which are
        // few, stay in the cache.
        let tile = wgsl.tuning.tile();
        let [height, width] = tile.extent();
        let workgroups = [input.rows.div_ceil(height), outputs.div_ceil(width), 1];
        let kernel = Kernel::Gemm(tile, weight.store());
        kernel.launch(&wgsl.client, &buffers, &info.map(|x| x as u32), workgroups);
    }
}

/// What a kernel's text begins with, and the text after the declarations.
pub(super) fn text(tile: Tile, store: Store) -> (&'static str, String) {
    let (enable, body) = match tile {
        Tile::Direct { rows, columns, across } => (rows.enable(), direct::body(store, rows, columns, across)),
        Tile::Blocked => ("", blocked::body(store)),
    };
    (enable, [erf::TEXT, FINISH, weight(store), &body].concat())
}

/// The columns of a panel in a row's sums, as one number.
fn four(row: usize, panel: usize) -> String {
    let sums: Vec<String> = (0..LANES).map(|c| format!("s{row}_{}", panel * LANES + c)).collect();
    format!("vec4f({})", sums.join(", "))
}

/// `weights(at)`: four neighbours of a row of the matrix. Those of 8-bit blocks are still to be
/// multiplied with their scale, times 127.
fn weight(store: Store) -> &'static str {
    match store {
        Store::F32 => "fn weights(at: u32) -> vec4f { return weight[at]; }\n",
        Store::F16 => {
            "fn weights(at: u32) -> vec4f { let pairs = weight[at]; return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y)); }\n"
        }
        Store::Q8 => "fn weights(at: u32) -> vec4f { return unpack4x8snorm(weight[at]); }\n",
    }
}

/// Residual, bias and activation, and storing four columns. `info` is what [`Gemm::run`] says.
const FINISH: &str = "
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
