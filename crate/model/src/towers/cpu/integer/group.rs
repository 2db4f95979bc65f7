//! Groups of neighbouring steps, and the tiles that are made of them.

use bytemuck::Pod;

use crate::towers::cpu::tile::{LANES, Sums};
use pickscore_checkpoint::weights::Blocks;

/// A column's weights of two neighbouring steps.
pub(in crate::towers::cpu) type Pair = [i8; 2];
/// A column's weights of four neighbouring steps.
pub(in crate::towers::cpu) type Quad = [i8; 4];

/// A column's weights of as many neighbouring steps as one instruction multiplies.
pub(in crate::towers::cpu) trait Group: Pod + Send + Sync {
    /// Number of steps.
    const STEPS: usize;
    /// A row's inputs of those steps.
    type Input: Pod + Send + Sync;
    /// Added to each rounded input before it is stored.
    const ZERO: f32;

    /// Whether weights with these blocks are supported.
    fn can_take(blocks: &Blocks) -> bool;

    /// The offset that remains in each input when it is multiplied.
    fn excess() -> f32;

    /// Packs the low 16 bits of the numbers: `[groups · STEPS]` → `[groups]`
    fn store(numbers: &[u32], input: &mut [Self::Input]);

    /// Most rows of a tile on this processor.
    fn most_rows() -> usize;

    /// Computes the sums of a tile.
    fn multiply(tile: Tile<'_, Self>);
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
    /// Initial values of the sums.
    pub(in crate::towers::cpu) start: [f32; LANES],
}

/// sums `[rows, LANES]` = (input `[groups, rows]`ᵀ · weight `[groups, LANES]`) · scales
pub(in crate::towers::cpu) struct Tile<'a, G: Group> {
    pub(in crate::towers::cpu) rows: usize,
    /// `[groups, rows]`
    pub(in crate::towers::cpu) input: &'a [G::Input],
    /// `[rows]`: the scale of each row's inputs.
    pub(in crate::towers::cpu) row_scales: &'a [f32],
    pub(in crate::towers::cpu) panel: PanelGroups<'a, G>,
    /// Memory to prefetch for what follows.
    pub(in crate::towers::cpu) next: &'a [u8],
    pub(in crate::towers::cpu) sums: &'a mut Sums,
}

impl<G: Group> Tile<'_, G> {
    /// Applies the row scales to totals `[rows, LANES]` and stores them as the tile's sums.
    #[inline(always)]
    pub(super) fn finish(self, totals: &[[f32; LANES]]) {
        for ((sums, totals), scale) in self.sums.iter_mut().zip(totals).zip(self.row_scales) {
            sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum = total * scale);
        }
    }
}
