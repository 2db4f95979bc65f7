//! Compares scores of image files and prompts with transformers' `CLIPProcessor` and `CLIPModel`,
//! through a model directory on disk.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "what was measured")]

use std::{fs, path::Path};

use pickscore_checkpoint::weights::Precision;
use pickscore_generate::{Convention, Dtype, write_directory};
use pickscore_model::PickScore;
use pickscore_model::scorer::{DeviceChoice, OpenOptions, PrecisionChoice};
use pollster::FutureExt as _;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    source: serde_json::Value,
    seed: u64,
    prompts: Vec<String>,
    images: Vec<String>,
    scores: Vec<Vec<f32>>,
}

/// Largest difference between two scores over all files.
fn distance(case: &Case, model: &Path, precision: Precision) -> f32 {
    let options = OpenOptions {
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Exactly(precision),
        ..OpenOptions::default()
    };
    let scorer = PickScore::open(model, &options).unwrap();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/pixels/files");
    let images: Vec<Vec<u8>> = case.images.iter().map(|name| fs::read(files.join(name)).unwrap()).collect();
    let prompts: Vec<&str> = case.prompts.iter().map(String::as_str).collect();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let rows = scorer.score_matrix(&prompts, &images).block_on().unwrap();
    assert_eq!(rows.len(), case.scores.len());
    let mut largest = 0f32;
    for (found, expected) in rows.iter().zip(&case.scores) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            largest = largest.max((found.as_ref().unwrap() - expected).abs());
        }
    }
    println!("{} {precision:?}: {largest:.5}", case.name);
    largest
}

fn check(name: &str, precisions: &[(Precision, f32)]) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures");
    let case: Case = serde_json::from_slice(&fs::read(fixtures.join(name)).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = case.source.to_string();
    write_directory(folder.path(), &config, Convention::HuggingFace, case.seed, Dtype::F32, 2).unwrap();
    for &(precision, bound) in precisions {
        let largest = distance(&case, folder.path(), precision);
        assert!(largest <= bound, "{largest}");
    }
}

#[test]
fn files_and_prompts_score_as_the_reference() {
    check("end-to-end.json", &[(Precision::F32, 0.0002), (Precision::F16, 0.05)]);
}

/// The full-size model; takes minutes, and 8 GB of disk and memory. `cargo xtask parity` runs it.
#[test]
#[ignore = "minutes and gigabytes"]
fn the_full_size_scores_as_the_reference() {
    let bounds = [(Precision::F32, 0.0002), (Precision::F16, 0.05), (Precision::Q8, f32::INFINITY)];
    check("end-to-end-full.json", &bounds);
}
