//! Newton's step in the span of the choices, and the covariance there: a matrix with a row for each
//! choice, from products that are kept (Woodbury's identity).
//!
//! ```text
//! H = D + Rᵀ·R    H⁻¹ = D⁻¹ − D⁻¹·Rᵀ·B⁻¹·R·D⁻¹    B = 1 + R·D⁻¹·Rᵀ
//! ```

use crate::{
    linear::{Factor, Triangle},
    problem::{Problem, Squares},
};

/// The factor of B.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    factor: Factor,
}

impl Kernel {
    /// Decomposes B.
    pub(crate) fn new(problem: &Problem<'_>, squares: &Squares) -> Self {
        let (design, priors) = (problem.design, problem.priors);
        let (of_weights, of_alpha) = (priors.weights * priors.weights, priors.alpha * priors.alpha);
        let matrix = Triangle::with(design.count(), |row, to| {
            let (lead, tie) = (squares.lead[row], squares.tie[row] / squares.diagonal);
            for (column, to) in to.iter_mut().enumerate() {
                let product = of_weights * design.product(row, column)
                    + of_alpha * design.leads[row] * design.leads[column];
                *to = lead * squares.lead[column] * product + tie * squares.tie[column];
            }
            to[row] += 1.0;
        });
        Self { factor: matrix.factor() }
    }

    /// H⁻¹ times a vector.
    pub(crate) fn solve(&self, problem: &Problem<'_>, squares: &Squares, of: &[f64]) -> Vec<f64> {
        let (design, priors) = (problem.design, problem.priors);
        let width = design.width();
        let mut found = of.to_vec();
        if problem.ties {
            found[width + 1] /= squares.diagonal;
        }
        let mut along = design.forward(&of[..width]);
        for (at, along) in along.iter_mut().enumerate() {
            *along =
                squares.lead[at] * (priors.weights * *along + priors.alpha * design.leads[at] * of[width]);
            if problem.ties {
                *along += squares.tie[at] * found[width + 1];
            }
        }
        let along = self.factor.solve(along);
        let shares: Vec<f64> = along.iter().zip(&squares.lead).map(|(along, lead)| along * lead).collect();
        let back = design.backward(&shares);
        found.iter_mut().zip(&back).for_each(|(found, back)| *found -= priors.weights * back);
        found[width] -= priors.alpha * shares.iter().zip(&design.leads).map(|(a, b)| a * b).sum::<f64>();
        if problem.ties {
            let sum: f64 = along.iter().zip(&squares.tie).map(|(a, b)| a * b).sum();
            found[width + 1] -= sum / squares.diagonal;
        }
        found
    }

    /// L⁻¹ times each column of a matrix with a row for each choice, where B = L·Lᵀ.
    pub(crate) fn forward_rows(&self, rows: &mut [f64], width: usize) {
        self.factor.forward_rows(rows, width);
    }
}
