//! The innermost loop for 8-bit weights in whole numbers: in wasm a product of two pairs of 16-bit numbers is one instruction, half of what as
//! many products in f32 take.
//!
//! Weights stay the 8-bit numbers that they are. Of the input each row is rounded to 15 bits and a sign, which loses a hundredth of what rounding
//! the weights has lost. A block's sums are whole numbers and exact; f32 adds those of different blocks, each times its scale.

use super::{
    math,
    tile::{LANES, Sums},
    weight::PanelPairs,
};
use crate::weights::Blocks;

/// Two neighbouring steps of an input row.
pub(super) type Pair = [i16; 2];

/// Rows of a tile: with more, compilers of wasm run out of registers.
pub(super) const MOST_ROWS: usize = 4;
/// Most steps of one block before its sum could overflow: 2³¹ / (127 · 32767).
pub(super) const MOST_BLOCK: usize = 512;
/// The largest number that an input is rounded to.
const LARGEST: f32 = 32767.0;

/// Whether weights can be multiplied so: pairs lie within a block, whose sum fits in 31 bits.
pub(super) fn can_take(blocks: &Blocks) -> bool {
    blocks.block.is_multiple_of(2) && (2..=MOST_BLOCK).contains(&blocks.block)
}

/// sums `[rows, LANES]` = (input `[steps, rows]`ᵀ · weight `[steps, LANES]`) · scales, where steps come in pairs
pub(super) struct PairTile<'a> {
    pub(super) rows: usize,
    /// `[steps / 2, rows]`
    pub(super) input: &'a [Pair],
    /// Of each row: what its numbers are times.
    pub(super) row_scales: &'a [f32],
    pub(super) panel: PanelPairs<'a>,
    pub(super) sums: &'a mut Sums,
}

impl PairTile<'_> {
    pub(super) fn run(self) {
        match self.rows {
            1 => self.of_rows::<1>(),
            2 => self.of_rows::<2>(),
            3 => self.of_rows::<3>(),
            _ => self.of_rows::<MOST_ROWS>(),
        }
    }

    /// By itself: within a larger function the browser's compiler runs out of registers.
    #[inline(never)]
    fn of_rows<const ROWS: usize>(self) {
        const WIDTH: usize = lanes::COLUMNS;
        let input = self.input.as_chunks::<ROWS>().0;
        let PanelPairs { weight, scales: all_scales, block, before } = self.panel;
        let weight = weight.as_chunks::<LANES>().0;
        let mut totals = [[0.0; LANES]; ROWS];
        for first in (0..LANES).step_by(2 * WIDTH) {
            let (mut start, mut length) = (0, block - before);
            for scales in all_scales {
                let end = (start + length).min(input.len());
                let mut sums = [[lanes::ZERO; 2]; ROWS];
                for (input, weight) in input[start..end].iter().zip(&weight[start..end]) {
                    let [left, right] = [first, first + WIDTH].map(|at| lanes::load(&weight[at..at + WIDTH]));
                    for (pair, sums) in input.iter().zip(&mut sums) {
                        let x = lanes::splat(*pair);
                        *sums = [lanes::dot(x, left, sums[0]), lanes::dot(x, right, sums[1])];
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
        for ((sums, totals), scale) in self.sums.iter_mut().zip(totals).zip(self.row_scales) {
            sums.iter_mut().zip(totals).for_each(|(sum, total)| *sum = total * scale);
        }
    }
}

/// input `[rows, inputs]` → `[rows, ceil(inputs / 2)]` pairs of whole numbers, and what each row's are times
pub(super) fn round_input(input: &[f32], inputs: usize, pairs: &mut [Pair], scales: &mut [f32]) {
    let half = inputs.div_ceil(2);
    let rows = input.chunks_exact(inputs).zip(pairs.chunks_exact_mut(half)).zip(scales).collect();
    super::for_each_part(rows, |((input, pairs), scale): ((&[f32], &mut [Pair]), &mut f32)| {
        // Beyond an odd number of inputs.
        pairs[half - 1] = Pair::default();
        *scale = rounded(input, bytemuck::cast_slice_mut(pairs));
    });
}

/// A row's numbers as whole ones, and what those are times.
fn rounded(input: &[f32], numbers: &mut [i16]) -> f32 {
    let largest = math::largest(input);
    let scale = largest / LARGEST;
    let inverse = if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 };
    for (number, x) in numbers.iter_mut().zip(input) {
        *number = (x * inverse + math::ROUND).to_bits() as i16;
    }
    scale
}

/// Four columns at once.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod lanes {
    use std::arch::wasm32::{
        f32x4_add, f32x4_convert_i32x4, f32x4_mul, i16x8_load_extend_i8x8, i32x4, i32x4_add, i32x4_dot_i16x8,
        i32x4_splat, v128, v128_load, v128_store,
    };

    use super::Pair;

    pub(super) const COLUMNS: usize = 4;
    pub(super) const ZERO: v128 = i32x4(0, 0, 0, 0);

    /// The pairs of four columns, widened.
    #[inline(always)]
    pub(super) fn load(pairs: &[[i8; 2]]) -> v128 {
        assert_eq!(pairs.len(), COLUMNS);
        // SAFETY: four pairs are eight bytes, and wasm loads from any address.
        unsafe { i16x8_load_extend_i8x8(pairs.as_ptr().cast()) }
    }

    #[inline(always)]
    pub(super) fn splat(pair: Pair) -> v128 {
        i32x4_splat(i32::from_le_bytes(bytemuck::cast(pair)))
    }

    /// sums + the product of both pairs of each column
    #[inline(always)]
    pub(super) fn dot(x: v128, weight: v128, sums: v128) -> v128 {
        i32x4_add(sums, i32x4_dot_i16x8(x, weight))
    }

    /// totals + sums · scales
    #[inline(always)]
    pub(super) fn scale(sums: v128, scales: &[f32], totals: &mut [f32]) {
        assert!(scales.len() == COLUMNS && totals.len() == COLUMNS);
        // SAFETY: four numbers are sixteen bytes, and wasm loads and stores at any address.
        unsafe {
            let scaled = f32x4_mul(f32x4_convert_i32x4(sums), v128_load(scales.as_ptr().cast()));
            let total = f32x4_add(v128_load(totals.as_ptr().cast()), scaled);
            v128_store(totals.as_mut_ptr().cast(), total);
        }
    }
}

/// The same in plain numbers, for tests and for wasm without SIMD.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod lanes {
    use super::Pair;

    pub(super) const COLUMNS: usize = 4;
    pub(super) const ZERO: [i32; COLUMNS] = [0; COLUMNS];

    pub(super) fn load(pairs: &[[i8; 2]]) -> [Pair; COLUMNS] {
        std::array::from_fn(|at| pairs[at].map(i16::from))
    }

    pub(super) fn splat(pair: Pair) -> Pair {
        pair
    }

    pub(super) fn dot(x: Pair, weight: [Pair; COLUMNS], sums: [i32; COLUMNS]) -> [i32; COLUMNS] {
        let product = |[a, b]: Pair| i32::from(x[0]) * i32::from(a) + i32::from(x[1]) * i32::from(b);
        std::array::from_fn(|at| sums[at] + product(weight[at]))
    }

    pub(super) fn scale(sums: [i32; COLUMNS], scales: &[f32], totals: &mut [f32]) {
        for ((sum, scale), total) in sums.into_iter().zip(scales).zip(totals) {
            *total += sum as f32 * scale;
        }
    }
}
