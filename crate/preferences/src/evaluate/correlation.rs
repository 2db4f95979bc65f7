//! Rank correlations, as in scipy.

use std::cmp::Ordering;

/// The rank of each value, from 1. Equal values share the mean of their ranks.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| compare(values[a], values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0.0;
    for same in order.chunk_by(|&one, &other| values[one] == values[other]) {
        let count = same.len() as f64;
        // The mean of below + 1 to below + count.
        same.iter().for_each(|&at| ranks[at] = below + (count + 1.0) / 2.0);
        below += count;
    }
    ranks
}

/// Spearman's ρ: the correlation of ranks. `None` for fewer than two values, if all values of one
/// side are equal, and if a value is not finite.
pub fn spearman(one: &[f64], other: &[f64]) -> Option<f64> {
    checked(one, other)?;
    let (one, other) = (ranks(one), ranks(other));
    let mean = (one.len() as f64 + 1.0) / 2.0;
    let moment = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let spread = moment(&one, &one) * moment(&other, &other);
    (spread > 0.0).then(|| (moment(&one, &other) / spread.sqrt()).clamp(-1.0, 1.0))
}

/// Kendall's τ-b: the share of pairs in the same order minus the share in the opposite order, with
/// a correction for ties. `None` as for [`spearman`].
pub fn kendall(one: &[f64], other: &[f64]) -> Option<f64> {
    checked(one, other)?;
    // Knight's algorithm: sort by one, then count the exchanges of a merge sort by the other.
    let mut order: Vec<usize> = (0..one.len()).collect();
    order.sort_by(|&a, &b| compare(one[a], one[b]).then(compare(other[a], other[b])));
    let pairs = |count: usize| (count as f64) * (count as f64 - 1.0) / 2.0;
    let tied = |same: &dyn Fn(usize, usize) -> bool, order: &[usize]| {
        order.chunk_by(|&a, &b| same(a, b)).map(|run| pairs(run.len())).sum::<f64>()
    };
    let in_one = tied(&|a, b| one[a] == one[b], &order);
    let in_both = tied(&|a, b| one[a] == one[b] && other[a] == other[b], &order);
    let mut values: Vec<f64> = order.iter().map(|&at| other[at]).collect();
    let exchanged = exchanges(&mut values);
    let in_other = values.chunk_by(|a, b| a == b).map(|run| pairs(run.len())).sum::<f64>();
    let all = pairs(one.len());
    let spread = (all - in_one) * (all - in_other);
    let ahead = all - in_one - in_other + in_both - 2.0 * exchanged;
    (spread > 0.0).then(|| (ahead / spread.sqrt()).clamp(-1.0, 1.0))
}

/// Sorts values and counts the pairs that were in the wrong order.
fn exchanges(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    if middle == 0 {
        return 0.0;
    }
    let (low, high) = values.split_at_mut(middle);
    let mut count = exchanges(low) + exchanges(high);
    let mut merged = Vec::with_capacity(low.len() + high.len());
    let (mut a, mut b) = (0, 0);
    while a < low.len() || b < high.len() {
        if b == high.len() || (a < low.len() && low[a] <= high[b]) {
            merged.push(low[a]);
            a += 1;
        } else {
            count += (low.len() - a) as f64;
            merged.push(high[b]);
            b += 1;
        }
    }
    values.copy_from_slice(&merged);
    count
}

fn checked(one: &[f64], other: &[f64]) -> Option<()> {
    let numbers = one.iter().chain(other).all(|value| value.is_finite());
    (one.len() == other.len() && one.len() > 1 && numbers).then_some(())
}

/// Compares finite numbers; −0 equals 0.
fn compare(one: f64, other: f64) -> Ordering {
    one.partial_cmp(&other).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: counts all pairs.
    fn slowly(one: &[f64], other: &[f64]) -> Option<f64> {
        let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
        let (mut ahead, mut of_one, mut of_other) = (0.0, 0.0, 0.0);
        for a in 0..one.len() {
            for b in 0..a {
                let (x, y) = (sign(one[a] - one[b]), sign(other[a] - other[b]));
                (ahead, of_one, of_other) = (ahead + x * y, of_one + x * x, of_other + y * y);
            }
        }
        (of_one * of_other > 0.0).then(|| ahead / f64::sqrt(of_one * of_other))
    }

    fn values() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec(((-4i8..4).prop_map(f64::from), -3.0f64..3.0), 0..40)
    }

    proptest! {
        #[test]
        fn kendall_is_a_count_of_pairs(pairs in values(), coarse: bool) {
            let (one, other): (Vec<f64>, Vec<f64>) =
                pairs.into_iter().map(|(a, b)| (a, if coarse { b.round() } else { b })).unzip();
            match (kendall(&one, &other), slowly(&one, &other)) {
                (Some(fast), Some(slow)) => prop_assert!((fast - slow).abs() < 1e-12),
                (fast, slow) => prop_assert_eq!(fast, slow),
            }
        }

        #[test]
        fn order_and_scale_do_not_matter(pairs in values()) {
            let (one, other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let (back, turned): (Vec<f64>, Vec<f64>) = pairs.iter().rev().map(|&(a, b)| (a.exp(), -b)).unzip();
            for measure in [spearman, kendall] {
                let (found, exchanged) = (measure(&one, &other), measure(&other, &one));
                let turned = measure(&back, &turned).map(|found| -found);
                for again in [exchanged, turned] {
                    match (found, again) {
                        (Some(a), Some(b)) => prop_assert!((a - b).abs() < 1e-12),
                        (a, b) => prop_assert_eq!(a, b),
                    }
                }
            }
        }
    }

    #[test]
    fn there_may_be_none() {
        for measure in [spearman, kendall] {
            assert_eq!(measure(&[1.0], &[1.0]), None);
            assert_eq!(measure(&[1.0, 1.0], &[1.0, 2.0]), None);
            assert_eq!(measure(&[1.0, f64::NAN], &[1.0, 2.0]), None);
            assert_eq!(measure(&[1.0, 2.0], &[1.0, 2.0, 3.0]), None);
            assert_eq!(measure(&[1.0, 2.0, 3.0], &[5.0, 6.0, 7.0]), Some(1.0));
            assert_eq!(measure(&[-0.0, 0.0], &[1.0, 2.0]), None);
        }
        assert_eq!(ranks(&[2.0, 1.0, 2.0, -0.0, 0.0]), [4.5, 3.0, 4.5, 1.5, 1.5]);
    }
}
