//! Groups of neighbouring steps, and the tiles that are made of them.

use bytemuck::{Pod, Zeroable};

use crate::towers::cpu::{
    prefetch::Ahead,
    tile::{Heights, LANES, Sums},
};
use pickscore_checkpoint::weights::Blocks;

/// A column's weights of two neighbouring steps.
pub(in crate::towers::cpu) type Pair = [i8; 2];

/// A column's weights of four neighbouring steps, for inputs of one or two bytes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(transparent)]
pub(in crate::towers::cpu) struct Quad<const BYTES: usize>(pub(super) [i8; 4]);

/// A column's weights of eight neighbouring steps, for inputs of one or two bytes.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(transparent)]
pub(in crate::towers::cpu) struct Octet<const BYTES: usize>(pub(super) [i8; 8]);

/// A column's weights of as many neighbouring steps as one instruction multiplies.
pub(in crate::towers::cpu) trait Group: Pod + Send + Sync {
    /// Number of steps.
    const STEPS: usize;
    /// Steps processed per tile, so that its input stays in the L1 cache and its weights in the L2
    /// cache. Each run ends with an addition to the output.
    const RUN: usize;
    /// A row's inputs of those steps.
    type Input: Pod + Send + Sync;

    /// Whether weights with these blocks are supported.
    fn can_take(blocks: &Blocks) -> bool;

    /// How a row of the input is rounded.
    fn rounding(row: &[f32]) -> Rounding;

    /// Packs the low 16 bits of the numbers: `[groups · STEPS]` → `[groups]`
    fn store(numbers: &[u32], input: &mut [Self::Input]);

    /// The heights that tiles may have on this processor.
    fn heights() -> Heights;

    /// Computes the sums of a tile.
    fn multiply(tile: Tile<'_, Self>);
}

/// How a row of the input is rounded: `x ≈ scale · (number − zero)`.
pub(in crate::towers::cpu) struct Rounding {
    /// The number as it is multiplied.
    pub(super) row: RowScale,
    /// Added to `x / scale` to give the number that is stored.
    pub(super) added: f32,
}

/// The values that the numbers of a row stand for: `scale · (number − zero)`.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(in crate::towers::cpu) struct RowScale {
    pub(in crate::towers::cpu) scale: f32,
    pub(in crate::towers::cpu) zero: f32,
}

/// A range of a panel's groups, with the scales of their blocks.
pub(in crate::towers::cpu) struct PanelGroups<'a, G> {
    /// `[groups, LANES]`
    pub(in crate::towers::cpu) weight: &'a [G],
    /// `[blocks, LANES]`
    pub(in crate::towers::cpu) scales: &'a [[f32; LANES]],
    /// Groups per block.
    pub(in crate::towers::cpu) block: usize,
    /// Groups of the first block that precede the range.
    pub(in crate::towers::cpu) before: usize,
    /// The sum of each column's weights in the whole panel, with the first range; 0 with others.
    pub(in crate::towers::cpu) columns: [f32; LANES],
}

/// sums `[rows, LANES]` = (input `[groups, rows]`ᵀ · weight `[groups, LANES]`) · scales
pub(in crate::towers::cpu) struct Tile<'a, G: Group> {
    pub(in crate::towers::cpu) rows: usize,
    /// `[groups, rows]`
    pub(in crate::towers::cpu) input: &'a [G::Input],
    /// `[rows]`
    pub(in crate::towers::cpu) row_scales: &'a [RowScale],
    pub(in crate::towers::cpu) panel: PanelGroups<'a, G>,
    pub(in crate::towers::cpu) ahead: Ahead<'a>,
    pub(in crate::towers::cpu) sums: &'a mut Sums,
}
