//! Registers, each with the sums of a few columns.

pub(super) mod four;
#[cfg(target_arch = "x86_64")]
pub(super) mod x86;

use super::Pair;

/// Registers of one kind, and how pairs are multiplied in them. A value is the proof that the
/// processor has them: kinds that not every processor has can only be made by detection.
pub(super) trait Registers: Copy {
    /// Columns of a register.
    const COLUMNS: usize;
    /// Rows of a tile, 7 at most. Each row takes two registers of a block's sums, and two more of
    /// what all blocks add up to where those are to stay in registers as well.
    const MOST_ROWS: usize;
    /// A sum of each column.
    type Sums: Copy;
    /// A pair of each column, widened.
    type Weight: Copy;
    /// One pair for all columns.
    type Input: Copy;

    fn zero(self) -> Self::Sums;

    /// The pairs of [`Self::COLUMNS`] columns.
    fn widen(self, pairs: &[Pair]) -> Self::Weight;

    fn splat(self, pair: [i16; 2]) -> Self::Input;

    /// sums + the product of both pairs of each column
    fn dot(self, x: Self::Input, weight: Self::Weight, sums: Self::Sums) -> Self::Sums;

    /// totals ← totals + sums · scales
    fn scale(self, sums: Self::Sums, scales: &[f32], totals: &mut [f32]);
}
