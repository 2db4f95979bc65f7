//! The scorer as a library's user calls it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::{fs, ops::ControlFlow};

use common::{SMALL, image};

use pickscore::{
    PickScore,
    scorer::{DeviceChoice, ImageCache, OpenOptions, ScoreCache, ScoreError},
    weights::WeightError,
};
use pickscore_generate::{Convention, Dtype, write_directory};
use pollster::FutureExt as _;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_directory(folder.path(), SMALL, Convention::HuggingFace, 5, Dtype::F16, 2).unwrap();
    folder
}

fn options() -> OpenOptions {
    OpenOptions { device: DeviceChoice::Cpu, ..OpenOptions::default() }
}

fn scorer() -> PickScore {
    PickScore::open(folder().path(), &options()).unwrap()
}

fn images() -> Vec<Vec<u8>> {
    ["photo.png", "edges.png", "noise.png", "grey-16.png", "photo-75.jpg"]
        .map(|name| fs::read(image(name)).unwrap())
        .into()
}

#[test]
fn pairs_rows_and_matrix_agree() {
    let (scorer, images) = (scorer(), images());
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let prompts = ["a fox", "a house by the sea", "a fox"];
    let matrix = scorer.score_matrix(&prompts, &images).block_on().unwrap();
    assert_eq!((matrix.len(), matrix[0].len()), (3, 5));
    assert_eq!(matrix[0], matrix[2]);
    assert_ne!(matrix[0], matrix[1]);
    let row = scorer.score(prompts[1], &images).block_on().unwrap();
    let pairs: Vec<(&str, &[u8])> = vec![(prompts[1], images[4]), (prompts[0], images[0])];
    let pairs = scorer.score_pairs(&pairs).block_on().unwrap();
    let close =
        |a: &Result<f32, _>, b: &Result<f32, _>| (a.as_ref().unwrap() - b.as_ref().unwrap()).abs() < 1e-4;
    assert!(row.iter().zip(&matrix[1]).all(|(a, b)| close(a, b)));
    assert!(close(&pairs[0], &matrix[1][4]) && close(&pairs[1], &matrix[0][0]));
}

#[test]
fn prepared_images_and_kept_results_score_the_same() {
    let (scorer, images) = (scorer(), images());
    let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
    let prompts = ["a fox", "a house by the sea"];
    let matrix = scorer.score_matrix(&prompts, &images).block_on().unwrap();
    let pixels: Vec<_> = scorer.pixels_of(&images).into_iter().map(Result::unwrap).collect();
    let found = scorer.score_pixels(&prompts, &pixels.iter().collect::<Vec<_>>()).block_on().unwrap();
    assert_eq!((found.len(), found[0].len()), (2, 5));
    for (found, expected) in found.iter().flatten().zip(matrix.iter().flatten()) {
        assert!((found - expected.as_ref().unwrap()).abs() < 1e-4);
    }
    let mut cache = ScoreCache::default();
    let pairs: Vec<(&str, &[u8])> = vec![(prompts[1], images[4]), (prompts[0], b""), (prompts[0], images[4])];
    let first = scorer.score_pairs_with(&mut cache, &pairs).block_on().unwrap();
    assert!((first[0].as_ref().unwrap() - matrix[1][4].as_ref().unwrap()).abs() < 1e-4);
    assert!(first[1].is_err());
    assert_eq!(scorer.score_pairs_with(&mut cache, &pairs).block_on().unwrap(), first);
    let chosen = [(1, 0), (0, 0)];
    let chosen = scorer.score_chosen(&mut cache, &prompts, &[&pixels[4]], &chosen).block_on().unwrap();
    assert!((chosen[1] - first[2].as_ref().unwrap()).abs() < 1e-4);
    let empty = scorer.score_pixels(&[" "], &[]).block_on();
    assert!(matches!(empty, Err(ScoreError::EmptyPrompt)));
}

#[test]
fn a_broken_image_keeps_its_place() {
    let (scorer, images) = (scorer(), images());
    let given: Vec<&[u8]> = vec![b"", &images[0], b"GIF89a", &images[1], &images[0]];
    let scores = scorer.score("a fox", &given).block_on().unwrap();
    assert_eq!(scores.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false, true, true]);
    assert_eq!(scores[1], scores[4]);
    let alone = scorer.score("a fox", &[&images[1]]).block_on().unwrap();
    assert!((scores[3].as_ref().unwrap() - alone[0].as_ref().unwrap()).abs() < 1e-4);
}

/// Equal bytes run once: a cache that has seen them answers without the vision tower, which would
/// refuse the work.
#[test]
fn equal_bytes_run_once() {
    let (scorer, images) = (scorer(), images());
    let mut cache = ImageCache::default();
    let first =
        scorer.embed_images_with(&mut cache, &[&images[0], &images[1], &images[0]]).block_on().unwrap();
    assert_eq!(cache.len(), 2);
    assert_eq!(first[0], first[2]);
    let again = scorer.embed_images_with(&mut cache, &[&images[1], &images[2]]).block_on().unwrap();
    assert_eq!(cache.len(), 3);
    // Bit for bit the one that ran before, though it would now be in a batch of another size.
    assert_eq!(again[0], first[1]);
}

#[test]
fn nothing_to_score_is_no_error() {
    let scorer = scorer();
    assert!(scorer.score("a fox", &[]).block_on().unwrap().is_empty());
    assert!(scorer.score_matrix(&[], &[]).block_on().unwrap().is_empty());
    assert!(scorer.score_pairs(&[]).block_on().unwrap().is_empty());
}

#[test]
fn an_empty_prompt_is_an_error_and_a_long_one_is_cut() {
    let scorer = scorer();
    assert!(matches!(scorer.tokens(" \n"), Err(ScoreError::EmptyPrompt)));
    assert!(matches!(scorer.embed_texts(&["a fox", ""]).block_on(), Err(ScoreError::EmptyPrompt)));
    let tokens = scorer.tokens(&"fox ".repeat(100)).unwrap();
    assert!(tokens.truncated);
    assert_eq!((tokens.length, tokens.ids.len()), (77, 77));
    assert_eq!(tokens.ids.last(), Some(&49407));
}

#[test]
fn opening_can_be_cancelled_and_says_what_it_opened() {
    let folder = folder();
    let cancelled = PickScore::open_with_progress(folder.path(), &options(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(cancelled, Err(ScoreError::Weights(WeightError::Cancelled))));
    let scorer = PickScore::open(folder.path(), &options()).unwrap();
    assert_eq!(scorer.info().device, "cpu");
    assert!(scorer.info().unexpected.is_empty());
    assert!((scorer.logit_scale().unwrap() - 100.0).abs() < 0.1);
}
