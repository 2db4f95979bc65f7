//! f16 weights on a device without f16.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use half::f16;

/// A matrix of f16 values, two per 32-bit word, unpacked to f32 when used.
///
/// An f16 value consists of sign and exponent `e` (6 bits) and mantissa `m` (10 bits). It equals
/// `unit[e] · (implicit[e] + m)`, the product of a power of two and an integer below 2048, which
/// f32 represents exactly.
#[derive(Debug)]
pub(in crate::towers) struct PackedHalf {
    /// `[out, in / 2]`: word `c` holds column `c` in its lower half and column `in / 2 + c` in its
    /// upper half.
    words: Tensor<2, Int>,
    /// `[64]`: the signed value of the mantissa's lowest bit.
    unit: Tensor<1>,
    /// `[64]`: the implicit leading bit: 1024, or 0 for the smallest exponent (subnormal values).
    implicit: Tensor<1>,
}

impl PackedHalf {
    /// Packs values `[out, in]`; `in` must be even.
    pub(super) fn new(values: &[f16], [outputs, inputs]: [usize; 2], device: &Device) -> Self {
        let half = inputs / 2;
        let mut words = Vec::with_capacity(outputs * half);
        for row in values.chunks_exact(inputs) {
            let (low, high) = row.split_at(half);
            let word = |(low, high): (&f16, &f16)| {
                (u32::from(low.to_bits()) | u32::from(high.to_bits()) << 16).cast_signed()
            };
            words.extend(low.iter().zip(high).map(word));
        }
        let exponents = 0..64i32;
        let unit: Vec<f32> = exponents
            .clone()
            .map(|e| {
                let sign = if e >= 32 { -1.0 } else { 1.0 };
                sign * f32::powi(2.0, (e % 32).max(1) - 25)
            })
            .collect();
        let implicit: Vec<f32> = exponents.map(|e| if e % 32 == 0 { 0.0 } else { 1024.0 }).collect();
        Self {
            words: Tensor::from_data(TensorData::new(words, [outputs, half]), (device, DType::I32)),
            unit: Tensor::from_data(unit.as_slice(), (device, DType::F32)),
            implicit: Tensor::from_data(implicit.as_slice(), (device, DType::F32)),
        }
    }

    /// Unpacks to f32 `[out, in]`.
    pub(super) fn unpack(&self) -> Tensor<2> {
        // The shift is arithmetic; `half` masks the sign bits out.
        let high = self.words.clone().bitwise_right_shift_scalar(16);
        Tensor::cat(vec![self.half(self.words.clone()), self.half(high)], 1)
    }

    /// Unpacks the lower half of each word: `[out, in / 2]` → `[out, in / 2]`
    fn half(&self, words: Tensor<2, Int>) -> Tensor<2> {
        let [rows, columns] = words.dims();
        let exponent = words.clone().bitwise_right_shift_scalar(10).bitwise_and_scalar(63);
        let exponent = exponent.reshape([rows * columns]);
        let mantissa = words.bitwise_and_scalar(1023).float().reshape([rows * columns]);
        let unit = self.unit.clone().select(0, exponent.clone());
        let implicit = self.implicit.clone().select(0, exponent);
        (unit * (mantissa + implicit)).reshape([rows, columns])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    /// Covers every finite f16.
    #[test]
    fn every_number_unpacks_to_itself() {
        let finite: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|x| x.is_finite()).collect();
        for columns in [2, 6, 128] {
            let rows = finite.len() / columns;
            let values = &finite[..rows * columns];
            let packed = PackedHalf::new(values, [rows, columns], &Device::flex());
            let unpacked = packed.unpack().into_data().try_into_vec::<f32>().unwrap();
            let expected: Vec<f32> = values.iter().map(|x| x.to_f32()).collect();
            assert_eq!(unpacked, expected);
        }
    }
}
