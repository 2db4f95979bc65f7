//! The maximum mean discrepancy of two sets of images.

use crate::evaluate::bootstrap::{Bootstrap, Estimate, interval};

/// The width σ of the Gaussian kernel, as in CMMD (arXiv 2401.09603).
pub const KERNEL_WIDTH: f64 = 10.0;
/// The factor of the result, as in CMMD.
pub const SCALE: f64 = 1000.0;
/// Values that are summed apart, so that they fit in vector registers.
const LANES: usize = 16;
/// Limit on the multiplications for an interval. With more than 1800 images there are fewer than
/// 2000 resamples.
const MOST: u64 = 20_000_000_000;
/// Minimum number of resamples.
const FEWEST: usize = 100;

/// The maximum mean discrepancy with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mmd {
    /// [`SCALE`] times the unbiased estimate of the squared discrepancy. Negative values occur if
    /// the sets hardly differ.
    pub estimate: Estimate,
    /// Number of resampled sets for the interval.
    pub resamples: usize,
}

/// The squared maximum mean discrepancy between two sets of features `[images, features]`, with the
/// kernel exp(−‖x − y‖² / 2σ²): the U-statistic, which has no bias by the number of images.
///
/// The interval resamples the images of both sets. Pairs of an image with itself are left out there
/// too: they would count as perfectly alike.
///
/// `None` if a set has fewer than two images.
pub fn mmd(one: &[f32], other: &[f32], features: usize, bootstrap: &Bootstrap) -> Option<Mmd> {
    let sets = [one, other].map(|set| Set { values: set, features });
    let counts = sets.map(|set| set.values.len() / features.max(1));
    if counts.iter().any(|&count| count < 2) {
        return None;
    }
    let size = counts[0].max(counts[1]);
    let affordable = usize::try_from(MOST / (3 * (size as u64).pow(2))).unwrap_or(usize::MAX);
    let resamples = affordable.max(FEWEST).min(bootstrap.resamples);
    // Independent draws for the other set.
    let seeds = [bootstrap.seed, bootstrap.seed.wrapping_add(1)];
    let weights = [0, 1].map(|set| {
        let draws = Bootstrap { seed: seeds[set], ..*bootstrap };
        let drawn = (0..resamples).map(|at| draws.draw(counts[set], at));
        let mut weights: Vec<Vec<f32>> = vec![vec![1.0; counts[set]]];
        weights.extend(drawn.map(|counts| counts.iter().map(|&count| count as f32).collect()));
        weights
    });
    let within = [0, 1].map(|set| {
        let sums = sums(sets[set], sets[set], [&weights[set]; 2], true);
        // The number of pairs of different images.
        let pairs = weights[set].iter().map(|weights| {
            let squares: f64 = weights.iter().map(|&weight| f64::from(weight).powi(2)).sum();
            (counts[set] as f64).powi(2) - squares
        });
        sums.into_iter().zip(pairs).map(|(sum, pairs)| sum / pairs).collect::<Vec<f64>>()
    });
    let between = sums(sets[0], sets[1], [&weights[0], &weights[1]], false);
    let pairs = counts[0] as f64 * counts[1] as f64;
    let value = |at: usize| SCALE * (within[0][at] + within[1][at] - 2.0 * between[at] / pairs);
    // A set that was drawn as copies of one image has no pairs.
    let mut drawn: Vec<f64> = (1..=resamples).map(value).filter(|value| value.is_finite()).collect();
    let [low, high] = interval(&mut drawn).unwrap_or([value(0); 2]);
    Some(Mmd { estimate: Estimate { value: value(0), low, high }, resamples: drawn.len() })
}

/// Features, row by row.
#[derive(Clone, Copy)]
struct Set<'a> {
    values: &'a [f32],
    features: usize,
}

impl<'a> Set<'a> {
    fn rows(self) -> impl Iterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.features)
    }
}

/// For each resample, the sum over pairs of an image of each set of (kernel − 1) times both
/// weights; with `apart`, without pairs of an image and itself. The 1 cancels, and without it an
/// f32 has enough digits: the kernel of unit vectors is at least 0.98.
fn sums(one: Set<'_>, other: Set<'_>, weights: [&[Vec<f32>]; 2], apart: bool) -> Vec<f64> {
    let mut sums = vec![0.0; weights[0].len()];
    let mut kernels = Vec::new();
    for (row, x) in one.rows().enumerate() {
        kernels.clear();
        kernels.extend(other.rows().map(|y| {
            let kernel = (-f64::from(squared_distance(x, y)) / (2.0 * KERNEL_WIDTH * KERNEL_WIDTH)).exp_m1();
            kernel as f32
        }));
        if apart {
            kernels[row] = 0.0;
        }
        for ((sum, weights), others) in sums.iter_mut().zip(weights[0]).zip(weights[1]) {
            if weights[row] > 0.0 {
                *sum += f64::from(weights[row]) * weighted(&kernels, others);
            }
        }
    }
    sums
}

fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let ((a, last_a), (b, last_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]);
        }
    }
    let rest: f32 = last_a.iter().zip(last_b).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().sum::<f32>() + rest
}

/// The sum of values times weights.
fn weighted(values: &[f32], weights: &[f32]) -> f64 {
    let mut total = 0.0;
    // In parts, so that an f32 sum does not lose digits.
    for (values, weights) in values.chunks(64 * LANES).zip(weights.chunks(64 * LANES)) {
        let mut sums = [0.0_f32; LANES];
        let ((values, last), (weights, of_last)) =
            (values.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
        for (values, weights) in values.iter().zip(weights) {
            for lane in 0..LANES {
                sums[lane] += values[lane] * weights[lane];
            }
        }
        let rest: f32 = last.iter().zip(of_last).map(|(value, weight)| value * weight).sum();
        total += sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + f64::from(rest);
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition.
    fn slowly(one: &[Vec<f32>], other: &[Vec<f32>]) -> f64 {
        let kernel = |a: &[f32], b: &[f32]| {
            let squares: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
            (-squares / 200.0).exp()
        };
        let within = |set: &[Vec<f32>]| {
            let (mut sum, mut pairs) = (0.0, 0.0);
            for a in 0..set.len() {
                for b in (0..set.len()).filter(|&b| a != b) {
                    (sum, pairs) = (sum + kernel(&set[a], &set[b]), pairs + 1.0);
                }
            }
            sum / pairs
        };
        let between: f64 = one.iter().flat_map(|a| other.iter().map(move |b| kernel(a, b))).sum();
        1000.0 * (within(one) + within(other) - 2.0 * between / (one.len() * other.len()) as f64)
    }

    fn set() -> impl Strategy<Value = Vec<Vec<f32>>> {
        prop::collection::vec(prop::collection::vec(-1.0f32..1.0, 19), 2..20)
    }

    proptest! {
        #[test]
        fn the_estimate_is_the_mean_over_pairs(one in set(), other in set()) {
            let bootstrap = Bootstrap { resamples: 50, seed: 3 };
            let found = mmd(&one.concat(), &other.concat(), 19, &bootstrap).unwrap();
            let expected = slowly(&one, &other);
            prop_assert!((found.estimate.value - expected).abs() < 1e-3, "{:?} {}", found, expected);
            prop_assert!(found.estimate.low <= found.estimate.high);
        }
    }

    #[test]
    fn resamples_weigh_images_as_copies_of_them() {
        // A resample with weights is the mean over pairs of different images, as often as drawn.
        let one: Vec<Vec<f32>> = (0..5).map(|at| vec![at as f32, 1.0]).collect();
        let other: Vec<Vec<f32>> = (0..4).map(|at| vec![0.5 * at as f32, 0.0]).collect();
        let bootstrap = Bootstrap { resamples: 1, seed: 8 };
        let found = mmd(&one.concat(), &other.concat(), 2, &bootstrap).unwrap();
        let drawn = |set: &[Vec<f32>], seed: u64| {
            let counts = Bootstrap { resamples: 1, seed }.draw(set.len(), 0);
            let copies = |at: usize| std::iter::repeat_n(at, counts[at] as usize);
            (0..set.len()).flat_map(copies).collect::<Vec<usize>>()
        };
        let kernel = |a: &[f32], b: &[f32]| {
            let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            (-squares / 200.0).exp()
        };
        let mean = |pairs: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = pairs.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            sum / count
        };
        let within = |set: &[Vec<f32>], drawn: &[usize]| {
            let pairs = drawn.iter().flat_map(|&a| drawn.iter().map(move |&b| (a, b)));
            mean(&mut pairs.filter(|(a, b)| a != b).map(|(a, b)| kernel(&set[a], &set[b])))
        };
        let (a, b) = (drawn(&one, 8), drawn(&other, 9));
        let between = a.iter().flat_map(|&a| b.iter().map(move |&b| (a, b)));
        let between = mean(&mut between.map(|(a, b)| kernel(&one[a], &other[b])));
        let expected = 1000.0 * (within(&one, &a) + within(&other, &b) - 2.0 * between);
        assert!((found.estimate.low - expected).abs() < 1e-3, "{found:?} {expected}");
        assert_eq!((found.estimate.low, found.resamples), (found.estimate.high, 1));
    }

    #[test]
    fn a_single_image_has_no_pairs() {
        assert_eq!(mmd(&[1.0, 0.0], &[0.0, 1.0, 1.0, 0.0], 2, &Bootstrap::default()), None);
        let same = mmd(&[1.0, 0.0, 1.0, 0.0], &[1.0, 0.0, 1.0, 0.0], 2, &Bootstrap::default()).unwrap();
        assert_eq!(same.estimate.value, 0.0);
    }
}
