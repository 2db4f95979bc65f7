//! The command on images with generation data: `pickscore metadata` and `score --prompt-from metadata`.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::SMALL;
use pickscore_generate::{Convention, Dtype, write_directory};
use serde_json::{Map, Value};

const FIELDS: [&str; 11] = [
    "generator",
    "prompt",
    "negative_prompt",
    "seed",
    "model",
    "steps",
    "guidance",
    "sampler",
    "scheduler",
    "width",
    "height",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/metadata/fixtures").join(name)
}

fn pickscore(arguments: &[&str], images: &[PathBuf]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(arguments).args(images).output().unwrap()
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

/// What generators wrote into the fixtures, as the script that made them says.
fn expected() -> Vec<(String, Value)> {
    let json = fs::read(fixture("expected.json")).unwrap();
    serde_json::from_slice::<Map<String, Value>>(&json).unwrap().into_iter().collect()
}

#[test]
fn every_field_is_there_and_null_where_a_file_says_nothing() {
    let expected = expected();
    let files: Vec<PathBuf> = expected.iter().map(|(name, _)| fixture(name)).collect();
    let output = pickscore(&["metadata", "--format", "json"], &files);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let images = document["images"].as_array().unwrap();
    assert_eq!(images.len(), expected.len());
    for ((image, (name, expected)), file) in images.iter().zip(&expected).zip(&files) {
        assert_eq!(image["path"], file.to_str().unwrap());
        assert_eq!(image.as_object().unwrap().len(), FIELDS.len() + 1, "{name}");
        for field in FIELDS {
            let (found, expected) = (&image[field], &expected[field]);
            // Python writes 7.0 where this writes 7.
            let same = found == expected || found.as_f64().is_some_and(|x| expected.as_f64() == Some(x));
            assert!(same, "{name}: {field} is {found}, expected {expected}");
            assert!(!found.to_string().ends_with(".0"), "{name}: {field} is {found}");
        }
    }
    // The same, one image a line.
    let lines = text(&pickscore(&["metadata", "--format", "jsonl"], &files).stdout);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&lines, images);
}

#[test]
fn a_table_names_what_was_found() {
    let files = ["automatic1111.png", "none.png"].map(fixture);
    let output = text(&pickscore(&["metadata"], &files).stdout);
    let expected = &expected().into_iter().find(|(name, _)| name == "automatic1111.png").unwrap().1;
    let prompt = expected["prompt"].as_str().unwrap().replace('\n', " ");
    assert!(output.contains("automatic1111.png  (automatic1111)\n"), "{output}");
    assert!(output.contains(&format!("  prompt     {prompt}\n")), "{output}");
    assert!(output.contains(&format!("  seed       {}\n", expected["seed"].as_str().unwrap())), "{output}");
    assert!(output.ends_with("none.png  (no generation data)\n"), "{output}");
}

#[test]
fn a_file_that_is_not_there_is_reported_and_the_others_are_read() {
    let files = ["gone.png", "automatic1111.png"].map(fixture);
    let output = pickscore(&["metadata", "--format", "json"], &files);
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("gone.png: it cannot be read"));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["images"].as_array().unwrap().len(), 1);
    assert_eq!(document["errors"][0]["path"], files[0].to_str().unwrap());
    assert_eq!(pickscore(&["metadata"], &files[..1]).status.code(), Some(1));
}

#[test]
fn images_are_scored_against_their_own_prompts() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    write_directory(&model, SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
    // The first two have the same prompt, the third another, the fourth none.
    let files = ["civitai-resources.png", "usercomment-bare.jpg", "text-latin1.png", "none.png"].map(fixture);
    let run = |more: &[&str], files: &[PathBuf]| {
        let model = ["score", "--device", "cpu", "--model", model.to_str().unwrap()];
        pickscore(&[&model[..], more].concat(), files)
    };
    let own = |format| run(&["--prompt-from", "metadata", "--format", format], &files);
    let output = own("json");
    assert!(output.status.success());
    assert!(
        text(&output.stderr).trim_end().ends_with("none.png: it holds no prompt"),
        "{}",
        text(&output.stderr)
    );
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["errors"][0]["path"], files[3].to_str().unwrap());
    let prompts = document["prompts"].as_array().unwrap();
    assert_eq!(prompts.len(), 2);
    for (group, (prompt, files)) in prompts.iter().zip([("a fox", &files[..2]), ("café", &files[2..3])]) {
        assert_eq!(group["prompt"], prompt);
        // As if the prompt had been given.
        let given = run(&["--prompt", prompt, "--format", "json"], files);
        let given: Value = serde_json::from_slice(&given.stdout).unwrap();
        assert_eq!(group["images"], given["images"]);
    }
    let table = text(&own("table").stdout);
    assert!(table.starts_with("a fox\nrank") && table.contains("\n\ncafé\nrank"), "{table}");
    assert_eq!(text(&own("csv").stdout).lines().count(), 4);
    let lines = text(&own("jsonl").stdout);
    let mut lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let error = lines.remove(0);
    assert_eq!(error["path"], files[3].to_str().unwrap());
    assert_eq!(
        lines.iter().map(|line| line["prompt"].as_str().unwrap()).collect::<Vec<_>>(),
        ["a fox", "a fox", "café"]
    );

    let strict = run(&["--prompt-from", "metadata", "--strict"], &files);
    assert_eq!((strict.status.code(), strict.stdout.len()), (Some(1), 0));
    let none = run(&["--prompt-from", "metadata"], &files[3..]);
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).ends_with("none of the 1 images holds a prompt; give one with --prompt\n"));
    let both = run(&["--prompt-from", "metadata", "--prompt", "a fox"], &files);
    assert_eq!(both.status.code(), Some(2));
}
