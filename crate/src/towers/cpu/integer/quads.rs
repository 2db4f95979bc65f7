//! Four steps at once, for processors with a dot product of 8-bit numbers (x86 with VNNI, ARM): in wasm relaxed SIMD's product of 8 and 7 bits, which adds
//! up by itself.
//!
//! The input's 14 bits are multiplied 7 at a time, the upper ones first: their sum is shifted up before the lower ones join. None is negative, as
//! that instruction has it: 8192 is added to each, and taken off the sums by what they begin with.

use super::{
    Group, Quad, Tile,
    lanes::{self, COLUMNS as WIDTH},
};
use crate::{
    towers::cpu::{tile::LANES, weight::PanelGroups},
    weights::Blocks,
};

/// Steps of a block, as 8-bit weights are stored: with a number that the compiler knows the loop needs no counting.
const BLOCK: usize = 32;
/// Its quads.
const QUADS: usize = BLOCK / Quad::STEPS;

impl Group for Quad {
    const STEPS: usize = 4;
    /// Upper bits of four numbers, lower bits of the same.
    type Input = [[u8; 4]; 2];
    const LARGEST: f32 = 8191.0;
    const ZERO: f32 = 8192.0;

    fn can_take(blocks: &Blocks) -> bool {
        blocks.block == BLOCK
    }

    fn store(numbers: &[u32], input: &mut [[[u8; 4]; 2]]) {
        input.iter_mut().zip(numbers.as_chunks().0).for_each(|(x, numbers)| *x = lanes::split(numbers));
    }

    fn multiply<const ROWS: usize>(tile: Tile<'_, Self>) {
        multiply::<ROWS>(tile);
    }
}

/// Whether this processor has the product, by what it answers beyond what it must: 4 · 127 times 255 with VNNI, times −1 on ARM. Others add up pairs
/// of products first, which are cut off at 16 bits; the build without relaxed SIMD answers neither.
pub(super) fn are_fast() -> bool {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(feature = "wgpu")))]
    {
        let [x, weight] = std::hint::black_box([[0xff; 4], [127; 4]]);
        let sums = lanes::dot_quads(lanes::splat_quad(x), lanes::splat_quad(weight), lanes::ZERO);
        matches!(std::arch::wasm32::i32x4_extract_lane::<0>(sums), 129_540 | -508)
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128", not(feature = "wgpu"))))]
    false
}

/// By itself: within a larger function the browser's compiler runs out of registers.
#[inline(never)]
#[cfg_attr(
    all(target_arch = "wasm32", target_feature = "simd128", not(feature = "wgpu")),
    target_feature(enable = "relaxed-simd")
)]
fn multiply<const ROWS: usize>(tile: Tile<'_, Quad>) {
    let PanelGroups { weight, scales, start, .. } = tile.panel;
    let (input, weight) = (tile.input.as_chunks::<ROWS>().0, weight.as_chunks::<LANES>().0);
    let mut totals = [start; ROWS];
    for first in (0..LANES).step_by(2 * WIDTH) {
        let blocks = input.chunks(QUADS).zip(weight.chunks(QUADS)).zip(scales);
        for ((input, weight), scales) in blocks {
            let sums = match (input.first_chunk::<QUADS>(), weight.first_chunk::<QUADS>()) {
                (Some(input), Some(weight)) => block(input, weight, first),
                _ => block(input, weight, first),
            };
            for (sums, totals) in sums.iter().zip(&mut totals) {
                for (sum, at) in sums.iter().zip([first, first + WIDTH]) {
                    lanes::scale(*sum, &scales[at..at + WIDTH], &mut totals[at..at + WIDTH]);
                }
            }
        }
    }
    tile.finish(&totals);
}

/// A block's sums in the columns from `first` on: of each row, two registers of them.
#[inline]
#[cfg_attr(
    all(target_arch = "wasm32", target_feature = "simd128", not(feature = "wgpu")),
    target_feature(enable = "relaxed-simd")
)]
fn block<const ROWS: usize>(
    input: &[[[[u8; 4]; 2]; ROWS]],
    weight: &[[Quad; LANES]],
    first: usize,
) -> [[lanes::Sums; 2]; ROWS] {
    let mut sums = [[lanes::ZERO; 2]; ROWS];
    for half in 0..2 {
        if half == 1 {
            sums = sums.map(|sums| sums.map(lanes::raise));
        }
        for (input, weight) in input.iter().zip(weight) {
            let [left, right] = [first, first + WIDTH].map(|at| lanes::load(&weight[at..at + WIDTH]));
            for (quads, sums) in input.iter().zip(&mut sums) {
                let x = lanes::splat_quad(quads[half]);
                *sums = [lanes::dot_quads(x, left, sums[0]), lanes::dot_quads(x, right, sums[1])];
            }
        }
    }
    sums
}
