//! Compares distances between sets of features with scipy and numpy. The expected numbers are from
//! tests/evaluate/distance.py.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use pickscore_preferences::evaluate::{
    Bootstrap,
    distance::{Moments, frechet, mmd},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    features: usize,
    sets: BTreeMap<String, Vec<Vec<f64>>>,
    unit: BTreeMap<String, Vec<Vec<f32>>>,
    frechet: Vec<(String, String, f64)>,
    mmd: Vec<(String, String, f64)>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/evaluate/fixtures/distance.json")).unwrap()
}

#[test]
fn the_frechet_distance_is_scipys() {
    let reference = reference();
    let moments = |name: &str| {
        let mut moments = Moments::new(reference.features);
        for batch in reference.sets[name].chunks(7) {
            moments.add(&batch.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        moments
    };
    assert_eq!(reference.frechet.len(), 3);
    for (one, other, expected) in &reference.frechet {
        let found = frechet(&moments(one), &moments(other)).unwrap();
        // scipy's square root of a singular matrix is the less exact one.
        assert!((found - expected).abs() < 1e-5 * expected, "{one}, {other}: {found}; expected {expected}");
    }
}

#[test]
fn the_maximum_mean_discrepancy_is_numpys() {
    let reference = reference();
    let bootstrap = Bootstrap { resamples: 200, seed: 42 };
    assert_eq!(reference.mmd.len(), 3);
    for (one, other, expected) in &reference.mmd {
        let [one, other] = [one, other].map(|name| reference.unit[name].concat());
        let found = mmd(&one, &other, reference.features, &bootstrap).unwrap().estimate;
        assert!((found.value - expected).abs() < 1e-4, "{found:?}; expected {expected}");
        assert!(found.low < *expected && *expected < found.high, "{found:?}");
    }
}
