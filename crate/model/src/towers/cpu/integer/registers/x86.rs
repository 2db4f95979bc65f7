//! Eight and sixteen columns at once, on x86.
//!
//! With VNNI products are added to sums by the instruction that multiplies them. Where there is AVX-512 but no VNNI, f32 has as many products an instruction
//! and no addition besides.

use std::arch::x86_64::{
    __m256i, __m512i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps,
    _mm256_dpwssd_avx_epi32, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_ps, _mm512_cvtepi8_epi16, _mm512_cvtepi32_ps,
    _mm512_dpwssd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_epi32, _mm512_setzero_si512,
    _mm512_storeu_ps,
};

use super::Registers;
use crate::towers::cpu::integer::Pair;

/// What multiplies pairs on this processor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Kind {
    Avx512Vnni,
    AvxVnni,
    Avx2,
}

impl Kind {
    /// All that this processor has, the fastest first.
    pub(in super::super) fn all() -> impl Iterator<Item = Self> {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let kinds = [
            (
                Self::Avx512Vnni,
                is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bw"),
            ),
            (Self::AvxVnni, avx2 && is_x86_feature_detected!("avxvnni")),
            (Self::Avx2, avx2),
        ];
        kinds.into_iter().filter_map(|(kind, is_here)| is_here.then_some(kind))
    }

    /// Most rows of a tile.
    pub(in super::super) fn most_rows(self) -> usize {
        match self {
            Self::Avx512Vnni => Sixteen::MOST_ROWS,
            Self::AvxVnni => Eight::<true>::MOST_ROWS,
            Self::Avx2 => Eight::<false>::MOST_ROWS,
        }
    }

    /// The fastest, where it is faster than f32 is.
    pub(in super::super) fn fastest() -> Option<Self> {
        Self::all().next().filter(|kind| *kind != Self::Avx2 || !is_x86_feature_detected!("avx512f"))
    }
}

/// 512 bits, with VNNI.
pub(in super::super) struct Sixteen;

impl Registers for Sixteen {
    const COLUMNS: usize = 16;
    const MOST_ROWS: usize = 7;
    type Sums = __m512i;
    type Weight = __m512i;
    type Input = __m512i;

    #[inline(always)]
    fn zero() -> __m512i {
        // SAFETY: callers run on processors that have it, as in all of these functions.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn widen(pairs: &[Pair]) -> __m512i {
        assert_eq!(pairs.len(), Self::COLUMNS);
        // SAFETY: sixteen pairs are 32 bytes.
        unsafe { _mm512_cvtepi8_epi16(_mm256_loadu_si256(pairs.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat(pair: [i16; 2]) -> __m512i {
        // SAFETY: see `zero`.
        unsafe { _mm512_set1_epi32(i32::from_le_bytes(bytemuck::cast(pair))) }
    }

    #[inline(always)]
    fn dot(x: __m512i, weight: __m512i, sums: __m512i) -> __m512i {
        // SAFETY: see `zero`.
        unsafe { _mm512_dpwssd_epi32(sums, x, weight) }
    }

    #[inline(always)]
    fn scale(sums: __m512i, scales: &[f32], totals: &mut [f32]) {
        assert!(scales.len() == Self::COLUMNS && totals.len() == Self::COLUMNS);
        // SAFETY: both are sixteen numbers.
        unsafe {
            let (scales, total) = (_mm512_loadu_ps(scales.as_ptr()), _mm512_loadu_ps(totals.as_ptr()));
            let total = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scales, total);
            _mm512_storeu_ps(totals.as_mut_ptr(), total);
        }
    }
}

/// 256 bits.
pub(in super::super) struct Eight<const VNNI: bool>;

impl<const VNNI: bool> Registers for Eight<VNNI> {
    const COLUMNS: usize = 8;
    const MOST_ROWS: usize = 6;
    type Sums = __m256i;
    type Weight = __m256i;
    type Input = __m256i;

    #[inline(always)]
    fn zero() -> __m256i {
        // SAFETY: callers run on processors that have it, as in all of these functions.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn widen(pairs: &[Pair]) -> __m256i {
        assert_eq!(pairs.len(), Self::COLUMNS);
        // SAFETY: eight pairs are 16 bytes.
        unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(pairs.as_ptr().cast())) }
    }

    #[inline(always)]
    fn splat(pair: [i16; 2]) -> __m256i {
        // SAFETY: see `zero`.
        unsafe { _mm256_set1_epi32(i32::from_le_bytes(bytemuck::cast(pair))) }
    }

    #[inline(always)]
    fn dot(x: __m256i, weight: __m256i, sums: __m256i) -> __m256i {
        // SAFETY: see `zero`.
        unsafe {
            if VNNI {
                _mm256_dpwssd_avx_epi32(sums, x, weight)
            } else {
                _mm256_add_epi32(sums, _mm256_madd_epi16(x, weight))
            }
        }
    }

    #[inline(always)]
    fn scale(sums: __m256i, scales: &[f32], totals: &mut [f32]) {
        assert!(scales.len() == Self::COLUMNS && totals.len() == Self::COLUMNS);
        // SAFETY: both are eight numbers.
        unsafe {
            let (scales, total) = (_mm256_loadu_ps(scales.as_ptr()), _mm256_loadu_ps(totals.as_ptr()));
            let total = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scales, total);
            _mm256_storeu_ps(totals.as_mut_ptr(), total);
        }
    }
}
