//! How a device divides the work of products, which [`tune`](crate::towers::tune) measures.

use super::{store::Store, tile::Tile};
use crate::towers::gpu::{capabilities::Capabilities, subgroup, weight::DeviceWeight};

/// Whether a way to compute products is faster than the way that every device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Measured {
    /// It is, with this tile.
    Fast(Tile),
    /// It is not, or its results are wrong.
    Slow,
}

/// How the kernels divide their work on a device: the result of [`tune`](crate::towers::tune). The
/// default runs on every device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuning {
    tile: Tile,
    lanes: usize,
    /// Products of f16 with the weights of the precision that was tuned for, f16 or q8; `None` if
    /// they have not been measured.
    halves: Option<Measured>,
    /// Products of bytes, for `q8-fast`; `None` if they have not been measured.
    bytes: Option<Measured>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { tile: Tile::universal(), lanes: 0, halves: None, bytes: None }
    }
}

/// Precede the names of tiles for products of f16 and of bytes.
const HALVES: &str = "halves";
const BYTES: &str = "bytes";
/// Stands for such a tile if they are not fast.
const SLOW: &str = "slow";

impl Tuning {
    /// Every tile that runs on a device. Bytes are multiplied with the same tile.
    pub(in crate::towers::gpu) fn all(capabilities: Capabilities) -> impl Iterator<Item = Self> {
        let lanes = subgroup::lanes(capabilities.subgroup);
        let of = move |tile| Self { tile, lanes, halves: None, bytes: Some(Measured::Fast(tile)) };
        Tile::all(capabilities).map(of)
    }

    /// The same tuning with each tile that a device has for products of f16.
    pub(in crate::towers::gpu) fn halves(self, capabilities: Capabilities) -> impl Iterator<Item = Self> {
        Tile::halves(capabilities).map(move |tile| Self { halves: Some(Measured::Fast(tile)), ..self })
    }

    /// Whether its fast products of f16 add in f16 too, and so are less accurate.
    pub(in crate::towers::gpu) fn adds_halves(self) -> bool {
        self.halves == Some(Measured::Fast(Tile::Halves))
    }

    /// The tuning with this [`name`](Self::name), or `None` if it does not exist or the device does
    /// not support it.
    pub(in crate::towers::gpu) fn named(name: &str, capabilities: Capabilities) -> Option<Self> {
        let mut parts = name.split(' ');
        let wanted = parts.next()?;
        let tile = Tile::all(capabilities).find(|tile| tile.name() == wanted)?;
        let mut tuning =
            Self { tile, lanes: subgroup::lanes(capabilities.subgroup), halves: None, bytes: None };
        for part in parts {
            let (products, wanted) = part.split_once(':')?;
            match products {
                HALVES => tuning.halves = Some(measured(wanted, Tile::halves(capabilities))?),
                BYTES => tuning.bytes = Some(measured(wanted, Tile::all(capabilities))?),
                _ => return None,
            }
        }
        Some(tuning)
    }

    /// A stable name, such as `"blocked-32x64"`. If products of f16 or of bytes have been measured,
    /// their tiles follow, or `slow` if they are slower, as in
    /// `"blocked-32x64 halves:matrix16-64x64 bytes:slow"`.
    pub fn name(self) -> String {
        let mut name = self.tile.name();
        for (products, measured) in [(HALVES, self.halves), (BYTES, self.bytes)] {
            let tile = match measured {
                None => continue,
                Some(Measured::Slow) => SLOW.to_owned(),
                Some(Measured::Fast(tile)) => tile.name(),
            };
            name = format!("{name} {products}:{tile}");
        }
        name
    }

    /// Whether `q8-fast` is faster than `q8`. `false` if it has not been measured.
    pub fn bytes_are_fast(self) -> bool {
        matches!(self.bytes, Some(Measured::Fast(_)))
    }

    /// Whether products of bytes have been measured.
    pub(in crate::towers::gpu) fn has_measured_bytes(self) -> bool {
        self.bytes.is_some()
    }

    /// Whether products of f16 have been measured.
    pub(in crate::towers::gpu) fn has_measured_halves(self) -> bool {
        self.halves.is_some()
    }

    /// The same tuning, which multiplies bytes as `other` does, or as for `q8` if there is none.
    pub(in crate::towers::gpu) fn with_bytes_of(self, other: Option<Self>) -> Self {
        let bytes = other.and_then(|other| other.bytes);
        Self { bytes: Some(bytes.unwrap_or(Measured::Slow)), ..self }
    }

    /// The same tuning, which has `other`'s products of f16, or none. Products of bytes are then
    /// compared with these.
    pub(in crate::towers::gpu) fn with_halves_of(self, other: Option<Self>) -> Self {
        let halves = other.and_then(|other| other.halves);
        Self { halves: Some(halves.unwrap_or(Measured::Slow)), bytes: None, ..self }
    }

    /// The same tuning, in which products of f16 and of bytes have not been measured.
    pub(in crate::towers::gpu) fn only_tile(self) -> Self {
        Self { halves: None, bytes: None, ..self }
    }

    /// The tile of products with a matrix.
    pub(in crate::towers::gpu) fn tile(self, weight: &DeviceWeight) -> Tile {
        let [_, block] = weight.steps();
        let measured = match weight.store() {
            Store::F32 => None,
            Store::F16 | Store::Q8 => self.halves,
            Store::Bytes => self.bytes,
        };
        match measured {
            Some(Measured::Fast(tile)) if tile.multiplies(weight.store(), block) => tile,
            _ => self.tile,
        }
    }

    /// The tile of products of f16, if they are fast.
    #[cfg(not(target_family = "wasm"))]
    pub(in crate::towers::gpu) fn fast_halves(self) -> Option<Tile> {
        match self.halves {
            Some(Measured::Fast(tile)) => Some(tile),
            _ => None,
        }
    }

    /// Number of invocations that can share rows, 0 for none.
    pub(in crate::towers::gpu) fn lanes(self) -> usize {
        self.lanes
    }
}

/// What a part of a tuning's name says of tiles.
fn measured(wanted: &str, mut tiles: impl Iterator<Item = Tile>) -> Option<Measured> {
    match wanted {
        SLOW => Some(Measured::Slow),
        _ => tiles.find(|tile| tile.name() == wanted).map(Measured::Fast),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_tuning_is_found_by_its_name() {
        let device = Capabilities { subgroup: 32, bytes: true, f16: true, matrix: 16, shared: 49152 };
        for tuning in Tuning::all(device) {
            let halves: Vec<_> = tuning.halves(device).collect();
            assert_eq!(halves.len(), 3);
            // The larger tile needs more memory than every device has.
            let small = Capabilities { shared: 32768, ..device };
            assert_eq!(tuning.halves(small).count(), 2);
            for tuning in halves.into_iter().chain([tuning, tuning.only_tile(), tuning.with_bytes_of(None)]) {
                assert_eq!(Tuning::named(&tuning.name(), device), Some(tuning));
            }
        }
        let named = |name| Tuning::named(name, Capabilities::default());
        assert_eq!(named("blocked-32x64 bytes:slow").unwrap().bytes, Some(Measured::Slow));
        assert_eq!(named("blocked-32x64 halves:slow bytes:direct-8x4").unwrap().halves, Some(Measured::Slow));
        let without = [
            "direct-8x4 bytes:subgroup4-8x4",
            "direct-8x4 halves:matrix16-64x64",
            "direct-8x4 halves:f16-32x64",
        ];
        for unknown in ["", "direct-8x4 bytes:", "bytes:slow", "direct-8x4 halves"].into_iter().chain(without)
        {
            assert_eq!(named(unknown), None, "{unknown}");
        }
    }
}
