//! Compares the agreement of scorers with scipy and numpy. The expected numbers are from
//! tests/evaluate/agreement.py.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use pickscore_preferences::evaluate::{Bootstrap, Estimate, Judged, concordance};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    seed: u64,
    resamples: usize,
    images: Images,
    pairs: Pairs,
}

#[derive(Deserialize)]
struct Images {
    scores: [Vec<f64>; 2],
    kendall: [f64; 3],
}

#[derive(Deserialize)]
struct Pairs {
    prompts: Vec<usize>,
    scores: [Vec<[f32; 2]>; 2],
    kendall: [f64; 3],
}

fn near(found: Estimate, expected: [f64; 3]) {
    for (found, expected) in [found.value, found.low, found.high].into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found}; expected {expected}");
    }
}

#[test]
fn agreement_and_its_intervals_are_scipys() {
    let json = include_str!("../../../tests/evaluate/fixtures/agreement.json");
    let Reference { seed, resamples, images, pairs } = serde_json::from_str(json).unwrap();
    let bootstrap = Bootstrap { resamples, seed };
    let [one, other] = images.scores;
    near(concordance::of_images(&one, &other, &bootstrap).unwrap(), images.kendall);
    let [one, other] = pairs.scores.map(|scores| -> Vec<Judged> {
        let of_prompts = pairs.prompts.iter().zip(scores);
        let judged = |(&prompt, scores)| Judged { label: [1.0, 0.0], scores, kind: None, prompt };
        of_prompts.map(judged).collect()
    });
    near(concordance::of_pairs(&one, &other, &bootstrap).unwrap(), pairs.kendall);
}
