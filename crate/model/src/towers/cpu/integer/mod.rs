//! The innermost loop for 8-bit weights in whole numbers: wasm and x86 multiply more of those with
//! one instruction than of f32.
//!
//! Weights stay the 8-bit numbers that they are. Of the input each row is rounded to 15 bits and a
//! sign, which loses a hundredth of what rounding the weights has lost. A block's sums are whole
//! numbers and exact; f32 adds those of different blocks, each times its scale.
//!
//! An instruction multiplies a few neighbouring steps of a column at once and adds them up, a
//! [`Group`]: [`pairs`] everywhere, [`quads`] where the processor has a dot product of 8-bit
//! numbers.

mod pairs;
mod quads;
mod registers;

use bytemuck::Pod;

use super::{
    math,
    tile::{LANES, Sums},
    vectorize::vectorized,
    weight::PanelGroups,
};
use pickscore_checkpoint::weights::Blocks;

/// Neighbouring steps of a column.
pub(super) type Pair = [i8; 2];
/// Neighbouring steps of a column.
pub(super) type Quad = [i8; 4];

/// A column's weights of as many steps as one instruction multiplies.
pub(super) trait Group: Pod + Send + Sync {
    /// How many steps.
    const STEPS: usize;
    /// A row's numbers of those steps.
    type Input: Pod + Send + Sync;
    /// What is added to each number of the input before it is stored.
    const ZERO: f32;

    /// Whether weights can be multiplied so.
    fn can_take(blocks: &Blocks) -> bool;

    /// By how much each number of the input is too large when it is multiplied.
    fn excess() -> f32;

    /// Whole numbers that are the last 16 bits of these → the same as they are multiplied.
    fn store(numbers: &[u32], input: &mut [Self::Input]);

    /// Most rows of a tile on this processor.
    fn most_rows() -> usize;

    /// sums `[rows, LANES]` = (input `[groups, rows]`ᵀ · weight `[groups, LANES]`) · scales
    fn multiply(tile: Tile<'_, Self>);
}

/// The largest number that an input is rounded to.
const LARGEST: f32 = 32767.0;

/// Whether two steps at once are faster than one after the other in f32 on this processor.
pub(super) fn pairs_are_fast() -> bool {
    pairs::are_fast()
}

/// Whether four steps at once are faster than two on this processor.
pub(super) fn quads_are_fast() -> bool {
    quads::are_fast()
}

/// sums `[rows, LANES]` = (input `[steps, rows]`ᵀ · weight `[steps, LANES]`) · scales
pub(super) struct Tile<'a, G: Group> {
    pub(super) rows: usize,
    /// `[groups, rows]`
    pub(super) input: &'a [G::Input],
    /// Of each row: what its numbers are times.
    pub(super) row_scales: &'a [f32],
    pub(super) panel: PanelGroups<'a, G>,
    /// What is read afterwards and may be far away.
    pub(super) next: &'a [u8],
    pub(super) sums: &'a mut Sums,
}

impl<G: Group> Tile<'_, G> {
    /// Keeps the sums that scales of columns were in already.
    #[inline(always)]
    fn finish(self, totals: &[[f32; LANES]]) {
        for ((sums, totals), scale) in self.sums.iter_mut().zip(totals).zip(self.row_scales) {
            sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum = total * scale);
        }
    }
}

/// input `[rows, inputs]` → `[rows, ceil(inputs / STEPS)]` whole numbers, and what each row's are
/// times
pub(super) fn round_input<G: Group>(
    input: &[f32],
    inputs: usize,
    rounded: &mut [G::Input],
    scales: &mut [f32],
) {
    /// Rows of a part.
    const ROWS: usize = 4;
    /// Input, what it is rounded to, and what that is times.
    type Part<'a, Rounded> = ((&'a [f32], &'a mut [Rounded]), &'a mut [f32]);
    let groups = inputs.div_ceil(G::STEPS);
    let rounded = rounded.chunks_mut(ROWS * groups);
    let parts = input.chunks(ROWS * inputs).zip(rounded).zip(scales.chunks_mut(ROWS)).collect();
    super::for_each_part(parts, |((input, rounded), scales): Part<'_, G::Input>| {
        let rows = input.chunks_exact(inputs).zip(rounded.chunks_exact_mut(groups)).zip(scales);
        rows.for_each(|((input, rounded), scale)| *scale = round_row::<G>(input, rounded));
    });
}

/// A row's numbers as whole ones, and what those are times.
fn round_row<G: Group>(input: &[f32], rounded: &mut [G::Input]) -> f32 {
    /// Numbers at a time: whole groups.
    const RUN: usize = 64;
    let scale = math::largest(input) / LARGEST;
    let inverse = if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 };
    let round = math::ROUND + G::ZERO;
    vectorized(
        #[inline(always)]
        || {
            for (input, rounded) in input.chunks(RUN).zip(rounded.chunks_mut(RUN / G::STEPS)) {
                // Beyond the last number weights are zero.
                let mut numbers = [0; RUN];
                numbers
                    .iter_mut()
                    .zip(input)
                    .for_each(|(number, x)| *number = (x * inverse + round).to_bits());
                G::store(&numbers[..rounded.len() * G::STEPS], rounded);
            }
        },
    );
    scale
}
