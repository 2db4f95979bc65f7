//! SIMD registers, each holding the sums of a few columns.

pub(super) mod four;
#[cfg(target_arch = "x86_64")]
pub(super) mod x86;

use super::group::Pair;

/// Arithmetic on pairs with one kind of registers. A value of an implementing type proves that the
/// processor supports its instructions: types that not every processor supports can only be
/// obtained by detection.
pub(super) trait Registers: Copy {
    /// Columns per register.
    const COLUMNS: usize;
    /// Most rows of a tile, at most 7. Each row needs two registers for the sums of a block, and
    /// two more for the totals to stay in registers.
    const MOST_ROWS: usize;
    /// One sum per column.
    type Sums: Copy;
    /// One widened pair per column.
    type Weight: Copy;
    /// One pair, repeated for all columns.
    type Input: Copy;

    /// Sums of zero.
    fn zero(self) -> Self::Sums;

    /// Loads and widens the pairs of [`Self::COLUMNS`] columns.
    fn widen(self, pairs: &[Pair]) -> Self::Weight;

    /// Repeats a pair for all columns.
    fn splat(self, pair: [i16; 2]) -> Self::Input;

    /// `sums + x · weight` for each column, the dot product of two pairs.
    fn dot(self, x: Self::Input, weight: Self::Weight, sums: Self::Sums) -> Self::Sums;

    /// `totals += sums · scales` for [`Self::COLUMNS`] columns.
    fn scale(self, sums: Self::Sums, scales: &[f32], totals: &mut [f32]);
}
