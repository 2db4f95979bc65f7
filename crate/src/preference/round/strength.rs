//! Strengths of images from the answers so far, and how sure they are: Bradley–Terry with a prior.
//!
//! The probability that image a is preferred to b is 1 / (1 + exp(θ_b − θ_a)); a tie counts as half a win of each. With a normal prior of
//! variance 1 on each θ, images that were never shown have a strength too, and the posterior's mode is unique. Its curvature there gives the
//! covariance (Laplace's approximation).

/// Newton's steps at most; it takes about five.
const STEPS: usize = 50;
/// Largest change of a strength after which it has converged.
const CONVERGED: f64 = 1e-10;

/// How often the first of two images won, out of how many answers, ties halved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) first: usize,
    pub(crate) second: usize,
    /// 1 where the first was preferred, ½ for a tie, 0 where the second was.
    pub(crate) share: f64,
}

/// The posterior of all strengths.
#[derive(Debug)]
pub(crate) struct Strengths {
    /// The mode; sums to 0.
    pub(crate) mean: Vec<f64>,
    /// The covariance, row by row.
    covariance: Vec<f64>,
}

impl Strengths {
    /// From the outcomes of some of the pairs of `count` images.
    pub(crate) fn of(count: usize, outcomes: &[Outcome]) -> Self {
        let mut mean = vec![0.0; count];
        for _ in 0..STEPS {
            let (gradient, curvature) = derivatives(&mean, outcomes);
            let factor = cholesky(curvature, count);
            let step = solve(&factor, &gradient);
            // Far from the mode a whole step can overshoot, but never by much: the prior bounds the curvature below and answers above.
            let largest = step.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            let scale = if largest > 1.0 { 1.0 / largest } else { 1.0 };
            mean.iter_mut().zip(&step).for_each(|(mean, step)| *mean += scale * step);
            if largest < CONVERGED {
                break;
            }
        }
        let (_, curvature) = derivatives(&mean, outcomes);
        let covariance = inverse(&cholesky(curvature, count), count);
        Self { mean, covariance }
    }

    /// How much an answer to this pair is expected to tell: the Fisher information of the answer times the variance of the difference. The
    /// entropy that it takes from the posterior is ½ log(1 + this).
    pub(super) fn information(&self, first: usize, second: usize) -> f64 {
        let probability = logistic(self.mean[first] - self.mean[second]);
        probability * (1.0 - probability) * self.variance(first, second)
    }

    /// The variance of the difference of two strengths.
    fn variance(&self, first: usize, second: usize) -> f64 {
        let count = self.mean.len();
        let at = |row: usize, column: usize| self.covariance[row * count + column];
        at(first, first) + at(second, second) - 2.0 * at(first, second)
    }

    /// The standard error of a strength.
    pub(crate) fn error(&self, image: usize) -> f64 {
        self.covariance[image * self.mean.len() + image].max(0.0).sqrt()
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The gradient of the log posterior and the negative of its second derivatives.
fn derivatives(mean: &[f64], outcomes: &[Outcome]) -> (Vec<f64>, Vec<f64>) {
    let count = mean.len();
    let mut gradient: Vec<f64> = mean.iter().map(|strength| -strength).collect();
    let mut curvature = vec![0.0; count * count];
    (0..count).for_each(|at| curvature[at * count + at] = 1.0);
    for &Outcome { first, second, share } in outcomes {
        let probability = logistic(mean[first] - mean[second]);
        gradient[first] += share - probability;
        gradient[second] -= share - probability;
        let information = probability * (1.0 - probability);
        curvature[first * count + first] += information;
        curvature[second * count + second] += information;
        curvature[first * count + second] -= information;
        curvature[second * count + first] -= information;
    }
    (gradient, curvature)
}

/// The lower triangle L of a matrix L·Lᵀ that has nothing but eigenvalues of 1 and more.
fn cholesky(mut matrix: Vec<f64>, count: usize) -> Vec<f64> {
    for row in 0..count {
        let (done, rest) = matrix.split_at_mut(row * count);
        for column in 0..row {
            let above = &done[column * count..column * count + column];
            let sum: f64 = rest[..column].iter().zip(above).map(|(x, y)| x * y).sum();
            rest[column] = (rest[column] - sum) / done[column * count + column];
        }
        let sum: f64 = rest[..row].iter().map(|x| x * x).sum();
        rest[row] = (rest[row] - sum).max(f64::MIN_POSITIVE).sqrt();
    }
    matrix
}

/// x of L·Lᵀ·x = b.
fn solve(factor: &[f64], right: &[f64]) -> Vec<f64> {
    let count = right.len();
    let mut x = right.to_vec();
    for row in 0..count {
        let sum: f64 = factor[row * count..row * count + row].iter().zip(&x).map(|(l, x)| l * x).sum();
        x[row] = (x[row] - sum) / factor[row * count + row];
    }
    for row in (0..count).rev() {
        x[row] /= factor[row * count + row];
        let found = x[row];
        // The row of L holds the column of Lᵀ: it goes out of all that come before.
        let before = &factor[row * count..row * count + row];
        x[..row].iter_mut().zip(before).for_each(|(x, l)| *x -= l * found);
    }
    x
}

/// The inverse of L·Lᵀ.
fn inverse(factor: &[f64], count: usize) -> Vec<f64> {
    let mut inverse = Vec::with_capacity(count * count);
    let mut unit = vec![0.0; count];
    for at in 0..count {
        unit[at] = 1.0;
        // It is symmetric, so columns are rows.
        inverse.extend(solve(factor, &unit));
        unit[at] = 0.0;
    }
    inverse
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One answer between two images: the mode solves θ = 1 − logistic(2θ), and the covariance is that of two coordinates by hand.
    #[test]
    fn one_answer_is_worked_out_by_hand() {
        let strengths = Strengths::of(3, &[Outcome { first: 0, second: 1, share: 1.0 }]);
        // By bisection of x + 1 / (1 + exp(−2 x)) = 1.
        let theta = 0.337_415_807_171_199_6;
        assert!((theta + logistic(2.0 * theta) - 1.0_f64).abs() < 1e-9);
        assert!((strengths.mean[0] - theta).abs() < 1e-9 && (strengths.mean[1] + theta).abs() < 1e-9);
        assert_eq!(strengths.mean[2], 0.0);
        // (I + w d dᵀ)⁻¹ for d = (1, −1): the difference has variance 2 / (1 + 2 w), the sum keeps 2.
        let weight = logistic(2.0 * theta) * (1.0 - logistic(2.0 * theta));
        let difference = 2.0 / (1.0 + 2.0 * weight);
        assert!((strengths.variance(0, 1) - difference).abs() < 1e-9);
        assert!((strengths.error(0).powi(2) - (2.0 + difference) / 4.0).abs() < 1e-9);
        assert!((strengths.error(2) - 1.0).abs() < 1e-12);
    }

    proptest! {
        /// At the mode the gradient is nothing; strengths sum to 0; what was found to be the inverse is it.
        #[test]
        fn the_mode_is_one(outcomes in prop::collection::vec((0_usize..7, 1_usize..7, 0_usize..3), 0..60)) {
            let outcomes: Vec<Outcome> = outcomes
                .into_iter()
                .map(|(first, step, share)| Outcome { first, second: (first + step) % 7, share: share as f64 / 2.0 })
                .collect();
            let strengths = Strengths::of(7, &outcomes);
            let (gradient, curvature) = derivatives(&strengths.mean, &outcomes);
            prop_assert!(gradient.iter().all(|x| x.abs() < 1e-8), "{:?}", gradient);
            prop_assert!(strengths.mean.iter().sum::<f64>().abs() < 1e-8);
            for row in 0..7 {
                for column in 0..7 {
                    let sum: f64 = (0..7).map(|k| curvature[row * 7 + k] * strengths.covariance[k * 7 + column]).sum();
                    prop_assert!((sum - f64::from(row == column)).abs() < 1e-9);
                }
            }
        }
    }
}
