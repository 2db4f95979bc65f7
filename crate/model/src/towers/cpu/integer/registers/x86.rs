//! Registers of eight and sixteen columns on x86.

use std::arch::x86_64::{
    __m256i, __m512i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
    _mm256_dpbusd_avx_epi32, _mm256_dpwssd_avx_epi32, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_si256, _mm256_storeu_ps, _mm512_cvtepi8_epi16, _mm512_cvtepi32_ps,
    _mm512_dpbusd_epi32, _mm512_dpwssd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_si512, _mm512_storeu_ps,
};

use super::{Multiplies, Registers};
use crate::towers::cpu::integer::group::{Pair, Quad};

/// A kind of registers that this processor has.
#[derive(Clone, Copy, Debug)]
pub(in crate::towers::cpu::integer) enum Kind {
    Avx512Vnni(Sixteen),
    AvxVnni(Eight<true>),
    Avx2(Eight<false>),
}

impl Kind {
    /// All kinds that this processor has, the fastest first.
    pub(in crate::towers::cpu::integer) fn all() -> impl Iterator<Item = Self> {
        let kinds = [
            Sixteen::detect().map(Self::Avx512Vnni),
            Eight::<true>::detect().map(Self::AvxVnni),
            Eight::<false>::detect().map(Self::Avx2),
        ];
        kinds.into_iter().flatten()
    }

    /// The largest byte of an input that this kind multiplies correctly.
    pub(in crate::towers::cpu::integer) fn largest_byte(self) -> u8 {
        match self {
            Self::Avx512Vnni(_) | Self::AvxVnni(_) => u8::MAX,
            // Twice this, times the largest weight, fits 16 bits.
            Self::Avx2(_) => 127,
        }
    }

    /// The fastest kind, or `None` if f32 is faster. AVX-512 without VNNI multiplies f32 as fast as
    /// pairs and needs no separate addition.
    pub(in crate::towers::cpu::integer) fn fastest() -> Option<Self> {
        let is_fast = |kind: &Self| !matches!(kind, Self::Avx2(_)) || !is_x86_feature_detected!("avx512f");
        Self::all().next().filter(is_fast)
    }
}

/// 512-bit registers. A value proves that the processor has AVX-512 F, BW and VNNI.
#[derive(Clone, Copy, Debug)]
pub(in crate::towers::cpu::integer) struct Sixteen(());

impl Sixteen {
    fn detect() -> Option<Self> {
        let is_here = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        is_here.then_some(Self(()))
    }
}

#[allow(unsafe_code, reason = "instructions that not every processor has, and loads from pointers")]
impl Registers for Sixteen {
    const COLUMNS: usize = 16;
    type Sums = __m512i;

    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: `self` proves that the processor has the instruction, here and below.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn scale(self, sums: __m512i, scales: &[f32], totals: &mut [f32]) {
        assert!(scales.len() == Self::COLUMNS && totals.len() == Self::COLUMNS);
        // SAFETY: as in `zero`; both slices have the sixteen values that are loaded and stored.
        unsafe {
            let (scales, total) = (_mm512_loadu_ps(scales.as_ptr()), _mm512_loadu_ps(totals.as_ptr()));
            let total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scales, total);
            _mm512_storeu_ps(totals.as_mut_ptr(), total);
        }
    }

    #[inline(always)]
    fn times(self, factor: f32, values: &[f32], products: &mut [f32]) {
        assert!(values.len() == Self::COLUMNS && products.len() == Self::COLUMNS);
        // SAFETY: as in `scale`.
        unsafe {
            let product = _mm512_mul_ps(_mm512_set1_ps(factor), _mm512_loadu_ps(values.as_ptr()));
            _mm512_storeu_ps(products.as_mut_ptr(), product);
        }
    }
}

#[allow(unsafe_code, reason = "instructions that not every processor has, and loads from pointers")]
impl Multiplies<Pair> for Sixteen {
    const MOST_ROWS: usize = 7;
    type Weight = __m512i;
    type Input = __m512i;

    #[inline(always)]
    fn load(self, pairs: &[Pair]) -> __m512i {
        assert_eq!(pairs.len(), Self::COLUMNS);
        // SAFETY: as in `zero`; the sixteen pairs are the 32 bytes that are loaded.
        unsafe { _mm512_cvtepi8_epi16(_mm256_loadu_si256(pairs.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat(self, pair: [i16; 2]) -> __m512i {
        // SAFETY: as in `zero`.
        unsafe { _mm512_set1_epi32(bytemuck::cast(pair)) }
    }

    #[inline(always)]
    fn dot(self, x: __m512i, weight: __m512i, sums: __m512i) -> __m512i {
        // SAFETY: as in `zero`.
        unsafe { _mm512_dpwssd_epi32(sums, x, weight) }
    }
}

#[allow(unsafe_code, reason = "instructions that not every processor has, and loads from pointers")]
impl Multiplies<Quad<1>> for Sixteen {
    const MOST_ROWS: usize = 7;
    type Weight = __m512i;
    type Input = __m512i;

    #[inline(always)]
    fn load(self, quads: &[Quad<1>]) -> __m512i {
        assert_eq!(quads.len(), Self::COLUMNS);
        // SAFETY: as in `zero`; the sixteen quads are the 64 bytes that are loaded.
        unsafe { _mm512_loadu_si512(quads.as_ptr().cast()) }
    }

    #[inline(always)]
    fn splat(self, quad: [[u8; 4]; 1]) -> __m512i {
        // SAFETY: as in `zero`.
        unsafe { _mm512_set1_epi32(bytemuck::cast(quad)) }
    }

    #[inline(always)]
    fn dot(self, x: __m512i, weight: __m512i, sums: __m512i) -> __m512i {
        // SAFETY: as in `zero`.
        unsafe { _mm512_dpbusd_epi32(sums, x, weight) }
    }
}

/// 256-bit registers. A value proves that the processor has AVX2, FMA and, if `VNNI`, AVX-VNNI.
#[derive(Clone, Copy, Debug)]
pub(in crate::towers::cpu::integer) struct Eight<const VNNI: bool>(());

impl<const VNNI: bool> Eight<VNNI> {
    fn detect() -> Option<Self> {
        let is_here = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && (!VNNI || is_x86_feature_detected!("avxvnni"));
        is_here.then_some(Self(()))
    }
}

#[allow(unsafe_code, reason = "instructions that not every processor has, and loads from pointers")]
impl<const VNNI: bool> Registers for Eight<VNNI> {
    const COLUMNS: usize = 8;
    type Sums = __m256i;

    #[inline(always)]
    fn zero(self) -> __m256i {
        // SAFETY: `self` proves that the processor has the instruction, here and below.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn scale(self, sums: __m256i, scales: &[f32], totals: &mut [f32]) {
        assert!(scales.len() == Self::COLUMNS && totals.len() == Self::COLUMNS);
        // SAFETY: as in `zero`; both slices have the eight values that are loaded and stored.
        unsafe {
            let (scales, total) = (_mm256_loadu_ps(scales.as_ptr()), _mm256_loadu_ps(totals.as_ptr()));
            let total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scales, total);
            _mm256_storeu_ps(totals.as_mut_ptr(), total);
        }
    }

    #[inline(always)]
    fn times(self, factor: f32, values: &[f32], products: &mut [f32]) {
        assert!(values.len() == Self::COLUMNS && products.len() == Self::COLUMNS);
        // SAFETY: as in `scale`.
        unsafe {
            let product = _mm256_mul_ps(_mm256_set1_ps(factor), _mm256_loadu_ps(values.as_ptr()));
            _mm256_storeu_ps(products.as_mut_ptr(), product);
        }
    }
}

#[allow(unsafe_code, reason = "instructions that not every processor has, and loads from pointers")]
impl<const VNNI: bool> Multiplies<Pair> for Eight<VNNI> {
    const MOST_ROWS: usize = 6;
    type Weight = __m256i;
    type Input = __m256i;

    #[inline(always)]
    fn load(self, pairs: &[Pair]) -> __m256i {
        assert_eq!(pairs.len(), Self::COLUMNS);
        // SAFETY: as in `zero`; the eight pairs are the 16 bytes that are loaded.
        unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(pairs.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat(self, pair: [i16; 2]) -> __m256i {
        // SAFETY: as in `zero`.
        unsafe { _mm256_set1_epi32(bytemuck::cast(pair)) }
    }

    #[inline(always)]
    fn dot(self, x: __m256i, weight: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: as in `zero`.
        unsafe {
            if VNNI {
                _mm256_dpwssd_avx_epi32(sums, x, weight)
            } else {
                _mm256_add_epi32(sums, _mm256_madd_epi16(x, weight))
            }
        }
    }
}

/// Without VNNI, the products of two neighbouring bytes are added in 16 bits, which saturates.
/// Inputs of 7 bits are multiplied correctly.
#[allow(unsafe_code, reason = "instructions that not every processor has, and loads from pointers")]
impl<const VNNI: bool> Multiplies<Quad<1>> for Eight<VNNI> {
    const MOST_ROWS: usize = 6;
    type Weight = __m256i;
    type Input = __m256i;

    #[inline(always)]
    fn load(self, quads: &[Quad<1>]) -> __m256i {
        assert_eq!(quads.len(), Self::COLUMNS);
        // SAFETY: as in `zero`; the eight quads are the 32 bytes that are loaded.
        unsafe { _mm256_loadu_si256(quads.as_ptr().cast()) }
    }

    #[inline(always)]
    fn splat(self, quad: [[u8; 4]; 1]) -> __m256i {
        // SAFETY: as in `zero`.
        unsafe { _mm256_set1_epi32(bytemuck::cast(quad)) }
    }

    #[inline(always)]
    fn dot(self, x: __m256i, weight: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: as in `zero`.
        unsafe {
            if VNNI {
                _mm256_dpbusd_avx_epi32(sums, x, weight)
            } else {
                let pairs = _mm256_maddubs_epi16(x, weight);
                _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
            }
        }
    }
}
