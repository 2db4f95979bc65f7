//! Bounds of the numbers in a configuration, so that a hostile file cannot request excessive
//! memory.

/// Size of the file in bytes; published ones have a few thousand.
pub(super) const FILE: usize = 1 << 20;
pub(super) const WIDTH: u64 = 1 << 16;
pub(super) const MLP: u64 = 1 << 18;
pub(super) const LAYERS: u64 = 1 << 10;
pub(super) const IMAGE: u64 = 1 << 12;
/// Minimum (a start token, an end token and one between) and maximum.
pub(super) const CONTEXT: (u64, u64) = (3, 1 << 14);
pub(super) const VOCABULARY: u64 = 1 << 24;
/// The largest published CLIP model has 18 · 10⁹.
pub(super) const PARAMETERS: u128 = 1 << 35;
