//! Compares ImageReward with its authors' package, on a small model in the published layout.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "what was measured")]

use std::{fs, io::BufWriter, path::Path, sync::LazyLock};

use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::weights::{ModelDirectory, Precision, convert};
use pickscore_model::{
    PickScore,
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice, ScoreCache},
    towers::{Kernels, Model, ModelBuilder},
};
use pollster::FutureExt as _;
use serde_json::Value;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/parity/fixtures");

static CASE: LazyLock<Value> = LazyLock::new(|| case("image-reward.json"));

fn case(name: &str) -> Value {
    let path = Path::new(FIXTURES).join("scorers").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A folder as its authors publish it: weights and the settings of the text encoder.
fn folder() -> tempfile::TempDir {
    folder_of("image-reward.pt.zlib", &CASE)
}

fn folder_of(stored: &str, case: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let stored = fs::read(Path::new(FIXTURES).join("scorers").join(stored)).unwrap();
    let file = fs::File::create(folder.path().join("ImageReward.pt")).unwrap();
    pickscore_generate::fill(&stored, &mut BufWriter::new(file)).unwrap();
    fs::write(folder.path().join("med_config.json"), case["med_config"].to_string()).unwrap();
    folder
}

fn options(precision: Precision) -> OpenOptions {
    OpenOptions {
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Exactly(precision),
        ..OpenOptions::default()
    }
}

fn texts(name: &str) -> Vec<&'static str> {
    texts_of(&CASE, name)
}

fn texts_of<'a>(case: &'a Value, name: &str) -> Vec<&'a str> {
    case[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn images() -> Vec<Vec<u8>> {
    images_of(&CASE)
}

fn images_of(case: &Value) -> Vec<Vec<u8>> {
    let files = Path::new(FIXTURES).join("pixels/files");
    texts_of(case, "images").iter().map(|name| fs::read(files.join(name)).unwrap()).collect()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Prompts with at least one token, and the authors' rewards of each with every image. Empty
/// prompts are refused by this project.
fn expected() -> Vec<(&'static str, Vec<f64>)> {
    expected_of(&CASE, "rewards_f64")
}

fn expected_of<'a>(case: &'a Value, rewards: &str) -> Vec<(&'a str, Vec<f64>)> {
    let rewards = case[rewards].as_array().unwrap();
    let pairs = texts_of(case, "prompts").into_iter().zip(rewards.iter().map(numbers));
    pairs.filter(|(prompt, _)| !prompt.is_empty()).collect()
}

/// Differences from the authors' rewards: the largest and the mean, as shares of the spread, and
/// the mean as a share of the mean absolute reward.
fn differences(scorer: &PickScore, case: &Value, rewards: &str) -> [f64; 3] {
    let (prompts, expected): (Vec<_>, Vec<_>) = expected_of(case, rewards).into_iter().unzip();
    let images = images_of(case);
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let found = scorer.score_matrix(&prompts, &images).block_on().unwrap();
    assert_eq!(found.len(), expected.len());
    let mut differences = Vec::new();
    let mut size = 0.0;
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            differences.push((f64::from(*found.as_ref().unwrap()) - expected).abs());
            size += expected.abs();
        }
    }
    let (spread, sum) = (case["spread"].as_f64().unwrap(), differences.iter().sum::<f64>());
    let (worst, mean) = (differences.iter().copied().fold(0.0, f64::max), sum / differences.len() as f64);
    [worst / spread, mean / spread, sum / size]
}

/// Checks a model in each precision; bounds are shares of the spread.
fn check(folder: &Path, case: &Value, rewards: &str, bounds: [(Precision, f64); 3]) {
    for (precision, bound) in bounds {
        let scorer = PickScore::open(folder, &options(precision)).unwrap();
        assert_eq!(scorer.scoring().scorer.name, "image-reward");
        assert!(!scorer.scoring().is_guess);
        assert_eq!(scorer.info().unexpected, [""; 0]);
        let [worst, mean, of_scores] = differences(&scorer, case, rewards);
        let [a, b, c] = [worst, mean, of_scores].map(|part| part * 100.0);
        println!("{precision:?} worst {a:.5} %, mean {b:.5} %, of scores {c:.5} %");
        assert!(worst <= bound, "{precision:?}: {worst}");
    }
}

#[test]
fn rewards_equal_the_authors() {
    let bounds = [(Precision::F32, 0.0005), (Precision::F16, 0.005), (Precision::Q8, 0.1)];
    check(folder().path(), &CASE, "rewards_f64", bounds);
}

/// The published size; takes minutes and 2 GB of disk and memory. `cargo xtask parity` runs it.
#[test]
#[ignore = "minutes and gigabytes"]
fn the_full_size_equals_the_authors() {
    let case = case("image-reward-full.json");
    let folder = folder_of("full/image-reward.pt.zlib", &case);
    let bounds = [(Precision::F32, 0.0005), (Precision::F16, 0.005), (Precision::Q8, 0.1)];
    check(folder.path(), &case, "rewards", bounds);
}

#[test]
fn tokens_equal_the_authors() {
    let scorer = PickScore::open(folder().path(), &options(Precision::F32)).unwrap();
    for ((prompt, ids), mask) in texts("prompts")
        .iter()
        .zip(CASE["ids"].as_array().unwrap())
        .zip(CASE["attention_mask"].as_array().unwrap())
    {
        let Ok(tokens) = scorer.tokens(prompt) else { continue };
        assert_eq!(tokens.ids.iter().map(|&id| f64::from(id)).collect::<Vec<_>>(), numbers(ids), "{prompt}");
        assert_eq!(tokens.length as f64, numbers(mask).iter().sum::<f64>(), "{prompt}");
    }
}

/// burn's operations are the reference of the fused kernels, on a model that is read from what
/// `convert` wrote.
#[test]
fn burn_and_a_converted_model_give_the_same() {
    let (folder, out) = (folder(), tempfile::tempdir().unwrap());
    let directory = ModelDirectory::open(folder.path()).unwrap();
    let go_on = &mut |_| std::ops::ControlFlow::Continue(());
    convert(&directory, Precision::F32, Some("image-reward"), out.path(), None, go_on).unwrap();
    let converted = PickScore::open(out.path(), &options(Precision::F32)).unwrap();
    assert!(differences(&converted, &CASE, "rewards_f64")[0] <= 0.0005);

    let kernels = Kernels::Burn { device: Device::flex(), products: FloatDType::F32 };
    let mut builder = ModelBuilder::new(directory.config(), kernels);
    directory
        .load(Precision::F32, go_on, &mut |parameter, values| builder.accept(parameter, values))
        .unwrap();
    let Model::Blip(slow) = builder.finish().unwrap() else { panic!("another model") };
    let Model::Blip(fast) = converted.model() else { panic!("another model") };
    let images = images();
    let pixels: Vec<_> = images[..3].iter().map(|image| converted.pixels(image).unwrap()).collect();
    let pixels: Vec<_> = pixels.iter().collect();
    let prompts = [texts("prompts")[0], texts("prompts")[1]].map(|prompt| converted.tokens(prompt).unwrap());
    let pairs: Vec<_> = prompts.iter().flat_map(|prompt| (0..3).map(move |image| (prompt, image))).collect();
    let [slow, fast] = [&slow, fast].map(|blip| {
        let images = blip.encode(&pixels).block_on().unwrap();
        blip.rewards(&images.iter().collect::<Vec<_>>(), &pairs).block_on().unwrap()
    });
    for (slow, fast) in slow.iter().zip(fast) {
        assert!((slow - fast).abs() < 1e-4, "{slow} {fast}");
    }
}

#[test]
fn pairs_and_a_cache_give_the_same_rewards() {
    let scorer = PickScore::open(folder().path(), &options(Precision::F32)).unwrap();
    let (images, expected) = (images(), expected());
    let pairs: Vec<(&str, &[u8])> = (0..8)
        .map(|at| (expected[at % 3].0, images[at % 2].as_slice()))
        .chain([("a fox", &b"no image"[..])])
        .collect();
    let mut cache = ScoreCache::default();
    for _ in 0..2 {
        let found = scorer.score_pairs_with(&mut cache, &pairs).block_on().unwrap();
        for (at, found) in found.iter().enumerate().take(8) {
            let expected = expected[at % 3].1[at % 2];
            assert!((f64::from(*found.as_ref().unwrap()) - expected).abs() < 4e-4);
        }
        assert!(found[8].is_err());
        assert_eq!(cache.images(), 3);
    }
}

#[test]
fn other_scorers_and_embeddings_are_refused() {
    let folder = folder();
    let clip = OpenOptions { scorer: Some(pickscore_score::Scorer::CLIP), ..options(Precision::F32) };
    let error = PickScore::open(folder.path(), &clip).unwrap_err().to_string();
    assert_eq!(error, "these files do not contain a model for the scorer clip");
    let scorer = PickScore::open(folder.path(), &options(Precision::F32)).unwrap();
    let error = scorer.embed_texts(&["a fox"]).block_on().unwrap_err().to_string();
    assert_eq!(error, "image-reward reads prompt and image together; it has no embeddings");
}
