//! Compares each scorer's scores of image files and prompts with its authors' code, through
//! checkpoints as they are published.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "what was measured")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::BufWriter,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::weights::{ModelDirectory, Precision};
use pickscore_model::PickScore;
use pickscore_model::scorer::{DeviceChoice, ImageFeatures, OpenOptions, PrecisionChoice, PromptFeatures};
use pickscore_model::towers::{Clip, Kernels, ModelBuilder};
use pollster::FutureExt as _;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    prompts: Vec<String>,
    images: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    scorer: String,
    code: String,
    /// Stored checkpoints, and their names in the model's folder.
    files: BTreeMap<String, PathBuf>,
    config: Option<BTreeMap<PathBuf, serde_json::Value>>,
    /// `[prompts, images]`, with one row for a scorer that reads no prompt.
    scores: Vec<Vec<f64>>,
    reads_prompt: bool,
    /// Standard deviation of one prompt's scores.
    spread: f64,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures")
}

impl Case {
    /// Writes the files as published, and returns the folder that has the weights.
    fn write(&self, folder: &Path) -> PathBuf {
        let create = |name: &Path| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        for (stored, name) in &self.files {
            let stored = fs::read(fixtures().join("scorers").join(format!("{stored}.zlib"))).unwrap();
            let mut file = BufWriter::new(File::create(create(name)).unwrap());
            pickscore_generate::fill(&stored, &mut file).unwrap();
        }
        for (name, config) in self.config.iter().flatten() {
            fs::write(create(name), config.to_string()).unwrap();
        }
        folder.join(self.files.values().next().unwrap().parent().unwrap())
    }
}

/// Differences from the authors' scores.
#[derive(Debug)]
struct Difference {
    /// The largest, as a fraction of the scorer's spread.
    worst: f64,
    /// The mean, as a fraction of the scorer's spread.
    mean: f64,
    /// The mean, as a fraction of the mean of the scores' absolute values.
    of_scores: f64,
}

impl Difference {
    fn of(case: &Case, found: &[Vec<f32>]) -> Self {
        assert_eq!(found.len(), case.scores.len());
        let mut differences = Vec::new();
        for (found, expected) in found.iter().zip(&case.scores) {
            assert_eq!(found.len(), expected.len());
            let pairs = found.iter().zip(expected);
            differences
                .extend(pairs.map(|(found, expected)| (f64::from(*found) - expected).abs() / case.spread));
        }
        assert!(differences.iter().all(|difference| difference.is_finite()));
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        let size =
            case.scores.iter().flatten().map(|score| score.abs()).sum::<f64>() / differences.len() as f64;
        let worst = differences.into_iter().fold(0.0, f64::max);
        Self { worst, mean, of_scores: mean * case.spread / size }
    }
}

fn open(model: &Path, precision: Precision) -> PickScore {
    let options = OpenOptions {
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Exactly(precision),
        ..OpenOptions::default()
    };
    PickScore::open(model, &options).unwrap()
}

/// All scores, through the same functions as the command. A scorer that reads no prompt has one
/// row.
fn scores(model: &PickScore, fixture: &Fixture, images: &[&[u8]]) -> Vec<Vec<f32>> {
    let prompts: Vec<&str> = fixture.prompts.iter().map(String::as_str).collect();
    let count = if model.scoring().scorer.reads_prompt() { prompts.len() } else { 1 };
    let rows = model.score_matrix(&prompts[..count], images).block_on().unwrap();
    rows.into_iter().map(|row| row.into_iter().map(Result::unwrap).collect()).collect()
}

/// All scores, with the towers computed by burn's operations.
fn scores_by_burn(model: &PickScore, towers: &Clip, fixture: &Fixture, images: &[&[u8]]) -> Vec<Vec<f32>> {
    let pixels: Vec<_> = images.iter().map(|image| model.pixels(image).unwrap()).collect();
    let images = towers.vision(&pixels.iter().collect::<Vec<_>>()).block_on().unwrap();
    let images: Vec<_> = images.into_iter().map(ImageFeatures::Embedding).collect();
    let prompts = if model.scoring().scorer.reads_prompt() {
        let tokens: Vec<_> = fixture.prompts.iter().map(|prompt| model.tokens(prompt).unwrap()).collect();
        let prompts = towers.text(&tokens.iter().collect::<Vec<_>>()).block_on().unwrap();
        prompts.into_iter().map(PromptFeatures::Embedding).collect()
    } else {
        vec![PromptFeatures::None]
    };
    let row = |prompt| {
        let pairs: Vec<_> = images.iter().map(|image| (prompt, image)).collect();
        model.score_features(&pairs).block_on().unwrap()
    };
    prompts.iter().map(row).collect()
}

fn burns_towers(path: &Path) -> Clip {
    let directory = ModelDirectory::open(path).unwrap();
    let kernels = Kernels::Burn { device: Device::flex(), products: FloatDType::F32 };
    let mut builder = ModelBuilder::new(directory.config(), kernels);
    let sink = &mut |parameter: &_, values| builder.accept(parameter, values);
    directory.load(Precision::F32, &mut |_| ControlFlow::Continue(()), sink).unwrap();
    builder.finish().unwrap().into_clip().unwrap()
}

/// Checks every case in each of these precisions, and in f32 with burn's operations too; bounds are
/// fractions of the spread.
fn check(name: &str, precisions: [(Precision, f64); 3], by_burn: bool) {
    let json = fs::read(fixtures().join("scorers").join(name)).unwrap();
    let fixture: Fixture = serde_json::from_slice(&json).unwrap();
    let files = fixtures().join("pixels/files");
    let images: Vec<Vec<u8>> =
        fixture.images.iter().map(|name| fs::read(files.join(name)).unwrap()).collect();
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    assert!(!fixture.cases.is_empty());
    for case in &fixture.cases {
        let folder = tempfile::tempdir().unwrap();
        let path = case.write(folder.path());
        let check = |how: &str, bound: f64, scores: &[Vec<f32>]| {
            let found = Difference::of(case, scores);
            let [worst, mean, of_scores] =
                [found.worst, found.mean, found.of_scores].map(|part| part * 100.0);
            let name = format!("{} ({})", case.scorer, case.code);
            println!("{name:48} {how:5} worst {worst:.5} %, mean {mean:.5} %, of scores {of_scores:.5} %");
            assert!(found.worst <= bound, "{name} {how}: {found:?}");
        };
        for (precision, bound) in precisions {
            let model = open(&path, precision);
            assert_eq!(model.scoring().scorer.name, case.scorer);
            assert_eq!(model.scoring().scorer.reads_prompt(), case.reads_prompt);
            check(&format!("{precision:?}"), bound, &scores(&model, &fixture, &images));
            if by_burn && precision == Precision::F32 {
                let towers = burns_towers(&path);
                check("burn", bound, &scores_by_burn(&model, &towers, &fixture, &images));
            }
        }
    }
}

#[test]
fn every_scorer_scores_as_its_authors_code() {
    let bounds = [(Precision::F32, 0.0005), (Precision::F16, 0.01), (Precision::Q8, 0.3)];
    check("scorers.json", bounds, true);
}

/// ViT-L/14 at its full size; takes minutes, and 4 GB of disk and memory. `cargo xtask parity` runs
/// it.
#[test]
#[ignore = "minutes and gigabytes"]
fn the_full_size_scores_as_its_authors_code() {
    let bounds = [(Precision::F32, 0.0005), (Precision::F16, 0.01), (Precision::Q8, 0.3)];
    check("scorers-full.json", bounds, false);
}
