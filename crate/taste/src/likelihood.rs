//! The probability of an answer, after Davidson (1970), and its derivatives.
//!
//! ```text
//! P(left) : P(right) : P(tie) = e^(η/2) : e^(−η/2) : ν
//! ```
//!
//! η is the lead of the left image. Without ties ν is 0, and P(left) = σ(η). As in
//! `pickscore_preferences::evaluate::bradley_terry`, a tie is worth half a win for each side.

use pickscore_score::Label;

/// The probabilities of the three answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answers {
    left: f64,
    right: f64,
    tie: f64,
}

/// The negative second derivatives of a log-likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Curvature {
    /// By the lead.
    pub(crate) lead: f64,
    /// By the lead and ln ν.
    pub(crate) both: f64,
    /// By ln ν.
    pub(crate) tie: f64,
}

/// ln(e^(η/2) + e^(−η/2) + ν).
fn log_sum(lead: f64, tie: Option<f64>) -> f64 {
    let half = lead.abs() / 2.0;
    let highest = tie.map_or(half, |tie| half.max(tie));
    let tied = tie.map_or(0.0, |tie| (tie - highest).exp());
    highest + ((half - highest).exp() + (-half - highest).exp() + tied).ln()
}

/// The log-likelihood of an answer. `tie` is ln ν, `None` where ν is 0.
pub(crate) fn log_likelihood(lead: f64, tie: Option<f64>, label: Label) -> f64 {
    match (label, tie) {
        (Label::Left, _) => lead / 2.0 - log_sum(lead, tie),
        (Label::Right, _) => -lead / 2.0 - log_sum(lead, tie),
        (Label::Tie, Some(log)) => log - log_sum(lead, tie),
        // Half a win for each side.
        (Label::Tie, None) => -log_sum(lead, tie),
    }
}

impl Answers {
    /// The probabilities for a lead.
    pub(crate) fn of(lead: f64, tie: Option<f64>) -> Self {
        let sum = log_sum(lead, tie);
        Self {
            left: (lead / 2.0 - sum).exp(),
            right: (-lead / 2.0 - sum).exp(),
            tie: tie.map_or(0.0, |tie| (tie - sum).exp()),
        }
    }

    /// The probabilities of left, tie and right.
    pub(crate) fn shares(self) -> [f64; 3] {
        [self.left, self.tie, self.right]
    }

    /// The derivatives of the log-likelihood of an answer, by the lead and by ln ν.
    pub(crate) fn gradient(self, label: Label) -> [f64; 2] {
        let (won, tied) = match label {
            Label::Left => (1.0, 0.0),
            Label::Right => (-1.0, 0.0),
            Label::Tie => (0.0, 1.0),
        };
        [(won - (self.left - self.right)) / 2.0, tied - self.tie]
    }

    /// The curvature, which is the same for every answer.
    pub(crate) fn curvature(self) -> Curvature {
        let Self { left, right, tie } = self;
        Curvature {
            // The variance of half the outcome, without the cancellation of its usual formula.
            lead: left * right + (left + right) * tie / 4.0,
            both: -(left - right) * tie / 2.0,
            tie: tie * (left + right),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn derivatives_are_those_of_small_steps(lead in -20.0..20.0f64, log in prop::option::of(-4.0..4.0f64), label in prop::sample::select(&Label::ALL[..])) {
            let step = 1e-4;
            let at = |by: f64, tied: f64| log_likelihood(lead + by * step, log.map(|log| log + tied * step), label);
            let answers = Answers::of(lead, log);
            let ([by_lead, by_tie], curvature) = (answers.gradient(label), answers.curvature());
            prop_assert!(((at(1.0, 0.0) - at(-1.0, 0.0)) / (2.0 * step) - by_lead).abs() < 1e-6);
            let second = (at(1.0, 0.0) - 2.0 * at(0.0, 0.0) + at(-1.0, 0.0)) / (step * step);
            prop_assert!((second + curvature.lead).abs() < 1e-5);
            if log.is_some() {
                prop_assert!(((at(0.0, 1.0) - at(0.0, -1.0)) / (2.0 * step) - by_tie).abs() < 1e-6);
                let mixed = (at(1.0, 1.0) - at(1.0, -1.0) - at(-1.0, 1.0) + at(-1.0, -1.0)) / (4.0 * step * step);
                prop_assert!((mixed + curvature.both).abs() < 1e-5);
            }
        }

        #[test]
        fn probabilities_sum_to_one_and_match_the_likelihood(lead in -900.0..900.0f64, log in prop::option::of(-9.0..9.0f64)) {
            let shares = Answers::of(lead, log).shares();
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (label, share) in [Label::Left, Label::Tie, Label::Right].into_iter().zip(shares) {
                let logarithm = log_likelihood(lead, log, label);
                prop_assert!(logarithm.is_finite());
                if label != Label::Tie || log.is_some() {
                    prop_assert!((logarithm.exp() - share).abs() < 1e-12);
                }
            }
        }

        #[test]
        fn sides_mirror(lead in -50.0..50.0f64, log in prop::option::of(-4.0..4.0f64)) {
            prop_assert!((log_likelihood(lead, log, Label::Left) - log_likelihood(-lead, log, Label::Right)).abs() < 1e-12);
        }
    }
}
