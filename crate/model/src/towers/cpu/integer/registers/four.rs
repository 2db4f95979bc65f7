//! Registers of four columns: wasm's, and a scalar implementation for tests and other processors.

/// Columns per register.
pub(in crate::towers::cpu::integer) const COLUMNS: usize = 4;
/// Most rows of a tile.
pub(in crate::towers::cpu::integer) const MOST_ROWS: usize = 4;

/// Registers of four columns, available wherever the code is compiled for them.
#[derive(Clone, Copy)]
pub(in crate::towers::cpu::integer) struct Four;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(in crate::towers::cpu::integer) use scalar::*;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(in crate::towers::cpu::integer) use wasm::*;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use std::arch::wasm32::{
        f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_splat, i8x16_shuffle, i16x8_load_extend_i8x8, i32x4,
        i32x4_add, i32x4_dot_i16x8, i32x4_shl, i32x4_splat, u8x16_splat, u64x2_extract_lane, v128, v128_load,
        v128_store, v128_xor,
    };

    use super::{COLUMNS, Four, MOST_ROWS};
    use crate::towers::cpu::integer::{
        group::{Pair, Quad},
        registers::{Multiplies, Registers},
    };

    #[allow(unsafe_code, reason = "loads and stores take pointers")]
    impl Registers for Four {
        const COLUMNS: usize = COLUMNS;
        type Sums = v128;

        #[inline(always)]
        fn zero(self) -> v128 {
            i32x4(0, 0, 0, 0)
        }

        #[inline(always)]
        fn scale(self, sums: v128, scales: &[f32], totals: &mut [f32]) {
            assert!(scales.len() == COLUMNS && totals.len() == COLUMNS);
            // SAFETY: both slices have the four values that are loaded and stored; wasm needs no
            // alignment.
            unsafe {
                let scaled = f32x4_mul(f32x4_convert_i32x4(sums), v128_load(scales.as_ptr().cast()));
                let total = f32x4_add(v128_load(totals.as_ptr().cast()), scaled);
                v128_store(totals.as_mut_ptr().cast(), total);
            }
        }

        #[inline(always)]
        fn times(self, factor: f32, values: &[f32], products: &mut [f32]) {
            assert!(values.len() == COLUMNS && products.len() == COLUMNS);
            // SAFETY: as in `scale`.
            unsafe {
                let product = f32x4_mul(f32x4_splat(factor), v128_load(values.as_ptr().cast()));
                v128_store(products.as_mut_ptr().cast(), product);
            }
        }
    }

    #[allow(unsafe_code, reason = "loads take pointers")]
    impl Multiplies<Pair> for Four {
        const MOST_ROWS: usize = MOST_ROWS;
        type Weight = v128;
        type Input = v128;

        #[inline(always)]
        fn load(self, pairs: &[Pair]) -> v128 {
            assert_eq!(pairs.len(), COLUMNS);
            // SAFETY: the four pairs are the eight bytes that are loaded; wasm needs no alignment.
            unsafe { i16x8_load_extend_i8x8(pairs.as_ptr().cast()) }
        }

        #[inline(always)]
        fn splat(self, pair: [i16; 2]) -> v128 {
            i32x4_splat(i32::from_le_bytes(bytemuck::cast(pair)))
        }

        #[inline(always)]
        fn dot(self, x: v128, weight: v128, sums: v128) -> v128 {
            i32x4_add(sums, i32x4_dot_i16x8(x, weight))
        }
    }

    /// Loads the quads of four columns.
    #[inline(always)]
    #[allow(unsafe_code, reason = "loads take pointers")]
    pub(in crate::towers::cpu::integer) fn load<const BYTES: usize>(quads: &[Quad<BYTES>]) -> v128 {
        assert_eq!(quads.len(), COLUMNS);
        // SAFETY: the four quads are the sixteen bytes that are loaded; wasm needs no alignment.
        unsafe { v128_load(quads.as_ptr().cast()) }
    }

    /// Repeats a quad of inputs for all columns.
    #[inline(always)]
    pub(in crate::towers::cpu::integer) fn splat_quad(quad: [u8; 4]) -> v128 {
        i32x4_splat(i32::from_le_bytes(quad))
    }

    /// `sums + x · weight` for each column, the dot product of two quads. Whether bytes of `x`
    /// above 127 are signed depends on the processor.
    #[cfg(feature = "relaxed-simd")]
    #[inline]
    #[target_feature(enable = "relaxed-simd")]
    pub(in crate::towers::cpu::integer) fn dot_quads(x: v128, weight: v128, sums: v128) -> v128 {
        std::arch::wasm32::i32x4_relaxed_dot_i8x16_i7x16_add(weight, x, sums)
    }

    /// `sums + x · weight` for each column, without relaxed SIMD.
    #[cfg(not(feature = "relaxed-simd"))]
    #[inline]
    pub(in crate::towers::cpu::integer) fn dot_quads(x: v128, weight: v128, sums: v128) -> v128 {
        use std::arch::wasm32::{
            i16x8_extmul_high_i8x16, i16x8_extmul_low_i8x16, i32x4_extadd_pairwise_i16x8, i32x4_shuffle,
        };
        let low = i32x4_extadd_pairwise_i16x8(i16x8_extmul_low_i8x16(weight, x));
        let high = i32x4_extadd_pairwise_i16x8(i16x8_extmul_high_i8x16(weight, x));
        let even = i32x4_shuffle::<0, 2, 4, 6>(low, high);
        let odd = i32x4_shuffle::<1, 3, 5, 7>(low, high);
        i32x4_add(sums, i32x4_add(even, odd))
    }

    /// `sums · 256`
    #[inline(always)]
    pub(in crate::towers::cpu::integer) fn raise(sums: v128) -> v128 {
        i32x4_shl(sums, 8)
    }

    /// Splits the low 16 bits of four numbers into upper and lower bytes, each XORed with
    /// `flipped`.
    #[inline(always)]
    #[allow(unsafe_code, reason = "loads take pointers")]
    pub(in crate::towers::cpu::integer) fn split(numbers: &[u32; 4], flipped: u8) -> [[u8; 4]; 2] {
        // SAFETY: the four numbers are the sixteen bytes that are loaded; wasm needs no alignment.
        let numbers = unsafe { v128_load(numbers.as_ptr().cast()) };
        let bytes = i8x16_shuffle::<1, 5, 9, 13, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0>(numbers, numbers);
        let bytes = v128_xor(bytes, u8x16_splat(flipped));
        bytemuck::cast(u64x2_extract_lane::<0>(bytes))
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod scalar {
    use super::{COLUMNS, Four, MOST_ROWS};
    use crate::towers::cpu::integer::{
        group::{Pair, Quad},
        registers::{Multiplies, Registers},
    };

    impl Registers for Four {
        const COLUMNS: usize = COLUMNS;
        type Sums = [i32; COLUMNS];

        fn zero(self) -> Self::Sums {
            [0; COLUMNS]
        }

        fn scale(self, sums: Self::Sums, scales: &[f32], totals: &mut [f32]) {
            for ((sum, scale), total) in sums.into_iter().zip(scales).zip(totals) {
                *total += sum as f32 * scale;
            }
        }

        fn times(self, factor: f32, values: &[f32], products: &mut [f32]) {
            products.iter_mut().zip(values).for_each(|(product, value)| *product = factor * value);
        }
    }

    impl Multiplies<Pair> for Four {
        const MOST_ROWS: usize = MOST_ROWS;
        type Weight = [[i16; 2]; COLUMNS];
        type Input = [i16; 2];

        fn load(self, pairs: &[Pair]) -> Self::Weight {
            std::array::from_fn(|at| pairs[at].map(i16::from))
        }

        fn splat(self, pair: [i16; 2]) -> [i16; 2] {
            pair
        }

        fn dot(self, x: [i16; 2], weight: Self::Weight, sums: Self::Sums) -> Self::Sums {
            let product = |[a, b]: [i16; 2]| i32::from(x[0]) * i32::from(a) + i32::from(x[1]) * i32::from(b);
            std::array::from_fn(|at| sums[at] + product(weight[at]))
        }
    }

    pub(in crate::towers::cpu::integer) fn load<const BYTES: usize>(
        quads: &[Quad<BYTES>],
    ) -> [[i8; 4]; COLUMNS] {
        std::array::from_fn(|at| quads[at].0)
    }

    pub(in crate::towers::cpu::integer) fn splat_quad(quad: [u8; 4]) -> [u8; 4] {
        quad
    }

    pub(in crate::towers::cpu::integer) fn dot_quads(
        x: [u8; 4],
        weight: [[i8; 4]; COLUMNS],
        sums: [i32; COLUMNS],
    ) -> [i32; COLUMNS] {
        let product =
            |quad: [i8; 4]| x.iter().zip(quad).map(|(x, w)| i32::from(*x) * i32::from(w)).sum::<i32>();
        std::array::from_fn(|at| sums[at] + product(weight[at]))
    }

    pub(in crate::towers::cpu::integer) fn raise(sums: [i32; COLUMNS]) -> [i32; COLUMNS] {
        sums.map(|sum| sum << 8)
    }

    pub(in crate::towers::cpu::integer) fn split(numbers: &[u32; 4], flipped: u8) -> [[u8; 4]; 2] {
        [8, 0].map(|bits| numbers.map(|x| (x >> bits) as u8 ^ flipped))
    }
}
