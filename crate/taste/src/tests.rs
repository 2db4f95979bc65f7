//! Fits against a slow simple one, from all solvers and in all coordinates.

use proptest::prelude::*;

use pickscore_common::seeded::{hashes, uniform};
use pickscore_score::Label;

use crate::{
    Choice, Data, Embeddings, Priors, Solver,
    design::Design,
    fit,
    likelihood::{Answers, log_likelihood},
    newton::maximise,
    problem::Problem,
};

/// Unit vectors of any direction.
pub(crate) fn embeddings(images: usize, dimensions: usize, seed: u64) -> Embeddings {
    let mut numbers = hashes(seed, "embeddings", 0).map(|z| f64::from(uniform(z)));
    let mut values = Vec::new();
    for _ in 0..images {
        let one: Vec<f64> = numbers.by_ref().take(dimensions).map(|x| x + 1e-3).collect();
        let length = one.iter().map(|x| x * x).sum::<f64>().sqrt();
        values.extend(one.iter().map(|x| (x / length) as f32));
    }
    Embeddings::new(dimensions, values).unwrap()
}

/// Choices with any answers.
pub(crate) fn any_data() -> impl Strategy<Value = Data> {
    let choices = (2usize..9, 1usize..7).prop_flat_map(|(images, dimensions)| {
        let label = prop::sample::select(&Label::ALL[..]);
        let choice = (0..images, 0..images, -3.0..3.0f64, label, 0usize..3);
        (Just(images), Just(dimensions), prop::collection::vec(choice, 0..25), 0u64..1000)
    });
    choices.prop_map(|(images, dimensions, choices, seed)| {
        let of = |(left, right, lead, label, prompt)| Choice { images: [left, right], lead, label, prompt };
        Data::new(embeddings(images, dimensions, seed), choices.into_iter().map(of).collect()).unwrap()
    })
}

/// Priors within what cross-validation tries.
pub(crate) fn any_priors() -> impl Strategy<Value = Priors> {
    (0.2..30.0f64, 0.1..3.0f64).prop_map(|(weights, alpha)| Priors { weights, alpha, tie: 3.0 })
}

/// Solves M·x = b by Gaussian elimination.
pub(crate) fn eliminate(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let count = right.len();
    for at in 0..count {
        let pivot = (at..count).max_by(|&a, &b| matrix[a][at].abs().total_cmp(&matrix[b][at].abs())).unwrap();
        matrix.swap(at, pivot);
        right.swap(at, pivot);
        let top = matrix[at].clone();
        for row in at + 1..count {
            let factor = matrix[row][at] / top[at];
            matrix[row].iter_mut().zip(&top).skip(at).for_each(|(entry, top)| *entry -= factor * top);
            right[row] -= factor * right[at];
        }
    }
    for at in (0..count).rev() {
        let sum: f64 = (at + 1..count).map(|column| matrix[at][column] * right[column]).sum();
        right[at] = (right[at] - sum) / matrix[at][at];
    }
    right
}

/// What a slow fit finds: w, α and ln ν in their own units, and the matrix of negative second
/// derivatives.
pub(crate) struct Slow {
    pub(crate) x: Vec<f64>,
    pub(crate) matrix: Vec<Vec<f64>>,
}

/// Newton's method on w, α and ln ν themselves, with a matrix and a line search at every step.
pub(crate) fn slowly(data: &Data, priors: Priors) -> Slow {
    let dimensions = data.embeddings().dimensions();
    let ties = data.ties() > 0;
    let mut x = vec![0.0; dimensions];
    x.push(1.0);
    if ties {
        x.push(0.0);
    }
    let row = |choice: &Choice| -> Vec<f64> {
        data.embeddings().difference(choice.images).chain([choice.lead]).collect()
    };
    let deviation = |at: usize| match at.cmp(&dimensions) {
        std::cmp::Ordering::Less => priors.weights,
        std::cmp::Ordering::Equal => priors.alpha,
        std::cmp::Ordering::Greater => priors.tie,
    };
    let apart = |x: &[f64], at: usize| x[at] - f64::from(at == dimensions);
    let lead = |x: &[f64], row: &[f64]| row.iter().zip(x).map(|(a, b)| a * b).sum::<f64>();
    let tie = |x: &[f64]| ties.then(|| x[dimensions + 1]);
    let value = |x: &[f64]| {
        let likelihood: f64 = data
            .choices()
            .iter()
            .map(|choice| log_likelihood(lead(x, &row(choice)), tie(x), choice.label))
            .sum();
        likelihood - (0..x.len()).map(|at| (apart(x, at) / deviation(at)).powi(2) / 2.0).sum::<f64>()
    };
    loop {
        let count = x.len();
        let mut matrix = vec![vec![0.0; count]; count];
        let mut gradient = vec![0.0; count];
        for at in 0..count {
            matrix[at][at] = 1.0 / deviation(at).powi(2);
            gradient[at] = -apart(&x, at) / deviation(at).powi(2);
        }
        for choice in data.choices() {
            let row = row(choice);
            let answers = Answers::of(lead(&x, &row), tie(&x));
            let ([by_lead, by_tie], curvature) = (answers.gradient(choice.label), answers.curvature());
            for (one, a) in row.iter().enumerate() {
                gradient[one] += by_lead * a;
                for (other, b) in row.iter().enumerate() {
                    matrix[one][other] += curvature.lead * a * b;
                }
                if ties {
                    matrix[one][dimensions + 1] += curvature.both * a;
                    matrix[dimensions + 1][one] += curvature.both * a;
                }
            }
            if ties {
                gradient[dimensions + 1] += by_tie;
                matrix[dimensions + 1][dimensions + 1] += curvature.tie;
            }
        }
        let step = eliminate(matrix.clone(), gradient);
        if step.iter().all(|step| step.abs() < 1e-11) {
            return Slow { x, matrix };
        }
        let before = value(&x);
        let moved = |share: f64| x.iter().zip(&step).map(|(x, step)| x + share * step).collect::<Vec<f64>>();
        let mut share = 1.0;
        while value(&moved(share)) < before - 1e-9 {
            share /= 2.0;
        }
        x = moved(share);
    }
}

/// All coordinates of some choices.
fn designs(data: &Data) -> [Design; 2] {
    let mut used: Vec<usize> = data.choices().iter().flat_map(|choice| choice.images).collect();
    used.sort_unstable();
    used.dedup();
    [Design::of_choices(data), Design::of_images(data, &used)]
}

pub(crate) const SOLVERS: [Solver; 3] = [Solver::Choices, Solver::Images, Solver::ConjugateGradients];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_solver_in_all_coordinates_finds_what_a_slow_fit_does(data in any_data(), priors in any_priors()) {
        let slow = slowly(&data, priors);
        let dimensions = data.embeddings().dimensions();
        for design in designs(&data) {
            for solver in SOLVERS {
                let problem = Problem { design: &design, priors, ties: data.ties() > 0 };
                let found = maximise(&problem, None, solver).unwrap();
                let scaled: Vec<f64> = found.x[..design.width()].iter().map(|v| v * priors.weights).collect();
                let (alpha, tie) = problem.named(&found.x);
                let all = design.vector(&scaled, dimensions).into_iter().chain([alpha]).chain(tie);
                for (fast, slow) in all.zip(&slow.x) {
                    prop_assert!((fast - slow).abs() < 1e-7, "{solver:?} {fast} {slow}");
                }
                for pair in found.values.windows(2) {
                    // Rounding, in a sum of some dozens of numbers.
                    prop_assert!(pair[1] >= pair[0] - 1e-10, "{:?}", found.values);
                }
            }
        }
    }

    #[test]
    fn sides_and_order_do_not_matter(data in any_data(), priors in any_priors()) {
        let swapped = |choice: &Choice| Choice {
            images: [choice.images[1], choice.images[0]],
            lead: -choice.lead,
            label: choice.label.swapped(),
            ..*choice
        };
        let choices = data.choices().iter().rev().map(swapped).collect();
        let turned = Data::new(data.embeddings().clone(), choices).unwrap();
        let (one, other) = (fit(&data, priors).unwrap(), fit(&turned, priors).unwrap());
        prop_assert!((one.alpha - other.alpha).abs() < 1e-7);
        prop_assert!(one.weights.iter().zip(&other.weights).all(|(a, b)| (a - b).abs() < 1e-7));
    }
}

fn choice(images: [usize; 2], lead: f64, label: Label) -> Choice {
    Choice { images, lead, label, prompt: 0 }
}

#[test]
fn without_choices_it_is_the_base_scorer() {
    let data = Data::new(embeddings(3, 4, 1), vec![]).unwrap();
    let found = fit(&data, Priors::default()).unwrap();
    assert_eq!((found.alpha, found.tie), (1.0, None));
    assert!(found.weights.iter().all(|&w| w == 0.0) && found.weights.len() == 4);
    assert_eq!(found.score(21.5, data.embeddings().of(0)), 21.5);
}

#[test]
fn one_choice_is_worked_out_by_hand() {
    // w = b·Δe and α = 1 + b·Δs with b = 1 − σ(η) and η = Δs + b·(Δs² + σ²·|Δe|²).
    let data = Data::new(embeddings(2, 5, 2), vec![choice([0, 1], 0.3, Label::Left)]).unwrap();
    let priors = Priors { weights: 1.5, ..Priors::default() };
    let found = fit(&data, priors).unwrap();
    let apart: Vec<f64> = data.embeddings().difference([0, 1]).collect();
    let variance = 0.09 + 2.25 * apart.iter().map(|x| x * x).sum::<f64>();
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle: f64 = (low + high) / 2.0;
        let lead = 0.3 + middle * variance;
        if middle < 1.0 / (1.0 + lead.exp()) { low = middle } else { high = middle }
    }
    assert!((found.alpha - 1.0 - low * 0.3).abs() < 1e-9);
    for (w, apart) in found.weights.iter().zip(&apart) {
        assert!((w - 2.25 * low * apart).abs() < 1e-9);
    }
}

#[test]
fn separable_choices_converge_even_with_a_wide_prior() {
    let of = |at: usize| choice([2 * at, 2 * at + 1], 0.0, Label::Left);
    let data = Data::new(embeddings(400, 300, 3), (0..200).map(of).collect()).unwrap();
    for weights in [8.0, 32.0, 1000.0] {
        let found = fit(&data, Priors { weights, ..Priors::default() }).unwrap();
        let all = data.choices().iter();
        let won = all.filter(|one| {
            found.score(0.0, data.embeddings().of(one.images[0]))
                > found.score(0.0, data.embeddings().of(one.images[1]))
        });
        assert_eq!(won.count(), 200, "{weights}");
    }
}

#[test]
fn duplicates_contradictions_and_equal_images_converge() {
    let mut embeddings = embeddings(3, 6, 4);
    let copy = embeddings.of(0).to_vec();
    embeddings.push(&copy).unwrap();
    let mut choices = vec![choice([0, 1], 0.5, Label::Left); 500];
    choices.extend(vec![choice([1, 0], -0.5, Label::Left); 20]);
    choices.extend(vec![choice([0, 3], 0.0, Label::Right); 20]);
    choices.extend(vec![choice([2, 2], 0.0, Label::Left); 20]);
    let data = Data::new(embeddings, choices).unwrap();
    let found = fit(&data, Priors { weights: 8.0, ..Priors::default() }).unwrap();
    let score = |image| found.score(0.0, data.embeddings().of(image));
    assert!(score(0) > score(1) && score(0) == score(3));
}

#[test]
fn ties_alone_converge() {
    let choices = vec![choice([0, 1], 2.0, Label::Tie), choice([1, 2], -1.0, Label::Tie)];
    let data = Data::new(embeddings(3, 4, 5), choices).unwrap();
    let found = fit(&data, Priors::default()).unwrap();
    // Ties say that the base scorer's leads are too large.
    assert!(found.tie.unwrap() > 0.0 && found.alpha < 1.0);
}

#[test]
fn enormous_leads_converge() {
    let choices = vec![
        choice([0, 1], 1e4, Label::Right),
        choice([1, 2], -1e4, Label::Tie),
        choice([0, 2], 0.0, Label::Left),
    ];
    let data = Data::new(embeddings(3, 4, 6), choices).unwrap();
    let found = fit(&data, Priors::default()).unwrap();
    assert!(found.alpha.abs() < 1e-2);
}

#[test]
fn priors_out_of_range_are_refused() {
    let data = Data::new(embeddings(3, 4, 1), vec![]).unwrap();
    for weights in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        assert!(fit(&data, Priors { weights, ..Priors::default() }).is_err());
    }
}

#[test]
fn the_solver_depends_on_the_size() {
    let data = |images: usize, dimensions: usize, count: usize| {
        let of = |at: usize| choice([at % images, (at * 7 + 1) % images], 0.1, Label::Left);
        Data::new(embeddings(images, dimensions, 7), (0..count).map(of).collect()).unwrap()
    };
    let fastest = |data: &Data| Solver::fastest(&Design::new(data));
    assert_eq!(fastest(&data(400, 256, 150)), Solver::Choices);
    assert_eq!(fastest(&data(20, 256, 150)), Solver::Images);
    assert_eq!(fastest(&data(1900, 512, 1800)), Solver::ConjugateGradients);
}
