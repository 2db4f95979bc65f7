//! `pickscore distance` between folders of images.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::{SMALL, image};
use pickscore::{
    PickScore,
    evaluate::distance::{Moments, frechet},
    scorer::{DeviceChoice, OpenOptions},
};
use pickscore_generate::{Convention, Dtype, write_directory};
use pollster::FutureExt as _;
use serde_json::Value;

const ONE: [&str; 3] = ["photo.png", "edges.png", "noise.png"];
const OTHER: [&str; 4] = ["photo-75.jpg", "grey-16.png", "size-224x224.png", "noise.png"];

/// A folder with a model and the folders `one` and `other`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_directory(&folder.path().join("model"), SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
    for (name, images) in [("one", &ONE[..]), ("other", &OTHER[..])] {
        let to = folder.path().join(name);
        fs::create_dir(&to).unwrap();
        for name in images {
            fs::copy(image(name), to.join(name)).unwrap();
        }
    }
    folder
}

fn distance(folder: &Path, [one, other]: [&str; 2], more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.arg("distance").args([folder.join(one), folder.join(other)]).args(["--device", "cpu"]);
    command.arg("--model").arg(folder.join("model")).args(more).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The image embeddings of a folder, as the tower gives them or at unit length.
fn embeddings(folder: &Path, images: &[&str], unit: bool) -> Vec<Vec<f64>> {
    let options = OpenOptions { device: DeviceChoice::Cpu, ..OpenOptions::default() };
    let scorer = PickScore::open(&folder.join("model"), &options).unwrap();
    let files: Vec<Vec<u8>> = images.iter().map(|name| fs::read(image(name)).unwrap()).collect();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let embedded = scorer.embed_images(&files).block_on().unwrap();
    let values = |embedding: Result<pickscore::towers::Embedding, _>| {
        let embedding = embedding.unwrap();
        let length = if unit { 1.0 } else { embedding.length() };
        embedding.values().iter().map(|&value| f64::from(value) * length).collect()
    };
    embedded.into_iter().map(values).collect()
}

#[test]
fn the_frechet_distance_is_that_of_the_embeddings() {
    let folder = folder();
    let output = distance(folder.path(), ["one", "other"], &["--metric", "frechet", "--format", "json"]);
    let found = json(&output);
    assert_eq!((&found["metric"], &found["encoder"]), (&"frechet".into(), &"model".into()));
    assert_eq!((&found["interval"], &found["images"]), (&Value::Null, &serde_json::json!([3, 4])));
    let [one, other] = [&ONE[..], &OTHER[..]].map(|images| {
        let mut moments = Moments::new(12);
        for image in embeddings(folder.path(), images, false) {
            moments.add(&[&image]);
        }
        moments
    });
    let expected = frechet(&one, &other).unwrap();
    assert!((found["value"].as_f64().unwrap() - expected).abs() < 1e-4 * expected, "{found} {expected}");
    // Three images and twelve features.
    let notes = found["notes"].to_string();
    assert!(notes.contains("one has 3 images, no more than the 12 features"), "{notes}");
    assert!(notes.contains("its covariance is singular"), "{notes}");
    assert_eq!(said(&output), "");
    let same = json(&distance(folder.path(), ["one", "one"], &["--metric", "frechet", "--format", "json"]));
    assert!(same["value"].as_f64().unwrap() < 1e-6);
}

#[test]
fn the_discrepancy_is_that_of_unit_embeddings() {
    let folder = folder();
    let output = distance(folder.path(), ["one", "other"], &["--metric", "mmd", "--format", "json"]);
    let found = json(&output);
    assert_eq!(said(&output), "");
    let [one, other] = [&ONE[..], &OTHER[..]].map(|images| embeddings(folder.path(), images, true));
    let kernel =
        |a: &[f64], b: &[f64]| (-a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 200.0).exp();
    let within = |set: &[Vec<f64>]| {
        let pairs = (0..set.len()).flat_map(|a| (0..set.len()).map(move |b| (a, b)));
        let different = pairs.filter(|(a, b)| a != b);
        different.map(|(a, b)| kernel(&set[a], &set[b])).sum::<f64>() / (set.len() * (set.len() - 1)) as f64
    };
    let between: f64 = one.iter().flat_map(|a| other.iter().map(|b| kernel(a, b))).sum::<f64>() / 12.0;
    let expected = 1000.0 * (within(&one) + within(&other) - 2.0 * between);
    assert!((found["value"].as_f64().unwrap() - expected).abs() < 1e-3, "{found} {expected}");
    let interval = found["interval"].as_array().unwrap();
    assert!(interval[0].as_f64().unwrap() <= interval[1].as_f64().unwrap());
    assert!(found["notes"].to_string().contains("This is not CMMD"), "{found}");
    let table = distance(folder.path(), ["one", "other"], &["--metric", "mmd"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.starts_with("mmd ") && table.contains("model, 3 and 4 images\n"), "{table}");
}

#[test]
fn folders_without_enough_images_are_refused_in_one_sentence() {
    let folder = folder();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::create_dir(path("single")).unwrap();
    fs::copy(image("photo.png"), path("single/photo.png")).unwrap();
    fs::write(path("file.png"), b"x").unwrap();
    let metric = ["--metric", "frechet"];
    let refused = |folders: [&str; 2], expected: &str| {
        let output = distance(folder.path(), folders, &metric);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        assert!(said(&output).ends_with(&format!("{expected}\n")), "{}", said(&output));
    };
    refused(["one", "single"], "single: 1 image that can be read; a distance needs at least two");
    refused(["one", "gone"], "gone: expected a folder of images");
    refused(["file.png", "one"], "file.png: expected a folder of images");
    // What cannot be read is skipped, and then there is too little.
    fs::write(path("single/broken.png"), b"no image").unwrap();
    refused(["one", "single"], "single: 1 image that can be read; a distance needs at least two");
    fs::copy(image("edges.png"), path("single/edges.png")).unwrap();
    let found =
        json(&distance(folder.path(), ["one", "single"], &["--metric", "frechet", "--format", "json"]));
    assert_eq!(
        (&found["images"], found["errors"].as_array().unwrap().len()),
        (&serde_json::json!([3, 2]), 1)
    );
    let strict = distance(folder.path(), ["one", "single"], &["--metric", "frechet", "--strict"]);
    assert_eq!((strict.status.code(), strict.stdout.len()), (Some(1), 0));
}

#[test]
fn fid_needs_its_network() {
    let folder = folder();
    let fid = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.arg("distance").args(["one", "other"].map(|name| folder.path().join(name)));
        command.args(["--metric", "fid"]).args(more).output().unwrap()
    };
    let output = fid(&[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(said(&output).contains("give --model FILE, from https://github.com/mseitzer/pytorch-fid/"));
    let output = fid(&["--model", folder.path().join("model").to_str().unwrap()]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let expected =
        "pickscore: fid takes no CLIP model: --model is the file of its network, from https://github.com/";
    assert!(said(&output).starts_with(expected), "{}", said(&output));
    let model = folder.path().join("model/model.safetensors");
    let output = fid(&["--model", model.to_str().unwrap()]);
    assert_eq!((output.status.code(), said(&output).lines().count()), (Some(1), 1));
    assert!(said(&output).contains("the weights have no `Conv2d_1a_3x3.conv.weight`"), "{}", said(&output));
    let output = fid(&["--model", model.to_str().unwrap(), "--device", "gpu"]);
    assert!(said(&output).contains("fid runs on the CPU in f32"), "{}", said(&output));
}
