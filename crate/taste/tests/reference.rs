//! Comparison with scikit-learn and scipy (`tests/taste/reference.py`).

#![allow(clippy::unwrap_used, reason = "a helper of tests")]

use serde::Deserialize;

use pickscore_score::Label;
use pickscore_taste::{Choice, Data, Embeddings, Pool, Posterior, Priors, fit};

#[derive(Deserialize)]
struct Case {
    name: String,
    dimensions: usize,
    embeddings: Vec<f32>,
    pairs: Vec<[usize; 2]>,
    leads: Vec<f64>,
    labels: Vec<Label>,
    deviations: Deviations,
    weights: Vec<f64>,
    alpha: f64,
    tie: Option<f64>,
    asked: Vec<[usize; 2]>,
    variances: Vec<f64>,
}

#[derive(Deserialize)]
struct Deviations {
    weights: f64,
    alpha: f64,
}

fn cases() -> Vec<Case> {
    let stored = include_bytes!("../../../tests/taste/fixtures/reference.json.zlib");
    let json = miniz_oxide::inflate::decompress_to_vec_zlib(stored).unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn fits_and_uncertainties_are_those_of_scikit_learn_and_scipy() {
    let cases = cases();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let embeddings = Embeddings::new(case.dimensions, case.embeddings).unwrap();
        let images = embeddings.count();
        let choices = case.pairs.iter().zip(&case.leads).zip(&case.labels);
        let choices = choices.map(|((&images, &lead), &label)| Choice { images, lead, label, prompt: 0 });
        let data = Data::new(embeddings.clone(), choices.collect()).unwrap();
        let priors =
            Priors { weights: case.deviations.weights, alpha: case.deviations.alpha, ..Priors::default() };
        let found = fit(&data, priors).unwrap();
        let largest = case.weights.iter().fold(1.0_f64, |largest, w| largest.max(w.abs()));
        for (found, expected) in found.weights.iter().zip(&case.weights) {
            assert!((found - expected).abs() < 1e-6 * largest, "{}: {found} {expected}", case.name);
        }
        assert!((found.alpha - case.alpha).abs() < 1e-6, "{}", case.name);
        assert_eq!(found.tie.is_some(), case.tie.is_some(), "{}", case.name);
        assert!((found.tie.unwrap_or_default() - case.tie.unwrap_or_default()).abs() < 1e-6, "{}", case.name);

        let scores = (0..images).map(|at| -1.0 + 2.0 * at as f64 / (images - 1) as f64).collect();
        let pool = Pool::new(embeddings, scores).unwrap();
        let covariance = Posterior::new(&data, &found).covariance(&pool);
        for (&[one, other], &expected) in case.asked.iter().zip(&case.variances) {
            let variance = covariance.of_difference(one, other);
            assert!(
                (variance - expected).abs() < 1e-6 * (1.0 + expected),
                "{}: {variance} {expected}",
                case.name
            );
        }
    }
}
