//! Compares rankings and the human baseline with scipy, statsmodels and choix. The expected numbers
//! are from tests/evaluate/ranking.py.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{ops::ControlFlow, sync::OnceLock};

use pickscore_common::progress::Progress;
use pickscore_preferences::evaluate::{
    Bootstrap, Comparison, Humans, RankBy, RankOptions, Ranking,
    bradley_terry::{Cell, fit},
    choices,
    comparison::{Games, Unit},
    correlation::{kendall, spearman},
    rank,
    scorer_means::{Scored, correlate},
    self_agreement,
};
use pickscore_preferences::{Mode, Record, Shown, image_uid};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    options: RankOptions,
    choices: Vec<Choice>,
    names: Vec<String>,
    likely: Strengths,
    with_prior: Strengths,
    without_ties: Vec<f64>,
    intervals: Vec<[f64; 2]>,
    elo: Vec<[f64; 2]>,
    scored: Vec<Scored>,
    means: Vec<f64>,
    spearman: [f64; 3],
    kendall: [f64; 3],
    spearman_elo: [f64; 2],
    vectors: Vec<Vectors>,
    agreement: Agreement,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(flatten)]
    comparison: Comparison,
    images: [String; 2],
}

#[derive(Deserialize)]
struct Strengths {
    strengths: Vec<f64>,
    tie: f64,
}

#[derive(Deserialize)]
struct Vectors {
    one: Vec<f64>,
    other: Vec<f64>,
    spearman: f64,
    kendall: f64,
}

#[derive(Deserialize)]
struct Agreement {
    others: Agreed,
    oneself: Agreed,
}

#[derive(Deserialize)]
struct Agreed {
    choices: usize,
    accuracy: f64,
    exact: f64,
}

fn reference() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    let fixture = include_bytes!("../../../tests/evaluate/fixtures/ranking.json.zlib");
    REFERENCE.get_or_init(|| {
        let json = miniz_oxide::inflate::decompress_to_vec_zlib(fixture).unwrap();
        serde_json::from_slice(&json).unwrap()
    })
}

fn comparisons() -> Vec<Comparison> {
    reference().choices.iter().map(|choice| choice.comparison.clone()).collect()
}

fn go(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn near(found: f64, expected: f64, bound: f64) {
    assert!((found - expected).abs() <= bound, "{found}; expected {expected}");
}

/// The results of every pair of models.
fn cells(ties: bool) -> Vec<Cell> {
    let games = Games::new(&comparisons(), Unit::Prompts);
    assert_eq!(games.names, reference().names);
    let mut cells: Vec<Cell> = Vec::new();
    for game in games.games.iter().filter(|game| ties || game.score != 0.5) {
        let mut cell = Cell { items: game.items, wins: [0.0; 2], ties: 0.0 };
        if game.score == 0.5 {
            cell.ties = 1.0;
        } else {
            cell.wins[usize::from(game.score == 0.0)] = 1.0;
        }
        cells.push(cell);
    }
    cells
}

fn ranking() -> Ranking {
    rank(&comparisons(), &reference().options, &mut go).unwrap()
}

#[test]
fn the_most_likely_strengths_are_those_of_statsmodels() {
    let found = fit(7, &cells(true), None).unwrap();
    for (found, expected) in found.strengths.iter().zip(&reference().likely.strengths) {
        near(*found, *expected, 1e-8);
    }
    near(found.tie.unwrap(), reference().likely.tie, 1e-8);
}

#[test]
fn strengths_with_a_prior_are_those_of_scipys_optimizer() {
    let found = fit(7, &cells(true), reference().options.prior).unwrap();
    for (found, expected) in found.strengths.iter().zip(&reference().with_prior.strengths) {
        near(*found, *expected, 1e-6);
    }
    near(found.tie.unwrap(), reference().with_prior.tie, 1e-6);
}

#[test]
fn strengths_without_ties_are_those_of_choix() {
    let found = fit(7, &cells(false), None).unwrap();
    assert_eq!(found.tie, None);
    for (found, expected) in found.strengths.iter().zip(&reference().without_ties) {
        near(*found, *expected, 1e-8);
    }
}

#[test]
fn intervals_are_those_of_the_same_draws_fitted_by_scipy() {
    let ranking = ranking();
    assert_eq!((ranking.choices, ranking.groups, ranking.units), (700, 1, 48));
    assert!(ranking.notes.is_empty());
    for (name, expected) in reference().names.iter().zip(&reference().intervals) {
        let row = ranking.items.iter().find(|row| row.name == *name).unwrap();
        // In points; an interval is about 100 wide.
        near(row.rating.low, expected[0], 0.01);
        near(row.rating.high, expected[1], 0.01);
        assert!(row.rank_interval[0] <= row.rank && row.rank <= row.rank_interval[1]);
    }
    near(ranking.tie, reference().with_prior.tie.exp(), 1e-6);
    assert!(ranking.items.windows(2).all(|pair| pair[0].rating.value >= pair[1].rating.value));
}

#[test]
fn elo_is_what_it_is_game_by_game() {
    let ranking = ranking();
    for (name, expected) in reference().names.iter().zip(&reference().elo) {
        let row = ranking.items.iter().find(|row| row.name == *name).unwrap();
        near(row.elo.mean, expected[0], 1e-8);
        near(row.elo.deviation, expected[1], 1e-8);
    }
}

#[test]
fn a_scorers_means_correlate_as_scipy_says() {
    let reference = reference();
    let found = correlate(&comparisons(), &reference.scored, &reference.options, &mut go).unwrap().unwrap();
    assert_eq!(found.resamples, 200);
    for (placed, expected) in found.items.iter().zip(&reference.means) {
        near(placed.mean, *expected, 1e-10);
    }
    for (estimate, expected) in [(found.spearman, reference.spearman), (found.kendall, reference.kendall)] {
        near(estimate.value, expected[0], 1e-12);
        near(estimate.low, expected[1], 1e-9);
        near(estimate.high, expected[2], 1e-9);
    }
    near(found.spearman_elo.mean, reference.spearman_elo[0], 1e-9);
    near(found.spearman_elo.deviation, reference.spearman_elo[1], 1e-9);
}

#[test]
fn correlations_of_values_with_ties_are_scipys() {
    assert!(reference().vectors.len() >= 4);
    for vectors in &reference().vectors {
        near(spearman(&vectors.one, &vectors.other).unwrap(), vectors.spearman, 1e-12);
        near(kendall(&vectors.one, &vectors.other).unwrap(), vectors.kendall, 1e-12);
    }
}

#[test]
fn agreement_is_what_every_two_choices_say() {
    let of_images = |choice: &Choice| {
        let [left, right] = choice.images.clone();
        Comparison { left, right, ..choice.comparison.clone() }
    };
    let choices: Vec<Comparison> = reference().choices.iter().map(of_images).collect();
    let found = Humans::of(&choices.iter().collect(), &Bootstrap { resamples: 100, seed: 1 });
    for (found, expected) in [
        (found.others.unwrap(), &reference().agreement.others),
        (found.oneself.unwrap(), &reference().agreement.oneself),
    ] {
        assert_eq!(found.choices, expected.choices);
        near(found.accuracy.value, expected.accuracy, 1e-12);
        near(found.exact.value, expected.exact, 1e-12);
    }
}

/// The same choices as records. An unknown rater becomes a new rater.
fn records() -> Vec<Record> {
    let record = |(at, choice): (usize, &Choice)| {
        let Comparison { left, right, verdict, prompt, rater } = choice.comparison.clone();
        let shown = |side: usize, model: String| Shown {
            image_uid: image_uid(choice.images[side].as_bytes()),
            model: Some(model),
            score: None,
        };
        Record {
            uid: format!("record-{at}"),
            prompt,
            left: shown(0, left),
            right: shown(1, right),
            label: Some(verdict),
            created_at: 1 + at as i64,
            session_uid: "session".into(),
            rater_uid: rater.unwrap_or_else(|| format!("nobody-{at}")),
            mode: Mode::AllPairs,
            control: None,
            retest_of: None,
            group_uid: None,
            seconds: None,
            scores_visible: false,
            scorer: None,
            app_version: "0.1.0".into(),
        }
    };
    reference().choices.iter().enumerate().map(record).collect()
}

#[test]
fn records_are_ranked_as_rows_are() {
    assert_eq!(rank(&choices(&records(), RankBy::Model), &reference().options, &mut go).unwrap(), ranking());
}

#[test]
fn agreement_of_records_with_oneself_is_the_same() {
    let found = self_agreement(&records(), &Bootstrap { resamples: 100, seed: 1 });
    let (oneself, expected) = (found.oneself.unwrap(), &reference().agreement.oneself);
    assert_eq!(oneself.choices, expected.choices);
    near(oneself.accuracy.value, expected.accuracy, 1e-12);
    near(oneself.exact.value, expected.exact, 1e-12);
    assert!(!found.repeats.is_empty() && found.repeats.len() < oneself.choices);
}
