//! Registers of 8-bit products on ARM.
//!
//! Both kinds multiply two byte rows (`byte_rows.rs`) by eight columns. They are inline assembly,
//! because their intrinsics are unstable in Rust 1.95.

use std::arch::{
    aarch64::{
        float32x4_t, int8x8_t, int8x16_t, int32x4_t, vcombine_f32, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s32,
        vfmaq_f32, vfmaq_n_f32, vfmsq_n_f32, vld1_f32, vld1_s8, vld1q_f32, vld1q_s8, vmulq_n_f32,
        vreinterpretq_f32_f64, vreinterpretq_f64_f32, vst1q_f32, vzip1q_f64, vzip2q_f64,
    },
    asm,
};

use crate::towers::cpu::integer::group::RowScale;

/// Columns of weights that are multiplied at a time.
pub(in crate::towers::cpu::integer) const COLUMNS: usize = 8;

/// The sums of two byte rows and [`COLUMNS`] columns.
pub(in crate::towers::cpu::integer) type Sums = [int32x4_t; 4];
/// The scaled sums, in the order of [`Sums`].
pub(in crate::towers::cpu::integer) type Totals = [float32x4_t; 4];
/// The totals of one row and [`COLUMNS`] columns.
pub(in crate::towers::cpu::integer) type Row = [float32x4_t; 2];

/// One kind of registers, which multiplies `STEPS` steps at a time. A value of an implementing type
/// proves that the processor supports its instructions.
pub(in crate::towers::cpu::integer) trait ByteRows<const STEPS: usize>:
    Copy
{
    /// The weights of [`COLUMNS`] columns.
    type Weight: Copy;
    /// The inputs of two byte rows.
    type Input: Copy;

    /// Loads weights.
    fn load(self, weight: &[[i8; STEPS]; COLUMNS]) -> Self::Weight;

    /// Loads inputs, which are signed.
    fn load_rows(self, rows: &[[u8; STEPS]; 2]) -> Self::Input;

    /// `sums + x · weight` for both byte rows and each column.
    fn dot(self, x: Self::Input, weight: Self::Weight, sums: Sums) -> Sums;

    /// The scales of the columns in the order of the sums.
    fn spread(self, scales: &[f32; COLUMNS]) -> Totals;

    /// The totals of each byte row in the order of the columns.
    fn rows(self, totals: Totals) -> [Row; 2];
}

/// Sums of zero.
#[inline(always)]
#[allow(unsafe_code, reason = "NEON is part of the target, but Rust requires `unsafe` here")]
pub(in crate::towers::cpu::integer) fn zero_sums() -> Sums {
    // SAFETY: every processor of the target has NEON, here and below.
    unsafe { [vdupq_n_s32(0); 4] }
}

/// Totals of zero.
#[inline(always)]
#[allow(unsafe_code, reason = "as for `zero_sums`")]
pub(in crate::towers::cpu::integer) fn zero_totals() -> Totals {
    // SAFETY: as in `zero_sums`.
    unsafe { [vdupq_n_f32(0.0); 4] }
}

/// `totals + sums · scales`
#[inline(always)]
#[allow(unsafe_code, reason = "as for `zero_sums`")]
pub(in crate::towers::cpu::integer) fn scale(sums: Sums, scales: Totals, mut totals: Totals) -> Totals {
    for at in 0..totals.len() {
        // SAFETY: as in `zero_sums`.
        totals[at] = unsafe { vfmaq_f32(totals[at], vcvtq_f32_s32(sums[at]), scales[at]) };
    }
    totals
}

/// The totals of 16-bit inputs from those of their upper and lower bytes.
#[inline(always)]
#[allow(unsafe_code, reason = "as for `zero_sums`")]
pub(in crate::towers::cpu::integer) fn join([upper, lower]: [Row; 2]) -> Row {
    // SAFETY: as in `zero_sums`.
    unsafe { [vfmaq_n_f32(lower[0], upper[0], 256.0), vfmaq_n_f32(lower[1], upper[1], 256.0)] }
}

/// Cancels what the zero of a row contributes to its totals, and applies its scale.
#[inline(always)]
#[allow(unsafe_code, reason = "loads and stores take pointers")]
pub(in crate::towers::cpu::integer) fn finish(
    totals: Row,
    row: &RowScale,
    columns: &[f32; COLUMNS],
    sums: &mut [f32; COLUMNS],
) {
    let halves = columns.as_chunks::<4>().0.iter().zip(sums.as_chunks_mut::<4>().0);
    for (total, (columns, sums)) in totals.into_iter().zip(halves) {
        // SAFETY: as in `zero_sums`; four values are loaded and stored.
        unsafe {
            let total = vfmsq_n_f32(total, vld1q_f32(columns.as_ptr()), row.zero);
            vst1q_f32(sums.as_mut_ptr(), vmulq_n_f32(total, row.scale));
        }
    }
}

/// Registers of four columns of a byte row. A value proves that the processor has FEAT_DotProd.
#[derive(Clone, Copy, Debug)]
pub(in crate::towers::cpu::integer) struct Dot(());

impl Dot {
    pub(in crate::towers::cpu::integer) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("dotprod").then_some(Self(()))
    }

    /// `sums + x · weight` for four columns of the byte row at `ROW`.
    #[inline(always)]
    #[allow(unsafe_code, reason = "an instruction that has no stable intrinsic")]
    fn add<const ROW: i32>(self, mut sums: int32x4_t, weight: int8x16_t, x: int8x8_t) -> int32x4_t {
        // SAFETY: `self` proves that the processor has the instruction, which only changes `sums`.
        unsafe {
            asm!(
                "sdot {sums:v}.4s, {weight:v}.16b, {x:v}.4b[{row}]",
                sums = inout(vreg) sums,
                weight = in(vreg) weight,
                x = in(vreg) x,
                row = const ROW,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }
}

/// The first two registers hold the sums of the first byte row.
#[allow(unsafe_code, reason = "loads take pointers")]
impl ByteRows<4> for Dot {
    type Weight = [int8x16_t; 2];
    type Input = int8x8_t;

    #[inline(always)]
    fn load(self, weight: &[[i8; 4]; COLUMNS]) -> [int8x16_t; 2] {
        let weight = weight.as_flattened();
        // SAFETY: the eight columns are the 32 bytes that are loaded.
        unsafe { [vld1q_s8(weight.as_ptr()), vld1q_s8(weight[16..].as_ptr())] }
    }

    #[inline(always)]
    fn load_rows(self, rows: &[[u8; 4]; 2]) -> int8x8_t {
        // SAFETY: the two rows are the eight bytes that are loaded.
        unsafe { vld1_s8(rows.as_ptr().cast()) }
    }

    #[inline(always)]
    fn dot(self, x: int8x8_t, weight: [int8x16_t; 2], sums: Sums) -> Sums {
        [
            self.add::<0>(sums[0], weight[0], x),
            self.add::<0>(sums[1], weight[1], x),
            self.add::<1>(sums[2], weight[0], x),
            self.add::<1>(sums[3], weight[1], x),
        ]
    }

    #[inline(always)]
    fn spread(self, scales: &[f32; COLUMNS]) -> Totals {
        // SAFETY: the eight scales are the two registers that are loaded.
        let scales = unsafe { [vld1q_f32(scales.as_ptr()), vld1q_f32(scales[4..].as_ptr())] };
        [scales[0], scales[1], scales[0], scales[1]]
    }

    #[inline(always)]
    fn rows(self, totals: Totals) -> [Row; 2] {
        [[totals[0], totals[1]], [totals[2], totals[3]]]
    }
}

/// Registers of two columns of two byte rows. A value proves that the processor has FEAT_I8MM.
#[derive(Clone, Copy, Debug)]
pub(in crate::towers::cpu::integer) struct Matrix(());

impl Matrix {
    pub(in crate::towers::cpu::integer) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("i8mm").then_some(Self(()))
    }

    /// `sums + x · weight` for two columns.
    #[inline(always)]
    #[allow(unsafe_code, reason = "an instruction that has no stable intrinsic")]
    fn add(self, mut sums: int32x4_t, weight: int8x16_t, x: int8x16_t) -> int32x4_t {
        // SAFETY: as in `Dot::add`.
        unsafe {
            asm!(
                "smmla {sums:v}.4s, {x:v}.16b, {weight:v}.16b",
                sums = inout(vreg) sums,
                weight = in(vreg) weight,
                x = in(vreg) x,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }
}

/// Each register holds the sums of two columns, first those of the first byte row.
#[allow(unsafe_code, reason = "loads take pointers")]
impl ByteRows<8> for Matrix {
    type Weight = [int8x16_t; 4];
    type Input = int8x16_t;

    #[inline(always)]
    fn load(self, weight: &[[i8; 8]; COLUMNS]) -> [int8x16_t; 4] {
        let weight = weight.as_flattened();
        // SAFETY: the eight columns are the 64 bytes that are loaded.
        unsafe {
            [
                vld1q_s8(weight.as_ptr()),
                vld1q_s8(weight[16..].as_ptr()),
                vld1q_s8(weight[32..].as_ptr()),
                vld1q_s8(weight[48..].as_ptr()),
            ]
        }
    }

    #[inline(always)]
    fn load_rows(self, rows: &[[u8; 8]; 2]) -> int8x16_t {
        // SAFETY: the two rows are the sixteen bytes that are loaded.
        unsafe { vld1q_s8(rows.as_ptr().cast()) }
    }

    #[inline(always)]
    fn dot(self, x: int8x16_t, weight: [int8x16_t; 4], sums: Sums) -> Sums {
        [
            self.add(sums[0], weight[0], x),
            self.add(sums[1], weight[1], x),
            self.add(sums[2], weight[2], x),
            self.add(sums[3], weight[3], x),
        ]
    }

    #[inline(always)]
    fn spread(self, scales: &[f32; COLUMNS]) -> Totals {
        // SAFETY: the slice has at least the two scales that are loaded.
        let two = |at: usize| unsafe {
            let scales = vld1_f32(scales[at..at + 2].as_ptr());
            vcombine_f32(scales, scales)
        };
        [two(0), two(2), two(4), two(6)]
    }

    #[inline(always)]
    fn rows(self, totals: Totals) -> [Row; 2] {
        let pairs = [[totals[0], totals[1]], [totals[2], totals[3]]];
        // SAFETY: as in `zero_sums`.
        let first = |[a, b]: Row| unsafe {
            vreinterpretq_f32_f64(vzip1q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)))
        };
        // SAFETY: as in `zero_sums`.
        let second = |[a, b]: Row| unsafe {
            vreinterpretq_f32_f64(vzip2q_f64(vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b)))
        };
        [pairs.map(first), pairs.map(second)]
    }
}
