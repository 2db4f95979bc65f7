//! How the work of a product is divided among invocations.

#[cfg(not(target_family = "wasm"))]
use super::matrix::Matrices;
use super::{blocked, store::Store};
use crate::towers::gpu::{
    capabilities::Capabilities,
    subgroup::{self, Rows},
};

/// The part of a product that one invocation or workgroup computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::towers::gpu) enum Tile {
    /// Each invocation computes some rows and columns and reads its operands directly, or shares
    /// rows with its subgroup. A workgroup has `across` invocations side by side. For adapters with
    /// caches but without workgroup memory, such as CPUs.
    Direct { rows: Rows, columns: usize, across: usize },
    /// The 64 invocations of a workgroup load 32 rows and 64 columns into workgroup memory, 16
    /// values of each at a time, and each computes 4 rows and 8 columns.
    Blocked,
    /// The same with 32 values at a time, multiplied in f16. For q8 weights.
    Halves,
    /// The subgroups of a workgroup multiply matrices of f16.
    #[cfg(not(target_family = "wasm"))]
    Matrix(Matrices),
}

impl Tile {
    /// The tiles of products in f32 and of bytes.
    const ALL: [Self; 5] = [
        Self::direct(8, 0, 4, 8),
        Self::direct(8, 0, 8, 8),
        Self::direct(8, 4, 4, 16),
        Self::direct(16, 8, 4, 32),
        Self::Blocked,
    ];

    /// The tile that runs on every device.
    pub(super) const fn universal() -> Self {
        Self::ALL[0]
    }

    const fn direct(count: usize, lanes: usize, columns: usize, across: usize) -> Self {
        Self::Direct { rows: Rows { count, lanes }, columns, across }
    }

    /// The tiles of products in f32 and of bytes that run on a device.
    pub(super) fn all(capabilities: Capabilities) -> impl Iterator<Item = Self> {
        let lanes = subgroup::lanes(capabilities.subgroup);
        Self::ALL.into_iter().filter(move |tile| match tile {
            Self::Direct { rows, .. } => rows.lanes <= lanes,
            _ => true,
        })
    }

    /// The tiles of products of f16 that run on a device.
    pub(super) fn halves(capabilities: Capabilities) -> impl Iterator<Item = Self> {
        let halves = capabilities.f16.then_some(Self::Halves);
        halves.into_iter().chain(Self::matrices(capabilities))
    }

    #[cfg(not(target_family = "wasm"))]
    fn matrices(capabilities: Capabilities) -> impl Iterator<Item = Self> {
        let Capabilities { subgroup, matrix, shared, .. } = capabilities;
        let counts: &[usize] = if matrix > 0 { &[2, 4] } else { &[] };
        let matrices = counts.iter().map(move |&count| Matrices { side: matrix, count, lanes: subgroup });
        matrices.filter(move |matrices| matrices.memory() <= shared).map(Self::Matrix)
    }

    /// None, since browsers do not multiply matrices of f16.
    #[cfg(target_family = "wasm")]
    fn matrices(_: Capabilities) -> impl Iterator<Item = Self> {
        std::iter::empty()
    }

    /// Whether it multiplies weights that are stored in this way, in blocks of this many steps.
    pub(super) fn multiplies(self, store: Store, block: usize) -> bool {
        match self {
            Self::Halves => store == Store::Q8 && blocked::takes_halves(block),
            _ => true,
        }
    }

    /// A stable name, such as `"blocked-32x64"`.
    pub(super) fn name(self) -> String {
        let [height, width] = self.extent();
        match self {
            Self::Direct { rows: Rows { count, lanes: 0 }, columns, .. } => {
                format!("direct-{count}x{columns}")
            }
            Self::Direct { rows: Rows { count, lanes }, columns, .. } => {
                format!("subgroup{lanes}-{count}x{columns}")
            }
            Self::Blocked => format!("blocked-{height}x{width}"),
            Self::Halves => format!("f16-{height}x{width}"),
            #[cfg(not(target_family = "wasm"))]
            Self::Matrix(Matrices { side, .. }) => format!("matrix{side}-{height}x{width}"),
        }
    }

    /// Rows and columns per workgroup.
    pub(super) fn extent(self) -> [usize; 2] {
        match self {
            Self::Direct { rows, columns, across } => [rows.count, across * columns],
            Self::Blocked | Self::Halves => [blocked::ROWS, blocked::COLUMNS],
            #[cfg(not(target_family = "wasm"))]
            Self::Matrix(matrices) => [matrices.extent(); 2],
        }
    }
}
