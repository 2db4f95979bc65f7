//! How accuracy grows with the number of a person's choices.
//!
//! Each person's images (or prompts, where there are at least ten) are assigned to folds. Each
//! fold in turn is held out, and tastes are fitted to the first 10, 20, … of the choices that lie
//! wholly outside it, in random order. All are tested on the same choices, those wholly inside.

use std::{collections::BTreeSet, ops::ControlFlow};

use serde::{Deserialize, Serialize};

use pickscore_common::{progress::Progress, seeded::hashes};
use pickscore_preferences::evaluate::{Bootstrap, Estimate};

use crate::{
    data::{Choice, Data, Embeddings},
    error::TasteError,
    fit::{Fit, fit},
    folds::folds,
    problem::Priors,
    validate::{Validation, point, validate},
};

/// Maximum number of other people's choices that everybody's head is fitted to, drawn at random:
/// more change little, and take minutes for each person.
const OTHERS: usize = 20_000;

/// Settings of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveOptions {
    /// Numbers of choices, in ascending order.
    pub sizes: Vec<usize>,
    /// Number of folds of which one is held out at a time.
    pub folds: usize,
    /// Whether to compare with everybody's head: one fit to the choices of all other people.
    pub everybody: bool,
    /// Intervals over people, and the seed of all random numbers.
    pub bootstrap: Bootstrap,
}

impl Default for CurveOptions {
    fn default() -> Self {
        let sizes = vec![10, 20, 50, 100, 200, 500];
        Self { sizes, folds: 3, everybody: true, bootstrap: Bootstrap::default() }
    }
}

/// Accuracies with a number of choices: means over people with intervals over people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Number of a person's choices that the taste is fitted to.
    pub choices: usize,
    /// Number of people who made as many.
    pub people: usize,
    /// Number of choices that were predicted.
    pub tested: usize,
    /// The accuracy of the base scorer.
    pub base: Estimate,
    /// The accuracy of each person's taste.
    pub taste: Estimate,
    /// The mean difference of the two.
    pub gain: Estimate,
    /// The accuracy of the head that was fitted to everybody else's choices; `None` if there are
    /// none, or it was not asked for.
    pub everybody: Option<Estimate>,
}

/// How accuracy grows with the number of a person's choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Number of people.
    pub people: usize,
    /// Number of people with too few choices for any point.
    pub left_out: usize,
    /// The points, by number of choices. Sizes that nobody reaches are left out.
    pub points: Vec<CurvePoint>,
}

/// The points that scorers got on the held-out choices of a person.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    tested: f64,
    base: f64,
    taste: f64,
    everybody: Option<f64>,
}

/// Computes a curve from the choices of people between images that they may share. `None` if
/// `progress` returns [`ControlFlow::Break`].
///
/// # Errors
///
/// If the choices do not belong to the embeddings.
pub fn curve(
    embeddings: &Embeddings,
    people: &[Vec<Choice>],
    options: &CurveOptions,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Curve>, TasteError> {
    let seed = options.bootstrap.seed;
    let priors = if options.everybody && people.len() > 1 {
        let all = drawn(people.iter().flatten().copied().collect(), seed);
        let all = Data::new(embeddings.clone(), all)?;
        // One fold of many choices tells enough about the variance.
        Some(chosen(&all, seed, 1)?)
    } else {
        None
    };
    let mut scores: Vec<Vec<Score>> = Vec::new();
    for (number, choices) in people.iter().enumerate() {
        let loaded = number as u64;
        if progress(Progress { stage: "people", loaded, total: Some(people.len() as u64) }).is_break() {
            return Ok(None);
        }
        let others = people.iter().enumerate().filter(|(other, _)| *other != number).flat_map(|(_, of)| of);
        let others: Vec<Choice> = others.copied().collect();
        scores.push(person(embeddings, choices, &others, priors, options)?);
    }
    let points = options.sizes.iter().enumerate();
    let point = |(at, &size): (usize, &usize)| {
        // Means over people, each of whom counts the same.
        let reached: Vec<(usize, Score)> = scores
            .iter()
            .enumerate()
            .filter_map(|(number, of)| Some((number, *of.get(at).filter(|score| score.tested > 0.0)?)))
            .collect();
        let mean = |of: &dyn Fn(&Score) -> Option<f64>| {
            let each =
                reached.iter().filter_map(|(number, score)| Some((*number, of(score)? / score.tested)));
            options.bootstrap.mean(each)
        };
        Some(CurvePoint {
            choices: size,
            people: reached.len(),
            tested: reached.iter().map(|(_, score)| score.tested as usize).sum(),
            base: mean(&|score| Some(score.base))?,
            taste: mean(&|score| Some(score.taste))?,
            gain: mean(&|score| Some(score.taste - score.base))?,
            everybody: mean(&|score| score.everybody),
        })
    };
    let left_out = scores.iter().filter(|of| of.iter().all(|score| score.tested == 0.0)).count();
    Ok(Some(Curve { people: people.len(), left_out, points: points.filter_map(point).collect() }))
}

/// A person's scores for each size.
fn person(
    embeddings: &Embeddings,
    choices: &[Choice],
    others: &[Choice],
    everybody: Option<Priors>,
    options: &CurveOptions,
) -> Result<Vec<Score>, TasteError> {
    let seed = options.bootstrap.seed;
    let mut scores = vec![Score::default(); options.sizes.len()];
    for (at, fold) in folds(choices, options.folds, seed, 0).into_iter().enumerate() {
        let mut order: Vec<(u64, usize)> =
            hashes(seed, "taste curve", (at as u64) << 32).zip(fold.trained).collect();
        order.sort_unstable();
        let tested: Vec<Choice> = fold.tested.iter().map(|&choice| choices[choice]).collect();
        let everybodys = match everybody {
            Some(priors) => {
                let images: BTreeSet<usize> = tested.iter().flat_map(|one| one.images).collect();
                let held = |choice: &Choice| choice.images.iter().any(|image| images.contains(image));
                let seen = drawn(others.iter().filter(|choice| !held(choice)).copied().collect(), seed);
                let head = fit(&Data::new(embeddings.clone(), seen)?, priors)?;
                Some(points(embeddings, &tested, Some(&head)))
            }
            None => None,
        };
        let (tests, base) = points(embeddings, &tested, None);
        for (score, &size) in scores.iter_mut().zip(&options.sizes) {
            if order.len() < size {
                continue;
            }
            let first: Vec<Choice> = order[..size].iter().map(|&(_, choice)| choices[choice]).collect();
            let data = Data::new(embeddings.clone(), first)?;
            let found = fit(&data, chosen(&data, seed, 2)?)?;
            score.tested += tests;
            score.base += base;
            score.taste += points(embeddings, &tested, Some(&found)).1;
            if let Some((_, points)) = everybodys {
                *score.everybody.get_or_insert(0.0) += points;
            }
        }
    }
    Ok(scores)
}

/// At most [`OTHERS`] of the choices.
fn drawn(choices: Vec<Choice>, seed: u64) -> Vec<Choice> {
    if choices.len() <= OTHERS {
        return choices;
    }
    let mut order: Vec<(u64, usize)> = hashes(seed, "taste of others", 0).zip(0..choices.len()).collect();
    order.sort_unstable();
    order[..OTHERS].iter().map(|&(_, at)| choices[at]).collect()
}

/// The priors that cross-validation chooses.
fn chosen(data: &Data, seed: u64, repeats: usize) -> Result<Priors, TasteError> {
    let options = Validation { repeats: Some(repeats), seed, ..Validation::default() };
    let found = validate(data, &options, &mut |_| ControlFlow::Continue(()))?;
    Ok(found.map_or(options.priors, |found| found.priors))
}

/// The number of choices that are not ties, and how many of them a taste predicts; the base scorer
/// without one.
fn points(embeddings: &Embeddings, choices: &[Choice], fit: Option<&Fit>) -> (f64, f64) {
    let lead = |choice: &Choice| match fit {
        None => choice.lead,
        Some(fit) => {
            let along = embeddings.difference(choice.images).zip(&fit.weights).map(|(e, w)| e * w);
            fit.alpha * choice.lead + along.sum::<f64>()
        }
    };
    let each = choices.iter().filter_map(|choice| point(lead(choice), choice.label));
    each.fold((0.0, 0.0), |(count, sum), point| (count + 1.0, sum + point))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        simulated::{People, normal},
        tests::embeddings,
    };

    /// People who answer pairs of 4 images for each of 60 prompts.
    fn people(count: usize, strength: f64) -> (Embeddings, Vec<Vec<Choice>>) {
        let embeddings = embeddings(240, 8, 3);
        let bases: Vec<f64> = normal(1, "bases").take(240).collect();
        let mut pairs = Vec::new();
        for prompt in 0..60 {
            for (one, other) in [(0, 1), (2, 3), (0, 2)] {
                let images = [prompt * 4 + one, prompt * 4 + other];
                pairs.push((images, bases[images[0]] - bases[images[1]], prompt));
            }
        }
        let kind = People { agreement: 1.4, strength, tie: None, seed: 4 };
        let of = |number| kind.person(number, &embeddings, &pairs).unwrap().answers(&embeddings, &pairs);
        let people = (0..count).map(of).collect();
        (embeddings, people)
    }

    fn found(count: usize, strength: f64, everybody: bool) -> Curve {
        let (embeddings, people) = people(count, strength);
        let bootstrap = Bootstrap { resamples: 200, seed: 1 };
        let options =
            CurveOptions { sizes: vec![10, 100, 500], everybody, bootstrap, ..CurveOptions::default() };
        curve(&embeddings, &people, &options, &mut |_| ControlFlow::Continue(())).unwrap().unwrap()
    }

    #[test]
    fn accuracy_grows_with_choices_where_there_is_a_taste() {
        let curve = found(8, 3.0, true);
        // Two thirds of 180 choices are trained on, so nobody reaches 500.
        let sizes: Vec<usize> = curve.points.iter().map(|point| point.choices).collect();
        assert_eq!((sizes, curve.people, curve.left_out), (vec![10, 100], 8, 0));
        let [few, many] = &curve.points[..] else { panic!("{curve:?}") };
        assert!(many.taste.value > few.taste.value + 0.05 && many.gain.low > 0.05, "{curve:?}");
        assert_eq!(few.base, many.base);
        // Tastes are independent, so other people's choices tell nothing.
        let everybody = many.everybody.unwrap();
        assert!(everybody.value < many.taste.value - 0.05, "{curve:?}");
        assert_eq!(few.tested, 8 * 180);
    }

    #[test]
    fn without_a_taste_there_is_no_gain() {
        let curve = found(8, 0.0, false);
        assert!(curve.points.iter().all(|point| point.gain.value.abs() < 0.03), "{curve:?}");
        assert!(curve.points.iter().all(|point| point.everybody.is_none()));
    }

    #[test]
    fn people_with_few_choices_are_counted() {
        let embeddings = embeddings(4, 3, 1);
        let options = CurveOptions { everybody: false, ..CurveOptions::default() };
        let people = vec![vec![], vec![]];
        let found = curve(&embeddings, &people, &options, &mut |_| ControlFlow::Continue(()));
        assert_eq!(found, Ok(Some(Curve { people: 2, left_out: 2, points: vec![] })));
        let broken = curve(&embeddings, &people, &options, &mut |_| ControlFlow::Break(()));
        assert_eq!(broken, Ok(None));
    }
}
