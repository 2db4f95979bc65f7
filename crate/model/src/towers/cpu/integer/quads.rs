//! Four steps at a time, on processors with an 8-bit dot product: through wasm's relaxed SIMD (x86
//! with VNNI, ARM), and natively on ARM with FEAT_DotProd (`byte_rows.rs`).
//!
//! The 16-bit inputs are multiplied in two halves: first the upper bytes, whose sum is then shifted
//! left, and then the lower bytes. Relaxed SIMD leaves it to the processor whether input bytes
//! above 127 are signed; [`Product`] detects that once per process. Inputs are stored with an
//! offset of 32768, and for signed products with the highest bit of each byte flipped. The initial
//! values of the sums cancel the remaining offset.
//!
//! `bytes.rs` uses the same loops for inputs of one byte.

use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use super::{byte_rows, registers::arm::Dot};
use super::{
    group::{Group, PanelGroups, Quad, Rounding, Tile},
    registers::{
        Registers,
        four::{self, COLUMNS as WIDTH, Four},
    },
};
use crate::towers::cpu::tile::{Heights, LANES};
use pickscore_checkpoint::weights::Blocks;

/// Steps per block, as q8 weights are stored. A constant lets the compiler unroll the loop.
pub(super) const BLOCK: usize = 32;
/// Quads per block.
const QUADS: usize = BLOCK / 4;
/// Added to the rounded inputs, so that they are not negative.
pub(super) const ZERO: f32 = 32768.0;

impl Group for Quad<2> {
    const STEPS: usize = 4;
    const RUN: usize = 512;
    /// The upper bytes of four inputs, then their lower bytes.
    type Input = [[u8; 4]; 2];

    fn can_take(blocks: &Blocks) -> bool {
        can_take(blocks)
    }

    fn rounding(row: &[f32]) -> Rounding {
        // Both bytes have less by this much, that is, the number 257 times as much.
        Rounding::fine(row, ZERO, ZERO - 257.0 * flipped_by())
    }

    fn store(numbers: &[u32], input: &mut [[[u8; 4]; 2]]) {
        let flipped = flipped();
        let all = input.iter_mut().zip(numbers.as_chunks().0);
        all.for_each(|(x, numbers)| *x = four::split(numbers, flipped));
    }

    fn heights() -> Heights {
        heights::<2>()
    }

    fn multiply(tile: Tile<'_, Self>) {
        run(tile);
    }
}

/// Whether weights with these blocks are supported.
pub(super) fn can_take(blocks: &Blocks) -> bool {
    blocks.block == BLOCK
}

/// How the dot product interprets input bytes above 127.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Product {
    /// As unsigned (x86 with VNNI).
    Unsigned,
    /// As signed, 256 less (ARM).
    Signed,
    /// As unsigned, and the sums of two products saturate at 16 bits (x86 without VNNI). Inputs of
    /// 7 bits are multiplied correctly.
    Saturating,
    /// There is no such instruction.
    Missing,
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
        let weight: [[i8; 4]; WIDTH] =
            std::hint::black_box([[127; 4], [-127; 4], [-127, 127, 1, -1], [127, 126, -125, 3]]);
        let quads = weight.map(Quad::<2>);
        let is = |x: [u8; 4], of: fn(u8) -> i32| {
            let x = std::hint::black_box(x);
            let sums = four::dot_quads(four::splat_quad(x), four::load(&quads), Four.zero());
            let sums = [
                i32x4_extract_lane::<0>(sums),
                i32x4_extract_lane::<1>(sums),
                i32x4_extract_lane::<2>(sums),
                i32x4_extract_lane::<3>(sums),
            ];
            sums == weight.map(|weight| x.iter().zip(weight).map(|(x, w)| of(*x) * i32::from(w)).sum::<i32>())
        };
        match [255, 254, 128, 1] {
            x if is(x, i32::from) => Self::Unsigned,
            x if is(x, |x| i32::from(x as i8)) => Self::Signed,
            _ if is([127, 126, 64, 1], i32::from) => Self::Saturating,
            _ => Self::Missing,
        }
    }

    /// The behaviour of FEAT_DotProd, or else of the scalar implementation.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd")))]
    fn detect() -> Self {
        #[cfg(target_arch = "aarch64")]
        if Dot::detect().is_some() {
            return Self::Signed;
        }
        if cfg!(target_family = "wasm") { Self::Missing } else { Self::Unsigned }
    }

    /// The bits to flip in each input byte. For a signed product, flipping the highest bit
    /// subtracts 128 from the byte's value.
    fn flipped(self) -> u8 {
        if self == Self::Signed { 0x80 } else { 0 }
    }
}

/// The bits to flip in each input byte on this processor.
pub(super) fn flipped() -> u8 {
    Product::here().flipped()
}

/// The largest input byte that this processor multiplies, before its bits are flipped.
pub(super) fn largest_byte() -> u8 {
    if Product::here() == Product::Saturating { 127 } else { 255 }
}

/// Whether inputs of one byte are faster than pairs on this processor.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn bytes_are_fast() -> bool {
    let product = Product::here();
    product == Product::Signed || (cfg!(target_family = "wasm") && product != Product::Missing)
}

/// How much less an input byte is in a product, because of its flipped bits.
pub(super) fn flipped_by() -> f32 {
    f32::from(flipped())
}

/// Whether quads are faster than pairs on this processor. On x86 outside wasm, pairs with VNNI are
/// as fast.
pub(in crate::towers::cpu) fn are_fast() -> bool {
    let product = Product::here();
    product == Product::Signed || (cfg!(target_family = "wasm") && product == Product::Unsigned)
}

/// The heights that tiles may have on this processor.
pub(super) fn heights<const BYTES: usize>() -> Heights {
    #[cfg(target_arch = "aarch64")]
    if Dot::detect().is_some() {
        return byte_rows::heights(BYTES);
    }
    Heights::up_to(four::MOST_ROWS)
}

/// Computes the sums of a tile on this processor.
pub(super) fn run<const BYTES: usize>(tile: Tile<'_, Quad<BYTES>>)
where
    Quad<BYTES>: Group<Input = [[u8; 4]; BYTES]>,
{
    #[cfg(target_arch = "aarch64")]
    if let Some(registers) = Dot::detect() {
        return byte_rows::run_on_dot(registers, tile);
    }
    run_on_four(tile);
}

/// Computes the sums of a tile with a loop for its number of rows.
pub(super) fn run_on_four<const BYTES: usize>(tile: Tile<'_, Quad<BYTES>>)
where
    Quad<BYTES>: Group<Input = [[u8; 4]; BYTES]>,
{
    match tile.rows {
        1 => multiply::<BYTES, 1>(tile),
        2 => multiply::<BYTES, 2>(tile),
        3 => multiply::<BYTES, 3>(tile),
        _ => multiply::<BYTES, { four::MOST_ROWS }>(tile),
    }
}

/// Computes the sums of a tile. Not inlined, because the browser's compiler runs out of registers
/// within a larger function.
#[inline(never)]
#[cfg_attr(
    all(target_arch = "wasm32", target_feature = "simd128", feature = "relaxed-simd"),
    target_feature(enable = "relaxed-simd")
)]
fn multiply<const BYTES: usize, const ROWS: usize>(tile: Tile<'_, Quad<BYTES>>)
where
    Quad<BYTES>: Group<Input = [[u8; 4]; BYTES]>,
{
    let (rows, sums_of_rows) = (tile.row_scales.first_chunk(), tile.sums.first_chunk_mut());
    let (Some(rows), Some(sums_of_rows)) = (rows, sums_of_rows) else { return };
    let PanelGroups { weight, scales, columns, .. } = tile.panel;
    let mut totals = Four.start::<ROWS>(rows, &columns);
    let (input, weight) = (tile.input.as_chunks::<ROWS>().0, weight.as_chunks::<LANES>().0);
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
    Four.finish(rows, &totals, sums_of_rows);
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
fn block<const BYTES: usize, const ROWS: usize>(
    input: &[[[[u8; 4]; BYTES]; ROWS]],
    weight: &[[Quad<BYTES>; LANES]],
    first: usize,
) -> [[<Four as Registers>::Sums; 2]; ROWS] {
    let mut sums = [[Four.zero(); 2]; ROWS];
    for byte in 0..BYTES {
        if byte == 1 {
            sums = sums.map(|sums| sums.map(four::raise));
        }
        for (input, weight) in input.iter().zip(weight) {
            let [left, right] = [first, first + WIDTH].map(|at| four::load(&weight[at..at + WIDTH]));
            for (quads, sums) in input.iter().zip(&mut sums) {
                let x = four::splat_quad(quads[byte]);
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
    fn split_inputs_have_the_stated_zero() {
        for product in [Product::Unsigned, Product::Signed] {
            for number in [-32767i32, -32640, -129, -128, -1, 0, 1, 127, 128, 255, 256, 12345, 32767] {
                let stored = (number + ZERO as i32) as u32;
                let [upper, lower] = four::split(&[stored; 4], product.flipped()).map(|bytes| {
                    let byte = bytes[0];
                    if product == Product::Signed { i32::from(byte as i8) } else { i32::from(byte) }
                });
                let zero = ZERO as i32 - 257 * i32::from(product.flipped());
                assert_eq!(256 * upper + lower, number + zero, "{product:?} {number}");
            }
        }
    }
}
