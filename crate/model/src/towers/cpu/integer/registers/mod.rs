//! SIMD registers, each holding the sums of a few columns.

#[cfg(target_arch = "aarch64")]
pub(super) mod arm;
pub(super) mod four;
#[cfg(target_arch = "x86_64")]
pub(super) mod x86;

use super::group::{Group, RowScale};
use crate::towers::cpu::tile::LANES;

/// One kind of registers. A value of an implementing type proves that the processor supports its
/// instructions: types that not every processor supports can only be obtained by detection.
pub(super) trait Registers: Copy {
    /// Columns per register.
    const COLUMNS: usize;
    /// One sum per column.
    type Sums: Copy;

    /// Sums of zero.
    fn zero(self) -> Self::Sums;

    /// `totals += sums · scales` for [`Self::COLUMNS`] columns.
    fn scale(self, sums: Self::Sums, scales: &[f32], totals: &mut [f32]);

    /// `products = factor · values` for [`Self::COLUMNS`] columns.
    fn times(self, factor: f32, values: &[f32], products: &mut [f32]);

    /// The initial totals of a tile's rows, which cancel what the zeros of the rows contribute.
    #[inline(always)]
    fn start<const ROWS: usize>(
        self,
        rows: &[RowScale; ROWS],
        columns: &[f32; LANES],
    ) -> [[f32; LANES]; ROWS] {
        let mut totals = [[0.0; LANES]; ROWS];
        for row in 0..ROWS {
            for at in (0..LANES).step_by(Self::COLUMNS) {
                let end = at + Self::COLUMNS;
                self.times(-rows[row].zero, &columns[at..end], &mut totals[row][at..end]);
            }
        }
        totals
    }

    /// Applies the scales of the rows to their totals: → sums `[ROWS, LANES]`
    #[inline(always)]
    fn finish<const ROWS: usize>(
        self,
        rows: &[RowScale; ROWS],
        totals: &[[f32; LANES]; ROWS],
        sums: &mut [[f32; LANES]; ROWS],
    ) {
        for row in 0..ROWS {
            for at in (0..LANES).step_by(Self::COLUMNS) {
                let end = at + Self::COLUMNS;
                self.times(rows[row].scale, &totals[row][at..end], &mut sums[row][at..end]);
            }
        }
    }
}

/// Registers whose instructions multiply groups.
pub(super) trait Multiplies<G: Group>: Registers {
    /// Most rows of a tile, at most 7. Each row needs two registers for the sums of a block, and
    /// two more for the totals to stay in registers.
    const MOST_ROWS: usize;
    /// One group of weights per column.
    type Weight: Copy;
    /// One group of inputs, repeated for all columns.
    type Input: Copy;

    /// Loads the groups of [`Registers::COLUMNS`] columns.
    fn load(self, groups: &[G]) -> Self::Weight;

    /// Repeats a group of inputs for all columns.
    fn splat(self, input: G::Input) -> Self::Input;

    /// `sums + x · weight` for each column, the dot product of two groups.
    fn dot(self, x: Self::Input, weight: Self::Weight, sums: Self::Sums) -> Self::Sums;
}
