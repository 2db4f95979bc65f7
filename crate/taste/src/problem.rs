//! The log posterior of a taste and its derivatives.
//!
//! The variables are whitened: their priors are normal with mean 0 and variance 1.
//!
//! ```text
//! w = σ·v    α = 1 + σ_α·a    ln ν = σ_ν·t
//! ηᵢ = α·Δsᵢ + w·Δeᵢ
//! ```
//!
//! The negative second derivatives are then at least 1 in every direction. So the distance to the
//! maximum is at most the length of the gradient, which is how convergence is decided.

use crate::{
    design::Design,
    likelihood::{Answers, Curvature, log_likelihood},
};

/// The standard deviations of the priors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priors {
    /// Of each weight, around 0.
    pub weights: f64,
    /// Of α, around 1.
    pub alpha: f64,
    /// Of ln ν, around 0, as in `pickscore_preferences::evaluate::bradley_terry`.
    pub tie: f64,
}

impl Default for Priors {
    fn default() -> Self {
        Self { weights: 2.0, alpha: 1.0, tie: 3.0 }
    }
}

/// Choices with priors.
#[derive(Debug, Clone)]
pub(crate) struct Problem<'a> {
    pub(crate) design: &'a Design,
    pub(crate) priors: Priors,
    /// Whether ν is a variable.
    pub(crate) ties: bool,
}

/// The curvatures of choices as sums of squares.
///
/// A choice's curvature by its lead and ln ν is a 2 × 2 matrix. It is the square of one row of
/// numbers plus something by ln ν alone, so the matrix of second derivatives is a diagonal plus
/// Σ row·rowᵀ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Squares {
    /// For each choice, the factor of its coordinates and of its lead.
    pub(crate) lead: Vec<f64>,
    /// For each choice, the number for ln ν.
    pub(crate) tie: Vec<f64>,
    /// The diagonal at ln ν; it is 1 at all other variables.
    pub(crate) diagonal: f64,
}

impl Problem<'_> {
    /// Number of variables: coordinates of w, α, ln ν.
    pub(crate) fn size(&self) -> usize {
        self.design.width() + 1 + usize::from(self.ties)
    }

    /// α and ln ν.
    pub(crate) fn named(&self, x: &[f64]) -> (f64, Option<f64>) {
        let width = self.design.width();
        (1.0 + self.priors.alpha * x[width], self.ties.then(|| self.priors.tie * x[width + 1]))
    }

    /// The leads of all choices.
    pub(crate) fn leads(&self, x: &[f64]) -> Vec<f64> {
        let (alpha, _) = self.named(x);
        let mut leads = self.design.forward(&x[..self.design.width()]);
        for (lead, base) in leads.iter_mut().zip(&self.design.leads) {
            *lead = alpha * base + self.priors.weights * *lead;
        }
        leads
    }

    /// The log posterior, up to a constant.
    pub(crate) fn value(&self, x: &[f64], leads: &[f64]) -> f64 {
        let (_, tie) = self.named(x);
        let of = |(&lead, &label)| log_likelihood(lead, tie, label);
        let likelihood: f64 = leads.iter().zip(&self.design.labels).map(of).sum();
        likelihood - x.iter().map(|x| x * x).sum::<f64>() / 2.0
    }

    /// The gradient, and the curvatures of the choices.
    pub(crate) fn gradient(&self, x: &[f64], leads: &[f64]) -> (Vec<f64>, Squares) {
        let (_, tie) = self.named(x);
        let Priors { weights, alpha, tie: deviation } = self.priors;
        let count = self.design.count();
        let mut squares =
            Squares { lead: Vec::with_capacity(count), tie: Vec::with_capacity(count), diagonal: 1.0 };
        let (mut by_lead, mut by_tie) = (Vec::with_capacity(count), 0.0);
        for (&lead, &label) in leads.iter().zip(&self.design.labels) {
            let answers = Answers::of(lead, tie);
            let [of_lead, of_tie] = answers.gradient(label);
            by_lead.push(of_lead);
            by_tie += of_tie;
            squares.add(answers.curvature(), if self.ties { deviation } else { 0.0 });
        }
        let mut gradient = self.design.backward(&by_lead);
        gradient.iter_mut().zip(x).for_each(|(gradient, x)| *gradient = weights * *gradient - x);
        let of_alpha: f64 = by_lead.iter().zip(&self.design.leads).map(|(by, lead)| by * lead).sum();
        let width = self.design.width();
        gradient.push(alpha * of_alpha - x[width]);
        if self.ties {
            gradient.push(deviation * by_tie - x[width + 1]);
        }
        (gradient, squares)
    }

    /// The matrix of negative second derivatives times a vector.
    pub(crate) fn product(&self, squares: &Squares, of: &[f64]) -> Vec<f64> {
        let Priors { weights, alpha, .. } = self.priors;
        let width = self.design.width();
        let (by_alpha, by_tie) = (alpha * of[width], if self.ties { of[width + 1] } else { 0.0 });
        let along = |at: usize, value: f64| {
            squares.lead[at] * (weights * value + by_alpha * self.design.leads[at]) + squares.tie[at] * by_tie
        };
        let (values, mut product) =
            self.design.both(&of[..width], |at, value| squares.lead[at] * along(at, value));
        product.iter_mut().zip(of).for_each(|(product, of)| *product = weights * *product + of);
        let (mut of_alpha, mut of_tie) = (0.0, 0.0);
        for (at, &value) in values.iter().enumerate() {
            let along = along(at, value);
            of_alpha += squares.lead[at] * self.design.leads[at] * along;
            of_tie += squares.tie[at] * along;
        }
        product.push(of[width] + alpha * of_alpha);
        if self.ties {
            product.push(squares.diagonal * of[width + 1] + of_tie);
        }
        product
    }
}

impl Squares {
    /// Adds the curvature of a choice; `deviation` is that of the prior of ln ν.
    fn add(&mut self, curvature: Curvature, deviation: f64) {
        let root = curvature.lead.sqrt();
        // A choice that is as good as certain has no curvature left.
        let by_tie = if root > 1e-150 { deviation * curvature.both / root } else { 0.0 };
        self.lead.push(root);
        self.tie.push(by_tie);
        self.diagonal += (deviation * deviation * curvature.tie - by_tie * by_tie).max(0.0);
    }
}
