//! Conversion between f16 and f32.
//!
//! Natively, the crate `half` uses the processor's instructions. WebAssembly has none, and there
//! `half` converts one value at a time; the loops here have no branches, so they are vectorised.

use half::{f16, slice::HalfFloatSliceExt};

/// Converts f16 to f32, exactly and of equal length.
pub(super) fn widen_all(halves: &[f16], widened: &mut [f32]) {
    if cfg!(target_family = "wasm") {
        halves.iter().zip(widened).for_each(|(&half, widened)| *widened = widen(half));
    } else {
        halves.convert_to_f32_slice(widened);
    }
}

/// Converts finite f32 to the nearest f16, of equal length. Values beyond f16's range become
/// infinite.
pub(super) fn narrow_all(values: &[f32], narrowed: &mut [f16]) {
    if cfg!(target_family = "wasm") {
        values.iter().zip(narrowed).for_each(|(&value, narrowed)| *narrowed = narrow(value));
    } else {
        narrowed.convert_from_f32_slice(values);
    }
}

/// Whether all values are finite.
pub(super) fn all_finite(halves: &[f16]) -> bool {
    // A fold without branches can be vectorised; this runs over every weight.
    halves.iter().fold(true, |all, half| all & (half.to_bits() & INFINITE < INFINITE))
}

/// The exponent of values that are not finite.
const INFINITE: u16 = 0x7c00;
/// The sign of an f16.
const SIGN: u16 = 0x8000;
/// The difference between the exponent biases, 127 and 15.
const REBIAS: u32 = (127 - 15) << 23;
/// 2⁻¹⁴, the smallest normal f16.
const SMALLEST: u32 = REBIAS + (1 << 23);
/// Bits of an f32's fraction that an f16 has not.
const DROPPED: u32 = 23 - 10;

/// Converts an f16 to f32, exactly and without branches. A NaN stays a NaN.
#[inline(always)]
pub fn widen(half: f16) -> f32 {
    let bits = u32::from(half.to_bits());
    let magnitude = (bits & u32::from(!SIGN)) << DROPPED;
    let normal = magnitude + REBIAS;
    let small = (f32::from_bits(magnitude + SMALLEST) - f32::from_bits(SMALLEST)).to_bits();
    let exponent = bits & u32::from(INFINITE);
    let magnitude = if exponent == 0 { small } else { normal };
    let infinite = if exponent == u32::from(INFINITE) { f32::INFINITY.to_bits() } else { 0 };
    f32::from_bits(magnitude | infinite | (bits & u32::from(SIGN)) << 16)
}

/// Converts a finite f32 to the nearest f16, ties to even, without branches.
#[inline(always)]
fn narrow(value: f32) -> f16 {
    /// 2¹⁶, above the largest f16, 65504. What rounds to it is infinite.
    const ABOVE: u32 = (16 + 127) << 23;
    /// 2⁻¹: adding it to a value below [`SMALLEST`] leaves a multiple of 2⁻²⁴, the smallest f16.
    const HALF: u32 = 126 << 23;
    let bits = value.to_bits();
    let sign = bits >> 16 & u32::from(SIGN);
    let magnitude = bits & 0x7fff_ffff;
    let small = (f32::from_bits(magnitude) + f32::from_bits(HALF)).to_bits() - HALF;
    // A tie is rounded up only if the last bit that stays is 1.
    let rounded = magnitude + ((1 << (DROPPED - 1)) - 1) + (magnitude >> DROPPED & 1);
    let normal = rounded.min(ABOVE).wrapping_sub(REBIAS) >> DROPPED;
    let half = if magnitude < SMALLEST { small } else { normal };
    f16::from_bits((half | sign) as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all() -> impl Iterator<Item = f16> {
        (0..=u16::MAX).map(f16::from_bits)
    }

    #[test]
    fn every_half_is_widened_exactly() {
        for half in all() {
            let widened = widen(half);
            assert_eq!(half.is_nan(), widened.is_nan(), "{half}");
            assert!(half.is_nan() || half.to_f32().to_bits() == widened.to_bits(), "{half}");
            assert!(!half.is_finite() || narrow(widened).to_bits() == half.to_bits(), "{half}");
        }
    }

    #[test]
    fn every_half_is_known_to_be_finite_or_not() {
        for half in all() {
            assert_eq!(all_finite(&[f16::ONE, half]), half.is_finite(), "{half}");
        }
    }

    /// Halfway between each two neighbours, and just below and above it.
    #[test]
    fn ties_are_narrowed_to_even() {
        for half in all().filter(|half| half.is_finite()) {
            let next = f16::from_bits(half.to_bits() + 1);
            let next = if next.is_infinite() { 65536f32.copysign(half.to_f32()) } else { next.to_f32() };
            let tie = f32::midpoint(half.to_f32(), next);
            for bits in [tie.to_bits() - 1, tie.to_bits(), tie.to_bits() + 1] {
                let value = f32::from_bits(bits);
                assert_eq!(narrow(value).to_bits(), f16::from_f32(value).to_bits(), "{value}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_value_is_narrowed_as_by_the_crate(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(narrow(value).to_bits(), f16::from_f32(value).to_bits());
        }
    }
}
