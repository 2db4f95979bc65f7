//! Newton's step by conjugate gradients, which need no matrix: where choices and images are many.

use crate::{
    linear::{add, dot},
    problem::{Problem, Squares},
};

/// H⁻¹ times a vector, to a relative residual.
pub(crate) fn conjugate(problem: &Problem<'_>, squares: &Squares, of: &[f64], residual: f64) -> Vec<f64> {
    // The variables of α and ln ν have curvatures of their own; those of w are alike.
    let mut scale = vec![1.0; of.len()];
    let width = problem.design.width();
    let leads = squares.lead.iter().zip(&problem.design.leads).map(|(root, lead)| (root * lead).powi(2));
    scale[width] = 1.0 / (1.0 + problem.priors.alpha.powi(2) * leads.sum::<f64>());
    if problem.ties {
        scale[width + 1] = 1.0 / (squares.diagonal + dot(&squares.tie, &squares.tie));
    }
    let scaled = |of: &[f64]| of.iter().zip(&scale).map(|(a, b)| a * b).collect::<Vec<f64>>();
    let mut found = vec![0.0; of.len()];
    let mut left = of.to_vec();
    let mut toward = scaled(&left);
    let mut square = dot(&left, &toward);
    let enough = square * residual * residual;
    for _ in 0..of.len() * 2 + 50 {
        if square <= enough || square <= f64::MIN_POSITIVE {
            break;
        }
        let product = problem.product(squares, &toward);
        let share = square / dot(&toward, &product);
        add(&mut found, share, &toward);
        add(&mut left, -share, &product);
        let next = scaled(&left);
        let longer = dot(&left, &next);
        let keep = longer / square;
        toward.iter_mut().zip(&next).for_each(|(toward, next)| *toward = next + keep * *toward);
        square = longer;
    }
    found
}
