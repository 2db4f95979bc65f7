//! Newton's step and the covariance with the matrix of second derivatives itself: where images or
//! dimensions are few.

use crate::{
    linear::{Factor, Triangle},
    problem::{Problem, Squares},
};

/// The factor of the matrix of negative second derivatives.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    factor: Factor,
}

impl Dense {
    /// Computes and decomposes the matrix.
    pub(crate) fn new(problem: &Problem<'_>, squares: &Squares) -> Self {
        Self { factor: matrix(problem, squares).factor() }
    }

    /// H⁻¹ times a vector.
    pub(crate) fn solve(&self, of: &[f64]) -> Vec<f64> {
        self.factor.solve(of.to_vec())
    }

    /// L⁻¹ times each column of a matrix with a row for each variable, where H = L·Lᵀ.
    pub(crate) fn forward_rows(&self, rows: &mut [f64], width: usize) {
        self.factor.forward_rows(rows, width);
    }
}

/// The matrix of negative second derivatives.
pub(crate) fn matrix(problem: &Problem<'_>, squares: &Squares) -> Triangle {
    let (design, priors) = (problem.design, problem.priors);
    let factors: Vec<f64> =
        squares.lead.iter().map(|lead| lead * lead * priors.weights * priors.weights).collect();
    let mut matrix = design.squares(&factors);
    let width = design.width();
    (0..width).for_each(|at| matrix.row_mut(at)[at] += 1.0);
    // The row of α, then that of ln ν.
    let scaled: Vec<f64> =
        squares.lead.iter().zip(&design.leads).map(|(root, lead)| priors.alpha * root * lead).collect();
    let crossed = |of: &[f64]| {
        let shares: Vec<f64> =
            of.iter().zip(&squares.lead).map(|(of, lead)| priors.weights * of * lead).collect();
        design.backward(&shares)
    };
    let sum = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
    matrix.push(crossed(&scaled).into_iter().chain([1.0 + sum(&scaled, &scaled)]));
    if problem.ties {
        let ends = [sum(&squares.tie, &scaled), squares.diagonal + sum(&squares.tie, &squares.tie)];
        matrix.push(crossed(&squares.tie).into_iter().chain(ends));
    }
    matrix
}
