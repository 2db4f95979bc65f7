//! The arithmetic of each kind of sample.

use super::axis::Axis;

/// Half the width of the filter, in source pixels when enlarging.
const SUPPORT: f64 = 2.0;

/// A sample of a pixel, with the reference's arithmetic for its type.
pub(crate) trait Sample: Copy + Default + Send + Sync {
    /// Type of the weights.
    type Weight: Copy + Default + Send + Sync;
    /// Type of a sum of products.
    type Sum: Copy;
    /// Initial value of a sum, including the offset for rounding.
    const START: Self::Sum;

    /// Appends the weights of an output pixel, and returns the first source pixel.
    fn weights(axis: Axis, output: usize, weights: &mut Vec<Self::Weight>) -> usize;

    fn add(self, sum: Self::Sum, weight: Self::Weight) -> Self::Sum;

    fn round(sum: Self::Sum) -> Self;
}

/// Fractional bits of the weights of 8-bit samples.
pub(super) const PLACES: u32 = 32 - 8 - 2;

/// Pillow's 8-bit samples.
impl Sample for u8 {
    type Weight = i32;
    type Sum = i32;
    const START: i32 = 1 << (PLACES - 1);

    fn weights(axis: Axis, output: usize, weights: &mut Vec<i32>) -> usize {
        let mut exact = Vec::new();
        let start = pillow_weights(axis, output, &mut exact);
        // Rounds half away from zero, by truncation.
        let half = |weight: f64| if weight < 0.0 { -0.5 } else { 0.5 };
        weights.extend(exact.iter().map(|&weight| (weight * f64::from(1 << PLACES) + half(weight)) as i32));
        start
    }

    #[inline(always)]
    fn add(self, sum: i32, weight: i32) -> i32 {
        sum + weight * i32::from(self)
    }

    #[inline(always)]
    fn round(sum: i32) -> Self {
        // Cannot truncate after the clamp.
        (sum >> PLACES).clamp(0, 255) as Self
    }
}

/// Pillow's other samples, which are summed in f64.
macro_rules! wide {
    ($sample:ty, $round:expr) => {
        impl Sample for $sample {
            type Weight = f64;
            type Sum = f64;
            const START: f64 = 0.0;

            fn weights(axis: Axis, output: usize, weights: &mut Vec<f64>) -> usize {
                pillow_weights(axis, output, weights)
            }

            fn add(self, sum: f64, weight: f64) -> f64 {
                sum + f64::from(self) * weight
            }

            fn round(sum: f64) -> Self {
                let round: fn(f64) -> Self = $round;
                round(sum)
            }
        }
    };
}

/// Rounds half away from zero.
fn whole(sum: f64) -> i32 {
    (sum + if sum >= 0.0 { 0.5 } else { -0.5 }) as i32
}

wide!(u16, |sum| whole(sum).clamp(0, 0xffff) as Self);
wide!(i32, whole);
wide!(f32, |sum| sum as Self);

/// An element of a torch tensor.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Element(pub(crate) f32);

impl Sample for Element {
    type Weight = f32;
    type Sum = f32;
    const START: f32 = 0.0;

    /// `_compute_indices_min_size_weights_aa` of torch's `UpSampleKernel.cpp`, with its mix of f32
    /// and f64.
    fn weights(axis: Axis, output: usize, weights: &mut Vec<f32>) -> usize {
        let scale = axis.source as f32 / axis.resized as f32;
        let widening = scale.max(1.0);
        let support = SUPPORT as f32 * widening;
        let shrinking = 1.0 / widening;
        let center = (f64::from(scale) * ((axis.first + output) as f64 + 0.5)) as f32;
        let start = (f64::from(center - support) + 0.5).max(0.0) as usize;
        let end = ((f64::from(center + support) + 0.5) as usize).min(axis.source);
        let places = (start..end.max(start)).take(longest(support.into()));
        weights.extend(places.map(|x| {
            let distance = (f64::from(x as f32 - center) + 0.5) * f64::from(shrinking);
            bicubic(f64::from(distance as f32)) as f32
        }));
        let sum: f32 = weights.iter().sum();
        if sum != 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= sum);
        }
        start
    }

    #[inline(always)]
    fn add(self, sum: f32, weight: f32) -> f32 {
        sum + self.0 * weight
    }

    #[inline(always)]
    fn round(sum: f32) -> Self {
        Self(sum)
    }
}

/// `precompute_coeffs` of Pillow's `Resample.c`.
pub(super) fn pillow_weights(axis: Axis, output: usize, weights: &mut Vec<f64>) -> usize {
    let scale = axis.source as f64 / axis.resized as f64;
    // Shrinking widens the filter, which is what antialiases.
    let widening = scale.max(1.0);
    let support = SUPPORT * widening;
    let center = ((axis.first + output) as f64 + 0.5) * scale;
    let start = (center - support + 0.5).max(0.0) as usize;
    let end = ((center + support + 0.5) as usize).min(axis.source);
    weights.extend((start..end).map(|x| bicubic((x as f64 - center + 0.5) * (1.0 / widening))));
    let sum: f64 = weights.iter().sum();
    if sum != 0.0 {
        weights.iter_mut().for_each(|weight| *weight /= sum);
    }
    start
}

/// Maximum number of weights of an output pixel.
fn longest(support: f64) -> usize {
    support.ceil() as usize * 2 + 1
}

/// Keys's cubic with a = −½.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}
