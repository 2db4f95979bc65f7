//! Cross-validation: chooses the variance of the weights, and measures honestly how well a taste
//! predicts choices between images that it has not seen, beside the base scorer.

use std::ops::ControlFlow;

use pickscore_common::progress::Progress;
use pickscore_preferences::evaluate::Estimate;
use pickscore_score::Label;

use crate::{
    data::{Choice, Data},
    design::Design,
    error::TasteError,
    folds::{Assigned, Fold, assigned, folds},
    interval::Units,
    likelihood::log_likelihood,
    needed::{Needed, needed},
    newton::{Solver, maximise},
    problem::{Priors, Problem},
};

/// Standard deviations of the weights that are tried, in this order. Differences of unit-length
/// embeddings are 0.3 to 1 long, so these are tastes from next to nothing to several times as
/// strong as the base scorer.
pub const DEVIATIONS: [f64; 8] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// With fewer tested choices than this, no taste is called better than its base scorer.
pub const FEWEST_TESTED: usize = 10;

/// How many times as far as the lower end of its 95 % interval a gain has to be above 0. This is
/// the ratio of the 99.5 % and 97.5 % quantiles of Student's distribution with nine degrees of
/// freedom; with more it is stricter still. People look again and again while they choose, and each
/// look is another chance to be wrong.
pub const STRICTER: f64 = 1.44;

/// Settings of the cross-validation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// Number of folds.
    pub folds: usize,
    /// Number of assignments to folds; `None`: one where prompts are assigned, otherwise four.
    pub repeats: Option<usize>,
    /// The priors other than that of the weights.
    pub priors: Priors,
    /// The seed of all random numbers.
    pub seed: u64,
}

impl Default for Validation {
    fn default() -> Self {
        Self { folds: 5, repeats: None, priors: Priors::default(), seed: 42 }
    }
}

/// The accuracy of a taste beside the base scorer's, on choices of images that were not trained on.
///
/// It is the share of choices, other than ties, whose preferred image has the higher score; equal
/// scores count half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// Number of choices that were tested. The others lay in two folds, or were ties.
    pub tested: usize,
    /// The accuracy of the base scorer.
    pub base: Estimate,
    /// The accuracy of the taste.
    pub taste: Estimate,
    /// The difference, with its own interval, not that of two independent accuracies.
    pub gain: Estimate,
}

impl Accuracy {
    /// Whether the taste is measurably better than the base scorer: the lower end of the 99 %
    /// interval of the difference is above 0, and at least [`FEWEST_TESTED`] choices were tested.
    pub fn is_better(&self) -> bool {
        self.tested >= FEWEST_TESTED && self.gain.value - STRICTER * (self.gain.value - self.gain.low) > 0.0
    }
}

/// What cross-validation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Validated {
    /// The priors, with the deviation of the weights that was chosen.
    pub priors: Priors,
    /// The mean log-likelihood of a tested choice for each deviation that was tried.
    pub likelihoods: Vec<(f64, f64)>,
    /// The accuracy; `None` if no choice could be tested.
    pub accuracy: Option<Accuracy>,
    /// What was assigned to folds.
    pub assigned: Assigned,
    /// Number of folds.
    pub folds: usize,
    /// Whether the taste is to be used, or how many choices that will take.
    pub needed: Needed,
}

/// The predictions of one fold for one deviation: the log-likelihood and the lead of each tested
/// choice.
#[derive(Debug)]
struct Predicted {
    likelihoods: Vec<f64>,
    leads: Vec<f64>,
}

/// Cross-validates a taste.
///
/// # Errors
///
/// If an option is out of range, or `progress` returns [`ControlFlow::Break`], which gives `None`.
pub fn validate(
    data: &Data,
    options: &Validation,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Validated>, TasteError> {
    let mut validator = Validator::new(data, options)?;
    loop {
        if progress(validator.progress()).is_break() {
            return Ok(None);
        }
        if !validator.step()? {
            return validator.finish().map(Some);
        }
    }
}

/// A cross-validation in steps, for callers that cannot wait for all of it.
#[derive(Debug)]
pub struct Validator {
    choices: Vec<Choice>,
    design: Design,
    priors: Priors,
    ties: bool,
    options: Validation,
    assigned: Assigned,
    /// All folds, with the number of their assignment.
    all: Vec<(usize, Fold)>,
    /// By deviation, then by fold; the last deviation may lack folds.
    predicted: Vec<Vec<Predicted>>,
    /// For each fold, the maximum for the last deviation.
    starts: Vec<Option<(f64, Vec<f64>)>>,
    done: bool,
}

impl Validator {
    /// A cross-validation that has not begun.
    ///
    /// # Errors
    ///
    /// If an option is out of range.
    pub fn new(data: &Data, options: &Validation) -> Result<Self, TasteError> {
        let priors = options.priors.checked()?;
        if !(2..=100).contains(&options.folds) {
            let value = options.folds as f64;
            return Err(TasteError::Option { name: "folds", value, expected: "2 to 100" });
        }
        let choices = data.choices();
        let assigned = assigned(choices, options.folds);
        let repeats = options.repeats.unwrap_or(if assigned == Assigned::Prompts { 1 } else { 4 });
        let all: Vec<(usize, Fold)> = (0..repeats)
            .flat_map(|repeat| {
                let folds = folds(choices, options.folds, options.seed, repeat);
                folds.into_iter().map(move |fold| (repeat, fold))
            })
            .collect();
        Ok(Self {
            choices: choices.to_vec(),
            design: Design::new(data),
            priors,
            ties: data.ties() > 0,
            options: *options,
            assigned,
            starts: vec![None; all.len()],
            done: all.is_empty(),
            all,
            predicted: Vec::new(),
        })
    }

    /// How many fits are done, of how many at most.
    pub fn progress(&self) -> Progress {
        let total = (DEVIATIONS.len() * self.all.len()) as u64;
        let done: usize = self.predicted.iter().map(Vec::len).sum();
        Progress { stage: "folds", loaded: if self.done { total } else { done as u64 }, total: Some(total) }
    }

    /// Fits one fold with one deviation; false if nothing was left to fit.
    ///
    /// # Errors
    ///
    /// If a fit does not converge.
    pub fn step(&mut self) -> Result<bool, TasteError> {
        if self.done {
            return Ok(false);
        }
        if self.predicted.last().is_none_or(|row| row.len() == self.all.len()) {
            self.predicted.push(Vec::with_capacity(self.all.len()));
        }
        let (tried, at) = (self.predicted.len(), self.predicted.last().map_or(0, Vec::len));
        let weights = DEVIATIONS[tried - 1];
        let priors = Priors { weights, ..self.priors };
        let (_, fold) = &self.all[at];
        let trained = self.design.subset(&fold.trained);
        let problem = Problem { design: &trained, priors, ties: self.ties };
        // The weights of the last deviation are near those of this one.
        let width = self.design.width();
        let start = self.starts[at].take().map(|(before, mut x)| {
            x[..width].iter_mut().for_each(|v| *v *= before / weights);
            x
        });
        let found = maximise(&problem, start, Solver::fastest(&trained))?;
        let tested = self.design.subset(&fold.tested);
        let leads = Problem { design: &tested, priors, ties: self.ties }.leads(&found.x);
        let (_, tie) = problem.named(&found.x);
        let of = |(&lead, &label)| log_likelihood(lead, tie, label);
        let likelihoods = leads.iter().zip(&tested.labels).map(of).collect();
        self.starts[at] = Some((weights, found.x));
        if let Some(row) = self.predicted.last_mut() {
            row.push(Predicted { likelihoods, leads });
        }
        if at + 1 == self.all.len() {
            // The likelihood has one peak but for noise: after two falls it does not rise again.
            let sums: Vec<f64> = self.predicted.iter().map(|row| likelihood(row)).collect();
            self.done = tried == DEVIATIONS.len() || matches!(sums[..], [.., a, b, c] if a > b && b > c);
        }
        Ok(true)
    }

    /// Does the steps that are left, and returns what was found.
    ///
    /// # Errors
    ///
    /// As [`Validator::step`].
    pub fn finish(mut self) -> Result<Validated, TasteError> {
        while self.step()? {}
        let Self { choices, all, predicted, priors, assigned, options, .. } = self;
        let tested: usize = all.iter().map(|(_, fold)| fold.tested.len()).sum();
        let chosen = chosen(choices.len(), &all, &predicted, &|_| true);
        let weights = chosen.map_or(priors.weights, |chosen| DEVIATIONS[chosen]);
        let mean = |row: &Vec<Predicted>| likelihood(row) / tested.max(1) as f64;
        let accuracy = accuracy(&choices, &all, &predicted, assigned);
        let means = predicted.iter().map(mean);
        Ok(Validated {
            priors: Priors { weights, ..priors },
            likelihoods: DEVIATIONS.into_iter().zip(means).filter(|_| tested > 0).collect(),
            needed: needed(choices.len(), accuracy.as_ref()),
            accuracy,
            assigned,
            folds: options.folds,
        })
    }
}

fn likelihood(row: &[Predicted]) -> f64 {
    row.iter().flat_map(|predicted| &predicted.likelihoods).sum()
}

/// The smallest deviation whose mean log-likelihood is within one standard error of the largest, by
/// the folds that `counts` names; `None` if they test nothing.
///
/// With few choices the largest itself is chance more often than not, and a wide prior then makes a
/// taste worse than the base scorer.
fn chosen(
    choices: usize,
    all: &[(usize, Fold)],
    predicted: &[Vec<Predicted>],
    counts: &dyn Fn(usize) -> bool,
) -> Option<usize> {
    // By deviation: the mean over assignments for each choice that was tested.
    let means = |row: &Vec<Predicted>| {
        let mut sums = vec![(0.0, 0.0); choices];
        for (_, ((_, fold), predicted)) in all.iter().zip(row).enumerate().filter(|(at, _)| counts(*at)) {
            for (&choice, likelihood) in fold.tested.iter().zip(&predicted.likelihoods) {
                sums[choice].0 += likelihood;
                sums[choice].1 += 1.0;
            }
        }
        let tested = sums.into_iter().filter(|(_, times)| *times > 0.0);
        tested.map(|(sum, times)| sum / times).collect::<Vec<f64>>()
    };
    let means: Vec<Vec<f64>> = predicted.iter().map(means).collect();
    let best = means.iter().max_by(|a, b| a.iter().sum::<f64>().total_cmp(&b.iter().sum::<f64>()))?;
    let count = best.len() as f64;
    if best.is_empty() {
        return None;
    }
    means.iter().position(|other| {
        let differences = || best.iter().zip(other).map(|(best, other)| best - other);
        let mean = differences().sum::<f64>() / count;
        let square = differences().map(|difference| (difference - mean).powi(2)).sum::<f64>();
        // One choice alone says nothing.
        count < 2.0 || mean <= (square / (count - 1.0) / count).sqrt()
    })
}

/// The accuracies. The deviation that a fold is predicted with is chosen by the other folds of its
/// assignment, so that no choice takes part in choosing what predicts it.
fn accuracy(
    choices: &[Choice],
    all: &[(usize, Fold)],
    predicted: &[Vec<Predicted>],
    assigned: Assigned,
) -> Option<Accuracy> {
    // The points of each choice, summed over assignments, and how often it was tested.
    let mut points = vec![(0.0, 0.0); choices.len()];
    for (at, (repeat, fold)) in all.iter().enumerate() {
        let others = |other: usize| other != at && all[other].0 == *repeat;
        let chosen = chosen(choices.len(), all, predicted, &others).unwrap_or_default();
        for (&choice, &lead) in fold.tested.iter().zip(&predicted[chosen][at].leads) {
            if let Some(point) = point(lead, choices[choice].label) {
                points[choice].0 += point;
                points[choice].1 += 1.0;
            }
        }
    }
    let tested: Vec<(&Choice, f64, f64)> = choices
        .iter()
        .zip(&points)
        .filter(|(_, (_, times))| *times > 0.0)
        .filter_map(|(choice, (sum, times))| Some((choice, point(choice.lead, choice.label)?, sum / times)))
        .collect();
    let units = Units::new(tested.iter().map(|one| one.0), assigned);
    let mean = |of: &dyn Fn(&(&Choice, f64, f64)) -> f64, lowest| {
        units.mean(&tested.iter().map(of).collect::<Vec<f64>>(), [lowest, 1.0])
    };
    Some(Accuracy {
        tested: tested.len(),
        base: mean(&|one| one.1, 0.0)?,
        taste: mean(&|one| one.2, 0.0)?,
        gain: mean(&|one| one.2 - one.1, -1.0)?,
    })
}

/// Whether a lead predicts a choice: 1, ½ or 0. `None` for ties.
pub(crate) fn point(lead: f64, label: Label) -> Option<f64> {
    let sign = match label {
        Label::Left => 1.0,
        Label::Right => -1.0,
        Label::Tie => return None,
    };
    Some(if lead == 0.0 { 0.5 } else { f64::from(u8::from(lead * sign > 0.0)) })
}
