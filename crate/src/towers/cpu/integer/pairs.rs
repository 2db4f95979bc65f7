//! Two steps at once: a product of two pairs of 16-bit numbers is one instruction, half of what as many products in f32 take.

use super::{Group, Pair, Tile, lanes};
use crate::{
    towers::cpu::{tile::LANES, weight::PanelGroups},
    weights::Blocks,
};

/// Most steps of one block before its sum could overflow: 2³¹ / (127 · 32767).
const MOST_BLOCK: usize = 512;

impl Group for Pair {
    const STEPS: usize = 2;
    type Input = [i16; 2];
    const ZERO: f32 = 0.0;

    /// Pairs lie within a block, whose sum fits in 31 bits.
    fn can_take(blocks: &Blocks) -> bool {
        blocks.block.is_multiple_of(2) && (2..=MOST_BLOCK).contains(&blocks.block)
    }

    fn excess() -> f32 {
        0.0
    }

    fn store(numbers: &[u32], input: &mut [[i16; 2]]) {
        let input: &mut [i16] = bytemuck::cast_slice_mut(input);
        input.iter_mut().zip(numbers).for_each(|(x, number)| *x = *number as i16);
    }

    /// By itself: within a larger function the browser's compiler runs out of registers.
    #[inline(never)]
    fn multiply<const ROWS: usize>(tile: Tile<'_, Self>) {
        const WIDTH: usize = lanes::COLUMNS;
        let input = tile.input.as_chunks::<ROWS>().0;
        let PanelGroups { weight, scales: all_scales, block, before, start: totals } = tile.panel;
        let weight = weight.as_chunks::<LANES>().0;
        let mut totals = [totals; ROWS];
        for first in (0..LANES).step_by(2 * WIDTH) {
            let (mut start, mut length) = (0, block - before);
            for scales in all_scales {
                let end = (start + length).min(input.len());
                let mut sums = [[lanes::ZERO; 2]; ROWS];
                for (input, weight) in input[start..end].iter().zip(&weight[start..end]) {
                    let [left, right] =
                        [first, first + WIDTH].map(|at| lanes::widen(&weight[at..at + WIDTH]));
                    for (pair, sums) in input.iter().zip(&mut sums) {
                        let x = lanes::splat_pair(*pair);
                        *sums = [lanes::dot_pairs(x, left, sums[0]), lanes::dot_pairs(x, right, sums[1])];
                    }
                }
                for (sums, totals) in sums.iter().zip(&mut totals) {
                    for (sum, at) in sums.iter().zip([first, first + WIDTH]) {
                        lanes::scale(*sum, &scales[at..at + WIDTH], &mut totals[at..at + WIDTH]);
                    }
                }
                (start, length) = (end, block);
            }
        }
        tile.finish(&totals);
    }
}
