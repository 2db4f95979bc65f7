//! How the work of a product is divided among invocations.

use super::blocked;
use crate::towers::gpu::subgroup::{self, Rows};

/// The part of a product that one invocation or workgroup computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tile {
    /// Each invocation computes some rows and columns and reads its operands directly, or shares
    /// rows with its subgroup. A workgroup has `across` invocations side by side. For adapters with
    /// caches but without workgroup memory, such as CPUs.
    Direct { rows: Rows, columns: usize, across: usize },
    /// The 64 invocations of a workgroup load 32 rows and 64 columns into workgroup memory, 16
    /// values of each at a time, and each computes 4 rows and 8 columns.
    Blocked,
}

impl Tile {
    /// All tiles, with their names.
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

    /// Whether the tile runs on a device whose subgroups can share rows among `lanes` invocations.
    fn runs_with(self, lanes: usize) -> bool {
        match self {
            Self::Direct { rows, .. } => rows.lanes <= lanes,
            Self::Blocked => true,
        }
    }

    /// Rows and columns per workgroup.
    pub(super) fn extent(self) -> [usize; 2] {
        match self {
            Self::Direct { rows, columns, across } => [rows.count, across * columns],
            Self::Blocked => [blocked::ROWS, blocked::COLUMNS],
        }
    }
}

/// How the kernels divide their work on a device: the result of [`tune`](crate::towers::tune). The
/// default runs on every device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuning {
    tile: Tile,
    name: &'static str,
    lanes: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        let (tile, name) = Tile::ALL[0];
        Self { tile, name, lanes: 0 }
    }
}

impl Tuning {
    /// Every tuning that runs on a device whose smallest subgroup has this many invocations, 0 if
    /// the device has no subgroup operations.
    pub(in crate::towers::gpu) fn all(subgroup: usize) -> impl Iterator<Item = Self> {
        let lanes = subgroup::lanes(subgroup);
        let runs = Tile::ALL.into_iter().filter(move |(tile, _)| tile.runs_with(lanes));
        runs.map(move |(tile, name)| Self { tile, name, lanes })
    }

    /// The tuning with this [`name`](Self::name), or `None` if it does not exist or the device does
    /// not support it.
    ///
    /// `subgroup` is the smallest subgroup size of the device, 0 if subgroup operations were not
    /// requested.
    pub(in crate::towers::gpu) fn named(name: &str, subgroup: usize) -> Option<Self> {
        Self::all(subgroup).find(|tuning| tuning.name == name)
    }

    /// A stable name, such as `"blocked-32x64"`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The tile of products.
    pub(super) fn tile(self) -> Tile {
        self.tile
    }

    /// Number of invocations that can share rows, 0 for none.
    pub(in crate::towers::gpu) fn lanes(self) -> usize {
        self.lanes
    }
}
