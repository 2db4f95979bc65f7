//! Four steps at a time, on processors with an 8-bit dot product (x86 with VNNI, ARM), through
//! wasm's relaxed SIMD.
//!
//! The 16-bit inputs are multiplied in two halves: first the upper bytes, whose sum is then shifted
//! left, and then the lower bytes. Relaxed SIMD leaves it to the processor whether input bytes
//! above 127 are signed; [`Product`] detects that once per process. Inputs are stored with an
//! offset of 32768, and for signed products with the highest bit of each byte flipped. The initial
//! values of the sums cancel the remaining offset.

use std::sync::OnceLock;

use super::{
    group::{Group, PanelGroups, Quad, Tile},
    registers::{
        Registers,
        four::{self, COLUMNS as WIDTH, Four},
    },
};
use crate::towers::cpu::tile::LANES;
use pickscore_checkpoint::weights::Blocks;

/// Steps per block, as q8 weights are stored. A constant lets the compiler unroll the loop.
const BLOCK: usize = 32;
/// Quads per block.
const QUADS: usize = BLOCK / Quad::STEPS;

impl Group for Quad {
    const STEPS: usize = 4;
    /// The upper bytes of four inputs, then their lower bytes.
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

/// How the dot product interprets input bytes above 127.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Product {
    /// As unsigned (x86 with VNNI).
    Unsigned,
    /// As signed, 256 less (ARM).
    Signed,
    /// Neither: intermediate sums saturate at 16 bits, or there is no such instruction.
    Other,
}

impl Product {
    /// The behaviour of this processor, determined once.
    fn here() -> Self {
        static DETECTED: OnceLock<Product> = OnceLock::new();
        *DETECTED.get_or_init(Self::detect)
    }

    #[cfg(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"))]
    fn detect() -> Self {
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

    /// The behaviour of the scalar implementation.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd")))]
    fn detect() -> Self {
        if cfg!(target_family = "wasm") { Self::Other } else { Self::Unsigned }
    }

    /// The bits to flip in each input byte. For a signed product, flipping the highest bit
    /// subtracts 128 from the byte's value.
    fn flipped(self) -> u8 {
        if self == Self::Signed { 0x80 } else { 0 }
    }

    /// The offset that remains in each input when it is multiplied.
    fn excess(self) -> f32 {
        match self {
            Self::Signed => Quad::ZERO - 128.0 * 257.0,
            Self::Unsigned | Self::Other => Quad::ZERO,
        }
    }
}

/// Whether quads are faster than pairs on this processor. Outside wasm, pairs with VNNI are as
/// fast.
pub(in crate::towers::cpu) fn are_fast() -> bool {
    cfg!(target_family = "wasm") && Product::here() != Product::Other
}

/// Computes the sums of a tile. Not inlined, because the browser's compiler runs out of registers
/// within a larger function.
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

/// Computes the sums of a block for two registers of columns from `first` on.
///
/// # Shapes
///
/// - input: `[quads, ROWS]`
/// - weight: `[quads, LANES]`
/// - output: `[ROWS, 2 · WIDTH]`
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
    fn split_inputs_have_the_stated_excess() {
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
