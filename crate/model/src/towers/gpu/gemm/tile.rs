//! How the work of a product is divided among invocations.

use super::{blocked, store::Store};
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

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(tile, _)| *tile == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str, lanes: usize) -> Option<Self> {
        let runs = |(tile, known): &(Self, &str)| *known == name && tile.runs_with(lanes);
        Self::ALL.into_iter().find(runs).map(|(tile, _)| tile)
    }

    /// Rows and columns per workgroup.
    pub(super) fn extent(self) -> [usize; 2] {
        match self {
            Self::Direct { rows, columns, across } => [rows.count, across * columns],
            Self::Blocked => [blocked::ROWS, blocked::COLUMNS],
        }
    }
}

/// How a device multiplies q8 weights for `q8-fast`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bytes {
    /// As bytes, with this tile.
    Fast(Tile),
    /// As for `q8`, because products of bytes are slower or wrong.
    Slow,
}

/// How the kernels divide their work on a device: the result of [`tune`](crate::towers::tune). The
/// default runs on every device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuning {
    tile: Tile,
    lanes: usize,
    /// `None` if it has not been measured.
    bytes: Option<Bytes>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { tile: Tile::ALL[0].0, lanes: 0, bytes: None }
    }
}

/// Separates the name of a tile from that of the tile for bytes.
const BYTES: &str = " bytes:";
/// Stands for the tile for bytes if products of bytes are not fast.
const SLOW: &str = "slow";

impl Tuning {
    /// Every tile that runs on a device whose smallest subgroup has this many invocations, 0 if the
    /// device has no subgroup operations. Bytes are multiplied with the same tile.
    pub(in crate::towers::gpu) fn all(subgroup: usize) -> impl Iterator<Item = Self> {
        let lanes = subgroup::lanes(subgroup);
        let runs = Tile::ALL.into_iter().filter(move |(tile, _)| tile.runs_with(lanes));
        runs.map(move |(tile, _)| Self { tile, lanes, bytes: Some(Bytes::Fast(tile)) })
    }

    /// The tuning with this [`name`](Self::name), or `None` if it does not exist or the device does
    /// not support it.
    ///
    /// `subgroup` is the smallest subgroup size of the device, 0 if subgroup operations were not
    /// requested.
    pub(in crate::towers::gpu) fn named(name: &str, subgroup: usize) -> Option<Self> {
        let lanes = subgroup::lanes(subgroup);
        let (tile, bytes) = match name.split_once(BYTES) {
            None => (name, None),
            Some((tile, SLOW)) => (tile, Some(Bytes::Slow)),
            Some((tile, bytes)) => (tile, Some(Bytes::Fast(Tile::named(bytes, lanes)?))),
        };
        Some(Self { tile: Tile::named(tile, lanes)?, lanes, bytes })
    }

    /// A stable name, such as `"blocked-32x64"`. If products of bytes have been measured, their
    /// tile follows, as in `"blocked-32x64 bytes:direct-8x8"`, or `"slow"` if they are slower.
    pub fn name(self) -> String {
        let tile = self.tile.name();
        match self.bytes {
            None => tile.into(),
            Some(Bytes::Slow) => format!("{tile}{BYTES}{SLOW}"),
            Some(Bytes::Fast(bytes)) => format!("{tile}{BYTES}{}", bytes.name()),
        }
    }

    /// Whether `q8-fast` is faster than `q8`. `false` if it has not been measured.
    pub fn bytes_are_fast(self) -> bool {
        matches!(self.bytes, Some(Bytes::Fast(_)))
    }

    /// Whether products of bytes have been measured.
    pub(in crate::towers::gpu) fn has_measured_bytes(self) -> bool {
        self.bytes.is_some()
    }

    /// The same tuning, which multiplies bytes as `other` does, or as for `q8` if there is none.
    pub(in crate::towers::gpu) fn with_bytes_of(self, other: Option<Self>) -> Self {
        let bytes = other.and_then(|other| other.bytes);
        Self { bytes: Some(bytes.unwrap_or(Bytes::Slow)), ..self }
    }

    /// The same tuning, in which products of bytes have not been measured.
    pub(in crate::towers::gpu) fn without_bytes(self) -> Self {
        Self { bytes: None, ..self }
    }

    /// The tile of products with a matrix that is stored in this way.
    pub(super) fn tile(self, store: Store) -> Tile {
        match (store, self.bytes) {
            (Store::Bytes, Some(Bytes::Fast(tile))) => tile,
            _ => self.tile,
        }
    }

    /// Number of invocations that can share rows, 0 for none.
    pub(in crate::towers::gpu) fn lanes(self) -> usize {
        self.lanes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_tuning_is_found_by_its_name() {
        for tuning in Tuning::all(8) {
            for tuning in [tuning, tuning.without_bytes(), tuning.with_bytes_of(None)] {
                assert_eq!(Tuning::named(&tuning.name(), 8), Some(tuning));
            }
        }
        assert_eq!(Tuning::named("blocked-32x64 bytes:slow", 0).unwrap().bytes, Some(Bytes::Slow));
        for unknown in ["", "direct-8x4 bytes:", "bytes:slow", "direct-8x4 bytes:subgroup4-8x4"] {
            assert_eq!(Tuning::named(unknown, 0), None, "{unknown}");
        }
    }
}
