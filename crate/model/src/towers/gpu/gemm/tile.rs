//! How the work of a product is divided among invocations.

use super::blocked;
#[cfg(not(target_family = "wasm"))]
use super::matrix::Matrices;
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
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn halves(capabilities: Capabilities) -> impl Iterator<Item = Self> {
        let Capabilities { subgroup, matrix, shared, .. } = capabilities;
        let counts: &[usize] = if matrix > 0 { &[2, 4] } else { &[] };
        let matrices = counts.iter().map(move |&count| Matrices { side: matrix, count, lanes: subgroup });
        matrices.filter(move |matrices| matrices.memory() <= shared).map(Self::Matrix)
    }

    /// No tiles, since browsers do not multiply matrices of f16.
    #[cfg(target_family = "wasm")]
    pub(super) fn halves(_: Capabilities) -> impl Iterator<Item = Self> {
        std::iter::empty()
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
            #[cfg(not(target_family = "wasm"))]
            Self::Matrix(Matrices { side, .. }) => format!("matrix{side}-{height}x{width}"),
        }
    }

    /// Rows and columns per workgroup.
    pub(super) fn extent(self) -> [usize; 2] {
        match self {
            Self::Direct { rows, columns, across } => [rows.count, across * columns],
            Self::Blocked => [blocked::ROWS, blocked::COLUMNS],
            #[cfg(not(target_family = "wasm"))]
            Self::Matrix(matrices) => [matrices.extent(); 2],
        }
    }
}
