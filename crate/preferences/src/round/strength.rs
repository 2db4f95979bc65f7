//! The information that an answer to a pair would give, from the strengths of the images and their
//! covariance in a Bradley–Terry model.
//!
//! Rankings use [`crate::evaluate::rank`] instead, which does not compute covariances.
//!
//! The probability that image a is preferred to b is 1 / (1 + exp(θ_b − θ_a)); a tie counts as half
//! a win for each. The prior of each θ is normal with variance 1, so images that were never shown
//! have a strength too, and the mode of the posterior is unique. The curvature at the mode gives
//! the covariance (Laplace's approximation).

use crate::cholesky;
use crate::record::Label;

/// Maximum number of Newton steps; about five are usual.
const STEPS: usize = 50;
/// The iteration has converged when no strength changes by more than this.
const CONVERGED: f64 = 1e-10;

/// The label of two images.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) first: usize,
    pub(super) second: usize,
    /// [`Label::Left`] if the first is preferred.
    pub(super) label: Label,
}

/// The posterior of all strengths.
#[derive(Debug)]
pub(super) struct Strengths {
    /// The mode, whose sum is 0.
    mean: Vec<f64>,
    /// The covariance, row by row.
    covariance: Vec<f64>,
}

impl Strengths {
    /// The strengths of `count` images from labels of some of their pairs.
    pub(super) fn of(count: usize, outcomes: &[Outcome]) -> Self {
        let mut mean = vec![0.0; count];
        for _ in 0..STEPS {
            let (gradient, curvature) = derivatives(&mean, outcomes);
            let step = cholesky::solve(curvature, gradient);
            // Far from the mode a full step can overshoot.
            let largest = step.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            let scale = if largest > 1.0 { 1.0 / largest } else { 1.0 };
            mean.iter_mut().zip(&step).for_each(|(mean, step)| *mean += scale * step);
            if largest < CONVERGED {
                break;
            }
        }
        let (_, curvature) = derivatives(&mean, outcomes);
        let covariance = cholesky::inverse(curvature, count);
        Self { mean, covariance }
    }

    /// The expected information of an answer to this pair: the Fisher information of the answer
    /// times the variance of the difference of the strengths. The answer reduces the entropy of the
    /// posterior by ½ log(1 + this).
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
    for &Outcome { first, second, label } in outcomes {
        let [share, _] = label.shares();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// With one answer the mode solves θ = 1 − logistic(2θ), and the covariance has a closed form.
    #[test]
    fn one_answer_is_worked_out_by_hand() {
        let strengths = Strengths::of(3, &[Outcome { first: 0, second: 1, label: Label::Left }]);
        // By bisection of x + 1 / (1 + exp(−2 x)) = 1.
        let theta = 0.337_415_807_171_199_6;
        assert!((theta + logistic(2.0 * theta) - 1.0_f64).abs() < 1e-9);
        assert!((strengths.mean[0] - theta).abs() < 1e-9 && (strengths.mean[1] + theta).abs() < 1e-9);
        assert_eq!(strengths.mean[2], 0.0);
        // (I + w d dᵀ)⁻¹ for d = (1, −1): the variance of the difference is 2 / (1 + 2 w), that of
        // the sum 2.
        let weight = logistic(2.0 * theta) * (1.0 - logistic(2.0 * theta));
        let difference = 2.0 / (1.0 + 2.0 * weight);
        assert!((strengths.variance(0, 1) - difference).abs() < 1e-9);
        assert!((strengths.covariance[0] - (2.0 + difference) / 4.0).abs() < 1e-9);
        assert!((strengths.covariance[8] - 1.0).abs() < 1e-12);
    }

    proptest! {
        /// At the mode the gradient is 0, the strengths sum to 0, and the covariance is the inverse
        /// of the curvature.
        #[test]
        fn the_mode_is_one(outcomes in prop::collection::vec((0_usize..7, 1_usize..7, prop::sample::select(&Label::ALL[..])), 0..60)) {
            let outcomes: Vec<Outcome> = outcomes
                .into_iter()
                .map(|(first, step, label)| Outcome { first, second: (first + step) % 7, label })
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
