//! Four steps at once, for processors with a dot product of 8-bit numbers (x86 with VNNI, ARM): in
//! wasm relaxed SIMD's, which adds up by itself.
//!
//! The input's 16 bits are multiplied 8 at a time, the upper ones first: their sum is shifted up
//! before the lower ones join. The instruction defines only 7 bits of one of its sides; what it does
//! with the eighth is up to the browser, and [`Product`] finds out by a multiplication, once for the
//! process, since it is a property of the processor. Bytes are stored with 32768 added to each
//! number, or with all their highest bits flipped as well, and what sums start with takes that off.

use std::sync::OnceLock;

use super::{
    Group, Quad, Tile,
    registers::{
        Registers,
        four::{self, COLUMNS as WIDTH, Four},
    },
};
use crate::towers::cpu::{tile::LANES, weight::PanelGroups};
use pickscore_checkpoint::weights::Blocks;

/// Steps of a block, as 8-bit weights are stored: with a number that the compiler knows the loop
/// needs no counting.
const BLOCK: usize = 32;
/// Its quads.
const QUADS: usize = BLOCK / Quad::STEPS;

impl Group for Quad {
    const STEPS: usize = 4;
    /// Upper bytes of four numbers, lower bytes of the same.
    type Input = [[u8; 4]; 2];
    const ZERO: f32 = 32768.0;

    fn can_take(blocks: &Blocks) -> bool {
        blocks.block == BLOCK
    }

    fn excess() -> f32 {
        Product::here().excess()
    }

    fn store(numbers: &[u32], input: &mut [[[u8; 4]; 2]]) {
        let flipped = Product::here().flipped();
        let all = input.iter_mut().zip(numbers.as_chunks().0);
        all.for_each(|(x, numbers)| *x = four::split(numbers, flipped));
    }

    fn most_rows() -> usize {
        Four::MOST_ROWS
    }

    fn multiply(tile: Tile<'_, Self>) {
        match tile.rows {
            1 => multiply::<1>(tile),
            2 => multiply::<2>(tile),
            3 => multiply::<3>(tile),
            _ => multiply::<{ Four::MOST_ROWS }>(tile),
        }
    }
}

/// What the product takes a byte above 127 for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Product {
    /// Itself, with VNNI.
    Unsigned,
    /// 256 less, on ARM.
    Signed,
    /// Anything else: products are cut off at 16 bits on the way, or there is no such instruction.
    Other,
}

impl Product {
    /// This processor's.
    fn here() -> Self {
        static HERE: OnceLock<Product> = OnceLock::new();
        *HERE.get_or_init(Self::ask)
    }

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
    fn ask() -> Self {
        use std::arch::wasm32::i32x4_extract_lane;
        let x = std::hint::black_box([255, 254, 128, 1]);
        let weight: [Quad; WIDTH] =
            std::hint::black_box([[127; 4], [-127; 4], [-127, 127, 1, -1], [127, 126, -125, 3]]);
        let sums = four::dot_quads(four::splat_quad(x), four::load(&weight), Four.zero());
        let sums = [
            i32x4_extract_lane::<0>(sums),
            i32x4_extract_lane::<1>(sums),
            i32x4_extract_lane::<2>(sums),
            i32x4_extract_lane::<3>(sums),
        ];
        let expected = |of: fn(u8) -> i32| {
            weight.map(|weight| x.iter().zip(weight).map(|(x, w)| of(*x) * i32::from(w)).sum::<i32>())
        };
        match sums {
            sums if sums == expected(i32::from) => Self::Unsigned,
            sums if sums == expected(|x| i32::from(x as i8)) => Self::Signed,
            _ => Self::Other,
        }
    }

    /// As the twin in plain numbers has it.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd")))]
    fn ask() -> Self {
        if cfg!(target_family = "wasm") { Self::Other } else { Self::Unsigned }
    }

    /// Bits of each byte that are flipped: where 128 to 255 are negative, that leaves each byte 128
    /// too small instead.
    fn flipped(self) -> u8 {
        if self == Self::Signed { 0x80 } else { 0 }
    }

    /// By how much numbers are too large when they are multiplied.
    fn excess(self) -> f32 {
        match self {
            Self::Signed => Quad::ZERO - 128.0 * 257.0,
            Self::Unsigned | Self::Other => Quad::ZERO,
        }
    }
}

/// Whether this processor has the product. Outside of wasm pairs are as fast where it has, and
/// simpler.
pub(super) fn are_fast() -> bool {
    cfg!(target_family = "wasm") && Product::here() != Product::Other
}

/// By itself: within a larger function the browser's compiler runs out of registers.
#[inline(never)]
#[cfg_attr(
    all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"),
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
                    Four.scale(*sum, &scales[at..at + WIDTH], &mut totals[at..at + WIDTH]);
                }
            }
        }
    }
    tile.finish(&totals);
}

/// A block's sums in the columns from `first` on: of each row, two registers of them.
#[inline]
#[cfg_attr(
    all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"),
    target_feature(enable = "relaxed-simd")
)]
fn block<const ROWS: usize>(
    input: &[[[[u8; 4]; 2]; ROWS]],
    weight: &[[Quad; LANES]],
    first: usize,
) -> [[<Four as Registers>::Sums; 2]; ROWS] {
    let mut sums = [[Four.zero(); 2]; ROWS];
    for half in 0..2 {
        if half == 1 {
            sums = sums.map(|sums| sums.map(four::raise));
        }
        for (input, weight) in input.iter().zip(weight) {
            let [left, right] = [first, first + WIDTH].map(|at| four::load(&weight[at..at + WIDTH]));
            for (quads, sums) in input.iter().zip(&mut sums) {
                let x = four::splat_quad(quads[half]);
                *sums = [four::dot_quads(x, left, sums[0]), four::dot_quads(x, right, sums[1])];
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_products_see_each_number_with_its_excess() {
        for product in [Product::Unsigned, Product::Signed] {
            for number in [-32767i32, -32640, -129, -128, -1, 0, 1, 127, 128, 255, 256, 12345, 32767] {
                let stored = (number + Quad::ZERO as i32) as u32;
                let [upper, lower] = four::split(&[stored; 4], product.flipped()).map(|bytes| {
                    let byte = bytes[0];
                    if product == Product::Signed { i32::from(byte as i8) } else { i32::from(byte) }
                });
                assert_eq!(256 * upper + lower, number + product.excess() as i32, "{product:?} {number}");
            }
        }
    }
}
