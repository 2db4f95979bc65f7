//! Elementwise functions that the compiler vectorises.
//!
//! Each is branch-free and runs on a slice; [`vectorized`] compiles the loop for every instruction
//! set and picks one at run time. The tests compare them with libm's `exp` and `erf`.

use super::vectorize::vectorized;
use pickscore_checkpoint::config::Activation;

/// `activated = activation(values)`, elementwise, of equal length.
pub(super) fn activate(values: &[f32], activated: &mut [f32], activation: Activation) {
    vectorized(
        #[inline(always)]
        || {
            let all = values.iter().zip(activated.iter_mut());
            match activation {
                Activation::Gelu => all.for_each(|(x, activated)| *activated = gelu(*x)),
                Activation::QuickGelu => all.for_each(|(x, activated)| *activated = quick_gelu(*x)),
            }
        },
    );
}

/// `row = softmax(scale · row)`
pub(super) fn softmax(row: &mut [f32], scale: f32) {
    vectorized(
        #[inline(always)]
        || {
            let peak = max(row) * scale;
            let mut sums = [0f32; LANES];
            let (chunks, rest) = row.as_chunks_mut::<LANES>();
            for chunk in chunks {
                for lane in 0..LANES {
                    chunk[lane] = exp(chunk[lane] * scale - peak);
                    sums[lane] += chunk[lane];
                }
            }
            let mut sum: f32 = sums.iter().sum();
            for x in rest {
                *x = exp(*x * scale - peak);
                sum += *x;
            }
            let inverse = 1.0 / sum;
            row.iter_mut().for_each(|x| *x *= inverse);
        },
    );
}

/// Number of independent partial sums. A single running sum cannot be vectorised, since its order
/// of additions is fixed.
pub(super) const LANES: usize = 16;

/// The largest value, or −∞ if there is none.
#[inline(always)]
fn max(row: &[f32]) -> f32 {
    let mut peaks = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            peaks[lane] = larger(peaks[lane], chunk[lane]);
        }
    }
    peaks.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| larger(a, b))
}

/// The larger value, or the first if either is NaN. In wasm `f32::max` would call the C library.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The smallest range that contains zero and all values: its smallest and its largest value.
pub(super) fn range(values: &[f32]) -> [f32; 2] {
    // Negated, so that both are found as maxima.
    let [mut below, mut above] = [[0f32; LANES]; 2];
    let (chunks, rest) = values.as_chunks::<LANES>();
    vectorized(
        #[inline(always)]
        || {
            // Local variables: captured ones would be written to memory in every step.
            let [mut lower, mut upper] = [[0f32; LANES]; 2];
            for chunk in chunks {
                for lane in 0..LANES {
                    lower[lane] = larger(lower[lane], -chunk[lane]);
                }
                for lane in 0..LANES {
                    upper[lane] = larger(upper[lane], chunk[lane]);
                }
            }
            (below, above) = (lower, upper);
        },
    );
    let smallest = rest.iter().map(|x| -x).chain(below).fold(0.0, larger);
    let largest = rest.iter().copied().chain(above).fold(0.0, larger);
    [-smallest, largest]
}

/// GELU: `x · Φ(x)`
#[inline(always)]
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// The derivative of GELU: `Φ(x) + x · φ(x)`
#[cfg(feature = "train")]
#[inline(always)]
pub(super) fn gelu_derivative(x: f32) -> f32 {
    const PEAK: f32 = std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2 * 0.5;
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)) + x * PEAK * exp(-0.5 * x * x)
}

/// The derivative of quick GELU: `s + 1.702 x · s · (1 − s)` with `s = sigmoid(1.702 x)`
#[cfg(feature = "train")]
#[inline(always)]
pub(super) fn quick_gelu_derivative(x: f32) -> f32 {
    let s = 1.0 / (1.0 + exp(-1.702 * x));
    s + 1.702 * x * s * (1.0 - s)
}

/// Quick GELU: `x · sigmoid(1.702 x)`
#[inline(always)]
fn quick_gelu(x: f32) -> f32 {
    x / (1.0 + exp(-1.702 * x))
}

/// The error function, as a rational approximation `x · P(x²) / Q(x²)`.
///
/// It is fitted to a relative error of 1.7e-8 on |x| ≤ 3.9; beyond that, erf rounds to ±1 in f32.
/// The total error including rounding is below 4e-7.
#[inline(always)]
fn erf(x: f32) -> f32 {
    const P: [f32; 6] = [
        std::f32::consts::FRAC_2_SQRT_PI,
        0.189_666_17,
        0.052_667_97,
        0.003_738_311_8,
        0.000_285_060_5,
        2.066_465_9e-6,
    ];
    const Q: [f32; 6] = [1.0, 0.501_42, 0.113_818_67, 0.014_914_209, 0.001_157_366_2, 3.826_985_6e-5];
    let x = x.clamp(-3.9, 3.9);
    let z = x * x;
    x * horner(&P, z) / horner(&Q, z)
}

/// 1.5 · 2²³. Adding it to a value rounds to the nearest integer and leaves that in the lowest
/// bits. A conversion, which saturates, would not be vectorised on AVX2.
pub(super) const ROUND: f32 = 12_582_912.0;

/// `eˣ` to within two units in the last place; 0 below −87, where the result would be subnormal.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // ln 2 in two parts. The first has few enough bits that its product with an exponent is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const TAYLOR: [f32; 8] = [1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0];
    let clamped = x.clamp(-87.0, 88.0);
    let rounded = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (clamped - n * LN_2_HIGH) - n * LN_2_LOW;
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    let y = horner(&TAYLOR, r) * power;
    if x < -87.0 { 0.0 } else { y }
}

/// Evaluates a polynomial by Horner's method, lowest coefficient first.
#[inline(always)]
fn horner<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut sum = coefficients[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = sum * x + coefficients[i];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> impl Iterator<Item = f32> {
        (-200_000..=200_000).map(|i| i as f32 * 5e-4)
    }

    #[test]
    fn erf_is_the_error_function() {
        for x in inputs() {
            let expected = libm::erf(f64::from(x));
            assert!(
                (f64::from(erf(x)) - expected).abs() <= 5e-7,
                "erf({x}) = {}, expected {expected}",
                erf(x)
            );
        }
    }

    #[test]
    fn exp_is_the_exponential() {
        for x in inputs().filter(|x| (-87.0..=88.0).contains(x)) {
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error <= 3e-7, "exp({x}) = {}, expected {expected}", exp(x));
        }
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn gelu_and_quick_gelu_follow_their_definitions() {
        let exact: Vec<f32> = inputs().collect();
        let (mut gelu, mut quick) = (exact.clone(), exact.clone());
        activate(&exact, &mut gelu, Activation::Gelu);
        activate(&exact, &mut quick, Activation::QuickGelu);
        for ((x, gelu), quick) in exact.iter().map(|&x| f64::from(x)).zip(gelu).zip(quick) {
            let expected = 0.5 * x * (1.0 + libm::erf(x / 2f64.sqrt()));
            assert!((f64::from(gelu) - expected).abs() <= 5e-7 * x.abs().max(1.0), "gelu({x}) = {gelu}");
            let expected = x / (1.0 + (-1.702 * x).exp());
            assert!(
                (f64::from(quick) - expected).abs() <= 5e-7 * x.abs().max(1.0),
                "quick_gelu({x}) = {quick}"
            );
        }
    }

    #[test]
    fn softmax_sums_to_one_and_keeps_masked_positions_out() {
        for length in [1, 2, 15, 16, 17, 77, 257] {
            let mut row: Vec<f32> = (0..length).map(|i| (i as f32 * 1.7).sin() * 9.0).collect();
            if length > 2 {
                row[1] = f32::NEG_INFINITY;
            }
            let weights: Vec<f64> = row.iter().map(|&x| (f64::from(x) * 0.25).exp()).collect();
            let sum: f64 = weights.iter().sum();
            softmax(&mut row, 0.25);
            for (found, weight) in row.iter().zip(weights) {
                assert!((f64::from(*found) - weight / sum).abs() < 1e-6);
            }
        }
    }
}
