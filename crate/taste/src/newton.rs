//! Newton's method: finds the maximum of the log posterior, which is concave.

use crate::{
    conjugate::conjugate,
    dense::Dense,
    design::Design,
    error::TasteError,
    kernel::Kernel,
    linear::length,
    problem::{Problem, Squares},
};

/// Maximum number of steps; about six are usual.
const STEPS: usize = 100;
/// Largest distance to the maximum, in standard deviations of the priors. The length of the
/// gradient bounds it.
const CONVERGED: f64 = 1e-9;
/// Largest matrix that is decomposed, in rows.
const DENSE: usize = 2048;
/// What a step by conjugate gradients costs, in products with the matrix.
const PRODUCTS: usize = 100;

/// How Newton's steps are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Solver {
    /// A matrix with a row for each choice.
    Choices,
    /// A matrix with a row for each coordinate of the images' span.
    Images,
    /// Conjugate gradients, without a matrix.
    ConjugateGradients,
}

impl Solver {
    /// The solver with the fewest operations.
    pub(crate) fn fastest(design: &Design) -> Self {
        let (_, cost) = Self::direct(design).unwrap_or((Self::ConjugateGradients, usize::MAX));
        let product = 2 * (design.points() * design.width() + design.count());
        match Self::direct(design) {
            Some((direct, _)) if cost <= PRODUCTS * product => direct,
            _ => Self::ConjugateGradients,
        }
    }

    /// The faster of those that decompose a matrix, and its number of operations; `None` if both
    /// matrices are too large.
    pub(crate) fn direct(design: &Design) -> Option<(Self, usize)> {
        let (count, width) = (design.count(), design.width());
        let choices = design.has_products().then_some((Self::Choices, count.pow(3) / 6));
        let images = (width <= DENSE).then(|| {
            let rows = if design.is_of_images() { design.points() } else { count };
            (Self::Images, rows * width * width / 2 + width.pow(3) / 6 + 2 * count * width)
        });
        [choices, images].into_iter().flatten().min_by_key(|(_, cost)| *cost)
    }
}

/// The maximum of a log posterior.
#[derive(Debug, Clone)]
pub(crate) struct Maximum {
    /// The variables.
    pub(crate) x: Vec<f64>,
    /// The curvatures there.
    pub(crate) squares: Squares,
    /// The log posterior after each step.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests see that it never falls"))]
    pub(crate) values: Vec<f64>,
    /// Number of steps.
    pub(crate) steps: usize,
}

/// Finds the maximum, from `start` if given.
pub(crate) fn maximise(
    problem: &Problem<'_>,
    start: Option<Vec<f64>>,
    solver: Solver,
) -> Result<Maximum, TasteError> {
    let mut x = start.unwrap_or_else(|| vec![0.0; problem.size()]);
    let mut leads = problem.leads(&x);
    let mut value = problem.value(&x, &leads);
    let mut values = vec![value];
    for steps in 0..STEPS {
        let (gradient, squares) = problem.gradient(&x, &leads);
        let slope = length(&gradient);
        if slope <= CONVERGED {
            return Ok(Maximum { x, squares, values, steps });
        }
        let step = match solver {
            Solver::Choices => Kernel::new(problem, &squares).solve(problem, &squares, &gradient),
            Solver::Images => Dense::new(problem, &squares).solve(&gradient),
            Solver::ConjugateGradients => {
                // Far from the maximum an exact step gains nothing over a rough one.
                conjugate(problem, &squares, &gradient, (slope * 0.1).clamp(1e-4, 0.1))
            }
        };
        let gain: f64 = gradient.iter().zip(&step).map(|(gradient, step)| gradient * step).sum();
        let moved = |share: f64| x.iter().zip(&step).map(|(x, step)| x + share * step).collect::<Vec<f64>>();
        let mut share = 1.0;
        let mut next = moved(share);
        let mut next_leads = problem.leads(&next);
        let (tie, next_tie) = (problem.named(&x).1, problem.named(&next).1);
        let by_tie = tie.zip(next_tie).map_or(0.0, |(tie, next)| (next - tie).abs());
        let largest = leads.iter().zip(&next_leads).map(|(one, other)| (one - other).abs());
        let change = largest.fold(0.0, |largest: f64, change| largest.max(change.max(change / 2.0 + by_tie)));
        let mut next_value = problem.value(&next, &next_leads);
        // If the difference of any two log probabilities changes by at most t = 1, the value rises
        // by at least (1 − (eᵗ − t − 1) / t²) of the gain. Near the maximum a line search could not
        // measure such small gains.
        if change > 1.0 {
            while next_value < value + 1e-4 * share * gain && share > 1e-9 {
                share /= 2.0;
                next = moved(share);
                next_leads = problem.leads(&next);
                next_value = problem.value(&next, &next_leads);
            }
        }
        (x, leads, value) = (next, next_leads, next_value);
        values.push(value);
        // The gain is the square of the step's length in the metric of the second derivatives, so
        // it also bounds the distance. Rounding hides smaller gradients if leads are enormous.
        if change <= 1.0 && gain <= CONVERGED * CONVERGED {
            return Ok(Maximum { x, squares, values, steps: steps + 1 });
        }
    }
    Err(TasteError::NotConverged { steps: STEPS })
}
