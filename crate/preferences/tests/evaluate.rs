//! Compares the evaluation with numpy, scikit-learn and scipy. The expected numbers are from
//! tests/evaluate/reference.py.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{collections::BTreeMap, sync::OnceLock};

use pickscore_preferences::evaluate::{
    Bootstrap, Judged,
    accuracy::{GRID, accuracy, best_threshold, points},
    calibration::{BINS, expected_error, log_loss, reliability},
    retrieval::{Pair, Trials, retrieval},
};
use pickscore_score::Embedding;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    prompts: Vec<usize>,
    scores: Vec<[f32; 2]>,
    labels: Vec<[f64; 2]>,
    accuracy: Vec<f64>,
    threshold: f64,
    interval: [f64; 2],
    log_loss: f64,
    reliability: Vec<(usize, f64, f64)>,
    calibration_error: f64,
    texts: Vec<Vec<f32>>,
    images: Vec<Vec<f32>>,
    retrieval: BTreeMap<String, f64>,
}

fn reference() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    let json = include_str!("../../../tests/evaluate/fixtures/reference.json");
    REFERENCE.get_or_init(|| serde_json::from_str(json).unwrap())
}

fn pairs() -> Vec<Judged> {
    let reference = reference();
    let labelled = reference.labels.iter().zip(&reference.scores).zip(&reference.prompts);
    labelled.map(|((&label, &scores), &prompt)| Judged { label, scores, kind: None, prompt }).collect()
}

fn near(found: f64, expected: f64, bound: f64) {
    assert!((found - expected).abs() <= bound, "{found}; expected {expected}");
}

#[test]
fn accuracy_and_threshold_are_the_papers() {
    let pairs = pairs();
    for (&threshold, &expected) in GRID.iter().zip(&reference().accuracy) {
        near(accuracy(&pairs, threshold).unwrap(), expected, 1e-12);
    }
    assert_eq!(best_threshold(&pairs), Some(reference().threshold));
}

#[test]
fn calibration_is_scikit_learns() {
    let pairs = pairs();
    let found = reliability(&pairs, BINS);
    assert_eq!(found.len(), reference().reliability.len());
    for (bin, &(count, predicted, observed)) in found.iter().zip(&reference().reliability) {
        assert_eq!(bin.pairs, count);
        near(bin.predicted, predicted, 1e-12);
        near(bin.observed, observed, 1e-12);
    }
    near(expected_error(&found), reference().calibration_error, 1e-12);
    let loss = pairs.iter().map(log_loss).sum::<f64>() / pairs.len() as f64;
    near(loss, reference().log_loss, 1e-12);
}

#[test]
fn the_interval_is_scipys() {
    let threshold = reference().threshold;
    let of_pair = |pair: &Judged| (pair.prompt, points(pair.judged(), pair.predicted(threshold)));
    let bootstrap = Bootstrap { resamples: 40_000, seed: 1 };
    let found = bootstrap.mean(pairs().iter().map(of_pair)).unwrap();
    let [low, high] = reference().interval;
    // Both are random: the standard deviation of an end of an interval with 40,000 resamples is
    // about a hundredth of its width. The tolerance is three of these.
    let bound = (high - low) * 0.03;
    near(found.low, low, bound);
    near(found.high, high, bound);
    near(found.value, reference().accuracy[GRID.iter().position(|&t| t == threshold).unwrap()], 1e-12);
}

#[test]
fn retrieval_among_all_is_numpys() {
    let embedded = reference().texts.iter().zip(&reference().images).enumerate();
    let pairs: Vec<Pair> = embedded
        .map(|(prompt, (text, image))| Pair {
            text: Embedding::normalised(text.clone()),
            image: Embedding::normalised(image.clone()),
            prompt,
        })
        .collect();
    assert_eq!(reference().retrieval.len(), 3);
    for (top, &expected) in &reference().retrieval {
        let trials = Trials { candidates: pairs.len(), top: top.parse().unwrap(), seed: 9 };
        let found = retrieval(&pairs, &trials, &Bootstrap::default()).unwrap();
        near(found.value, expected, 1e-12);
    }
}
