//! The command on images with generation data: `pickscore metadata` and `score --prompt-from
//! metadata`.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

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
    assert!(text(&output.stderr).contains("gone.png: the file cannot be read"));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["images"].as_array().unwrap().len(), 1);
    assert_eq!(document["errors"][0]["path"], files[0].to_str().unwrap());
    assert_eq!(pickscore(&["metadata"], &files[..1]).status.code(), Some(1));
}

/// Files that are no images, and what is said of each.
fn no_images(folder: &Path) -> [(PathBuf, &'static str); 4] {
    let noise: Vec<u8> = (0..200u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let files: [(&str, &[u8], &str); 4] = [
        ("empty.png", b"", "empty"),
        ("noise.png", &noise, "no known image format"),
        ("text.jpg", b"not an image at all", "no known image format"),
        ("page.webp", b"<!DOCTYPE html><html></html>", "a web page"),
    ];
    files.map(|(name, bytes, said)| {
        fs::write(folder.join(name), bytes).unwrap();
        (folder.join(name), said)
    })
}

#[test]
fn a_file_that_is_no_image_is_named_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = no_images(folder.path());
    let paths: Vec<PathBuf> = wrong.iter().map(|(path, _)| path.clone()).collect();
    for format in ["table", "json", "jsonl", "csv"] {
        // Alone they give no results, with others they are skipped.
        for (more, code) in [(vec![], 1), (vec![fixture("automatic1111.png"), fixture("none.png")], 0)] {
            let output = pickscore(&["metadata", "--format", format], &[paths.clone(), more].concat());
            assert_eq!(output.status.code(), Some(code), "{format}");
            let said = text(&output.stderr);
            for (path, reason) in &wrong {
                let line = said.lines().find(|line| line.contains(path.to_str().unwrap())).unwrap();
                assert!(line.contains(reason), "{line}");
            }
            assert_eq!(said.contains("none of the 4 files could be read"), code == 1, "{said}");
            let found = text(&output.stdout);
            assert_eq!(found.is_empty(), code == 1 && ["table", "csv"].contains(&format), "{found}");
            assert!(!found.contains("empty.png  ("), "{found}");
            let errors: Vec<Value> = match format {
                "json" => {
                    let document: Value = serde_json::from_str(&found).unwrap();
                    document["errors"].as_array().unwrap().clone()
                }
                "jsonl" => {
                    let lines = found.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
                    lines.filter(|line| line.get("error").is_some()).collect()
                }
                _ => continue,
            };
            for (error, (path, reason)) in errors.iter().zip(&wrong) {
                assert_eq!(error["path"], path.to_str().unwrap());
                assert!(error["error"].as_str().unwrap().contains(reason), "{error}");
            }
            assert_eq!(errors.len(), 4);
        }
    }
    let one = pickscore(&["metadata"], &paths[..1]);
    assert!(text(&one.stderr).ends_with("the file could not be read\n"), "{}", text(&one.stderr));
}

#[test]
fn a_csv_has_the_fields_of_the_json() {
    let expected = expected();
    let files: Vec<PathBuf> = expected.iter().map(|(name, _)| fixture(name)).collect();
    let json = pickscore(&["metadata", "--format", "json"], &files);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let csv = pickscore(&["metadata", "--format", "csv"], &files);
    let mut csv = csv::Reader::from_reader(&csv.stdout[..]);
    let header = csv.headers().unwrap().clone();
    assert_eq!(header.iter().skip(1).collect::<Vec<_>>(), FIELDS);
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), files.len());
    for (row, image) in rows.iter().zip(json["images"].as_array().unwrap()) {
        for (name, cell) in header.iter().zip(row) {
            let expected = match &image[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(cell, expected, "{name}");
        }
    }
}

/// The beginnings of files of other formats, which show what they are.
const HEIC: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
const JXL: &[u8] = b"\0\0\0\x0cJXL \r\n\x87\n";

#[test]
fn other_formats_in_a_folder_are_counted_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, bytes) in [("a.HEIC", HEIC), ("b.jxl", JXL), ("c.tga", b"\0\0\x02"), ("notes.txt", b"x")] {
        fs::write(at(name), bytes).unwrap();
    }
    let sentence = |count: &str, first: &str, rest: &str, ending: &str| {
        format!(
            "{count} in formats that cannot be read: {}{rest}; convert them to PNG, for example with ImageMagick: magick \
             image.{ending} image.png\n",
            at(first).display()
        )
    };
    // Exif is read of HEIC files.
    let rest = format!(", {}", at("c.tga").display());
    let output = pickscore(&["metadata", "--format", "json"], &[folder.path().into()]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stderr),
        format!("pickscore: skipped {}", sentence("2 images", "b.jxl", &rest, "jxl"))
    );
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["images"][0]["path"], at("a.HEIC").to_str().unwrap());
    assert!(document["errors"][0]["error"].as_str().unwrap().contains("JPEG XL"));
    assert_eq!(document["errors"][1]["path"], at("c.tga").to_str().unwrap());

    // None of their pixels are.
    let model = folder.path().join("model");
    write_directory(&model, SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
    let (model, path) = (model.to_str().unwrap(), folder.path().to_str().unwrap());
    let rest = format!(", {}, {}", at("b.jxl").display(), at("c.tga").display());
    let score = ["score", "--device", "cpu", "--model", model, "--prompt", "a fox"];
    let embed = ["embed", "--device", "cpu", "--model", model];
    for (command, image) in [(&score[..], vec![path]), (&embed[..], vec!["--image", path])] {
        let output = pickscore(&[command, &image[..]].concat(), &[]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        let expected = sentence("3 images", "a.HEIC", &rest, "heic");
        assert_eq!(text(&output.stderr), format!("pickscore: no image can be read: {expected}"));
    }
    fs::copy(common::image("photo.png"), at("d.png")).unwrap();
    for (command, image) in [(&score[..], vec![path]), (&embed[..], vec!["--image", path])] {
        let output = pickscore(&[command, &["--format", "json"], &image[..]].concat(), &[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert_eq!(said, format!("pickscore: skipped {}", sentence("3 images", "a.HEIC", &rest, "heic")));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let count = |name: &str| document[name].as_array().unwrap().len();
        assert_eq!((count("images"), count("errors")), (1, 3));
        let strict = pickscore(&[command, &["--strict"], &image[..]].concat(), &[]);
        assert_eq!((strict.status.code(), strict.stdout.len()), (Some(1), 0));
        assert!(text(&strict.stderr).contains("a.HEIC: "), "{}", text(&strict.stderr));
    }
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
        text(&output.stderr).trim_end().ends_with("none.png: its metadata contains no prompt"),
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
    assert!(text(&none.stderr).ends_with("the image has no prompt; give one with --prompt\n"));
    let both = run(&["--prompt-from", "metadata", "--prompt", "a fox"], &files);
    assert_eq!(both.status.code(), Some(2));
}
