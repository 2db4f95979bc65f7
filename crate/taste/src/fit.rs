//! Fits a taste to choices.

use crate::{
    data::Data,
    design::Design,
    error::TasteError,
    newton::{Solver, maximise},
    problem::{Priors, Problem},
};

/// A fitted taste.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The factor of the base scorer's score, in logits.
    pub alpha: f64,
    /// The weights of the embedding.
    pub weights: Vec<f64>,
    /// ln ν; `None` if there are no ties, whose probability is then 0.
    pub tie: Option<f64>,
    /// The priors.
    pub priors: Priors,
    /// Number of Newton steps.
    pub steps: usize,
    /// How the steps were computed.
    pub solver: Solver,
}

impl Fit {
    /// The taste of somebody who has made no choices: the base scorer.
    pub fn base(dimensions: usize, priors: Priors) -> Self {
        Self {
            alpha: 1.0,
            weights: vec![0.0; dimensions],
            tie: None,
            priors,
            steps: 0,
            solver: Solver::Choices,
        }
    }

    /// The score of an image by this taste, from its base score in logits and its embedding.
    pub fn score(&self, base: f64, embedding: &[f32]) -> f64 {
        let along: f64 = self.weights.iter().zip(embedding).map(|(w, &e)| w * f64::from(e)).sum();
        self.alpha * base + along
    }
}

impl Priors {
    /// Checks that the deviations are positive and not absurd.
    pub(crate) fn checked(self) -> Result<Self, TasteError> {
        let named = [("weights", self.weights), ("alpha", self.alpha), ("tie", self.tie)];
        for (name, value) in named {
            if !(1e-6..=1e3).contains(&value) {
                return Err(TasteError::Option { name, value, expected: "0.000001 to 1000" });
            }
        }
        Ok(self)
    }
}

/// Fits a taste. Without choices it is the base scorer.
///
/// # Errors
///
/// If a prior is out of range.
pub fn fit(data: &Data, priors: Priors) -> Result<Fit, TasteError> {
    let priors = priors.checked()?;
    let design = Design::new(data);
    fitted(data, &design, priors, None).map(|(fit, _)| fit)
}

/// Fits a taste in given coordinates. Also returns the variables, from which a next fit starts.
pub(crate) fn fitted(
    data: &Data,
    design: &Design,
    priors: Priors,
    start: Option<Vec<f64>>,
) -> Result<(Fit, crate::newton::Maximum), TasteError> {
    let problem = Problem { design, priors, ties: data.ties() > 0 };
    let solver = Solver::fastest(design);
    let maximum = maximise(&problem, start.filter(|start| start.len() == problem.size()), solver)?;
    let (alpha, tie) = problem.named(&maximum.x);
    let scaled: Vec<f64> = maximum.x[..design.width()].iter().map(|v| priors.weights * v).collect();
    let weights = design.vector(&scaled, data.embeddings().dimensions());
    Ok((Fit { alpha, weights, tie, priors, steps: maximum.steps, solver }, maximum))
}
