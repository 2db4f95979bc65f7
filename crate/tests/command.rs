//! The command as a program: what it prints, where, and what it exits with.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use common::{SMALL, image, safetensors, tiny_tensors, with_header};
use pickscore_generate::{Convention, Dtype, write_directory};
use serde_json::Value;

/// A generated model, made once.
fn model() -> &'static Path {
    static MODEL: OnceLock<PathBuf> = OnceLock::new();
    MODEL.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tiny");
        write_directory(&folder, SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
        folder
    })
}

type Arguments<'a> = [&'a dyn AsRef<std::ffi::OsStr>];

fn pickscore(arguments: &Arguments<'_>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(arguments.iter().map(AsRef::as_ref));
    command.output().unwrap()
}

/// `pickscore COMMAND --model … --device cpu` and these.
fn on_cpu(command: &str, model: &Path, arguments: &Arguments<'_>) -> Output {
    let start: [&dyn AsRef<std::ffi::OsStr>; 5] = [&command, &"--model", &model, &"--device", &"cpu"];
    pickscore(&[&start[..], arguments].concat())
}

/// `pickscore score --model … --device cpu --prompt "a fox"` and these.
fn score(arguments: &Arguments<'_>) -> Output {
    let prompt: [&dyn AsRef<std::ffi::OsStr>; 2] = [&"--prompt", &"a fox"];
    on_cpu("score", model(), &[&prompt[..], arguments].concat())
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(stdout(output)).unwrap()
}

/// What a failure says: one line, with this exit code and nothing on standard output.
fn complaint(output: &Output, code: i32) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(stdout(output), "");
    let line = said.strip_prefix("pickscore: ").unwrap_or_else(|| panic!("{said}"));
    assert_eq!(line.trim_end().lines().count(), 1, "{said}");
    line.trim_end().into()
}

#[test]
fn scores_as_json_keep_the_order_given() {
    let paths = ["photo.png", "edges.png", "noise.png"].map(image);
    let output = score(&[&"--format", &"json", &paths[0], &paths[1], &paths[2]]);
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
    let document = json(&output);
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["device", "images", "model", "precision", "prompt", "scorer"]);
    assert_eq!((&document["model"], &document["device"]), (&"tiny".into(), &"cpu".into()));
    assert_eq!((&document["precision"], &document["prompt"]), (&"f32".into(), &"a fox".into()));
    let images = document["images"].as_array().unwrap();
    let scores: Vec<f64> = images.iter().map(|image| image["score"].as_f64().unwrap()).collect();
    let sum: f64 = scores.iter().map(|score| score.exp()).sum();
    for ((image, path), score) in images.iter().zip(&paths).zip(&scores) {
        assert_eq!(image.as_object().unwrap().len(), 4);
        assert_eq!(image["path"], path.to_str().unwrap());
        assert!((image["probability"].as_f64().unwrap() - score.exp() / sum).abs() < 1e-5);
        let better = scores.iter().filter(|other| *other > score).count();
        assert_eq!(image["rank"], better as u64 + 1);
    }
}

#[test]
fn a_broken_image_is_reported_and_the_rest_scored() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.png");
    fs::write(&broken, &fs::read(image("photo.png")).unwrap()[..200]).unwrap();
    let output = score(&[&"--format", &"json", &image("photo.png"), &broken, &image("edges.png")]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(
        said.starts_with(&format!("pickscore: {}: ", broken.display())) && said.lines().count() == 1,
        "{said}"
    );
    let document = json(&output);
    assert_eq!(document["images"].as_array().unwrap().len(), 2);
    assert_eq!(document["errors"][0]["path"], broken.to_str().unwrap());
    let strict = score(&[&"--format", &"json", &"--strict", &image("photo.png"), &broken]);
    assert!(complaint(&strict, 1).contains("broken.png"));
    let alone = score(&[&"--format", &"json", &broken]);
    assert_eq!(alone.status.code(), Some(1));
    assert!(String::from_utf8(alone.stderr).unwrap().ends_with("the image could not be scored\n"));
}

#[test]
fn empty_corrupt_and_bomb_images_cost_one_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut bomb = fs::read(image("photo.png")).unwrap();
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let crc = crc32fast::hash(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    for (path, expected) in [
        (file("empty.png", b""), "empty"),
        (file("text.png", b"not an image at all"), "expected PNG, JPEG, WebP, GIF, BMP or TIFF"),
        (file("bomb.png", &bomb), "100000 × 100000"),
        (folder.path().join("gone.png"), "cannot be read"),
    ] {
        let said = complaint(&score(&[&"--strict", &path]), 1);
        assert!(said.contains(expected) && said.contains(path.to_str().unwrap()), "{said}");
    }
}

#[test]
fn one_pixel_too_many_is_refused_where_the_user_says_so() {
    let said = complaint(&score(&[&"--strict", &"--max-pixels", &"50175", &image("size-224x224.png")]), 1);
    assert!(said.contains("50175"), "{said}");
    assert!(score(&[&"--max-pixels", &"50176", &image("size-224x224.png")]).status.success());
}

#[cfg(unix)]
#[test]
fn a_file_name_that_is_not_utf8_is_a_file_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.png"));
    fs::copy(image("photo.png"), &path).unwrap();
    for output in [score(&[&"--format", &"json", &path]), score(&[&"--format", &"json", &folder.path()])] {
        assert!(output.status.success(), "{output:?}");
        assert!(json(&output)["images"][0]["path"].as_str().unwrap().ends_with("caf\u{fffd}.png"));
    }
    let gone = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.png"));
    assert!(complaint(&score(&[&"--strict", &gone]), 1).contains("\u{fffd}.png: the file cannot be read"));
}

#[test]
fn an_empty_prompt_is_refused() {
    for prompt in ["", " \t\n", "\u{3000}"] {
        let output = on_cpu("score", model(), &[&"--prompt", &prompt, &image("photo.png")]);
        assert!(complaint(&output, 1).contains("prompt"));
    }
}

#[test]
fn a_long_prompt_is_cut_and_said_to_be() {
    let prompt = "highly detailed ".repeat(60);
    let output = on_cpu("score", model(), &[&"--prompt", &prompt, &image("photo.png")]);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("longer than the model reads"));
}

#[test]
fn misuse_is_exit_code_2() {
    let two = |arguments: &Arguments<'_>| assert_eq!(pickscore(arguments).status.code(), Some(2));
    two(&[]);
    two(&[&"rate"]);
    two(&[&"score", &"--model", &model(), &image("photo.png")]);
    two(&[&"score", &"--model", &model(), &"--prompt", &"x"]);
    two(&[&"score", &"--prompt", &"x", &image("photo.png")]);
    two(&[&"score", &"--model", &model(), &"--prompt", &"x", &"--precision", &"f8", &image("photo.png")]);
    let said = complaint(&score(&[&"--tie-threshold", &"2", &image("photo.png"), &image("edges.png")]), 2);
    assert!(said.contains("expected 0 to 1"), "{said}");
    let said = complaint(&score(&[&"--tie-threshold", &"0.1", &image("photo.png")]), 2);
    assert!(said.contains("needs exactly two images"), "{said}");
    assert!(complaint(&pickscore(&[&"embed", &"--model", &model()]), 2).contains("nothing to embed"));
}

#[test]
fn two_images_get_a_verdict() {
    let verdict = |threshold: &str, a: &str, b: &str| {
        let output = score(&[&"--format", &"json", &"--tie-threshold", &threshold, &image(a), &image(b)]);
        json(&output)["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict("1", "photo.png", "noise.png"), "tie");
    let (one, other) = (verdict("0", "photo.png", "noise.png"), verdict("0", "noise.png", "photo.png"));
    assert_eq!([one.as_str(), other.as_str()].map(|word| word == "left" || word == "right"), [true; 2]);
    assert_ne!(one, other);
    assert_eq!(verdict("0", "photo.png", "photo.png"), "tie");
}

#[test]
fn every_format_says_the_same() {
    let (photo, edges) = (image("photo.png"), image("edges.png"));
    let document = json(&score(&[&"--format", &"json", &photo, &edges]));
    let expected: Vec<f64> = (0..2).map(|at| document["images"][at]["score"].as_f64().unwrap()).collect();
    let lines = score(&[&"--format", &"jsonl", &photo, &edges]);
    let lines: Vec<Value> = stdout(&lines).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let csv = score(&[&"--format", &"csv", &photo, &edges]);
    let mut csv = csv::Reader::from_reader(stdout(&csv).as_bytes());
    assert_eq!(csv.headers().unwrap(), vec!["prompt", "path", "score", "probability", "rank"]);
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    for at in 0..2 {
        assert!((lines[at]["score"].as_f64().unwrap() - expected[at]).abs() < 1e-5);
        assert!((rows[at][2].parse::<f64>().unwrap() - expected[at]).abs() < 1e-5);
        assert_eq!(lines[at]["path"], document["images"][at]["path"]);
    }
    let table = score(&[&photo, &edges]);
    let table: Vec<&str> = stdout(&table).lines().collect();
    assert_eq!(table.len(), 3);
    let best = if expected[0] > expected[1] { &photo } else { &edges };
    assert!(table[1].trim_start().starts_with('1') && table[1].ends_with(best.to_str().unwrap()));
}

#[test]
fn several_prompts_make_a_matrix_and_pairs_a_list() {
    let (photo, edges) = (image("photo.png"), image("edges.png"));
    let matrix = json(&score(&[&"--format", &"json", &"--prompt", &"a house", &photo, &edges]));
    let prompts = matrix["prompts"].as_array().unwrap();
    assert_eq!(
        prompts.iter().map(|row| row["prompt"].as_str().unwrap()).collect::<Vec<_>>(),
        ["a fox", "a house"]
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.jsonl");
    let lines = [("a house", &photo), ("a fox", &edges)]
        .map(|(prompt, image)| serde_json::json!({ "prompt": prompt, "image": image }).to_string());
    fs::write(&file, lines.join("\n")).unwrap();
    let output = on_cpu("score", model(), &[&"--pairs", &file, &"--format", &"json"]);
    let pairs = json(&output);
    assert_eq!(pairs["pairs"].as_array().unwrap().len(), 2);
    for (pair, (prompt, image)) in [(0, (1, 0)), (1, (0, 1))] {
        let expected = prompts[prompt]["images"][image]["score"].as_f64().unwrap();
        assert!((pairs["pairs"][pair]["score"].as_f64().unwrap() - expected).abs() < 1e-5);
    }
}

#[test]
fn pairs_without_a_prompt_are_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        fs::write(folder.path().join(name), content).unwrap();
        folder.path().join(name)
    };
    fs::copy(image("photo.png"), folder.path().join("photo.png")).unwrap();
    let csv =
        file("pairs.csv", "prompt,image\na fox,photo.png\n,photo.png\na house,photo.png\n\" \",photo.png\n");
    let jsonl = file(
        "pairs.jsonl",
        "{\"prompt\": \"a fox\", \"image\": \"photo.png\"}\n{\"prompt\": \"\", \"image\": \"photo.png\"}\n\
         {\"prompt\": \"a house\", \"image\": \"photo.png\"}\n{\"prompt\": \"\\t\", \"image\": \"photo.png\"}\n",
    );
    for (pairs, lines) in [(&csv, "3, 5"), (&jsonl, "2, 4")] {
        let output = on_cpu("score", model(), &[&"--pairs", pairs, &"--format", &"json"]);
        assert_eq!(output.status.code(), Some(0));
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(
            said,
            format!(
                "pickscore: {}: skipped 2 pairs: the prompts in lines {lines} are empty\n",
                pairs.display()
            )
        );
        let document = json(&output);
        for (at, prompt) in ["a fox", "a house"].into_iter().enumerate() {
            assert_eq!(document["pairs"][at]["prompt"], prompt);
            let alone =
                on_cpu("score", model(), &[&"--prompt", &prompt, &"--format", &"json", &image("photo.png")]);
            let expected = json(&alone)["images"][0]["score"].as_f64().unwrap();
            assert!((document["pairs"][at]["score"].as_f64().unwrap() - expected).abs() < 1e-5);
        }
        assert_eq!(document["errors"].as_array().unwrap().len(), 2);
        assert!(document["errors"][1]["error"].as_str().unwrap().contains("is empty"));
        let lines = on_cpu("score", model(), &[&"--pairs", pairs, &"--format", &"jsonl"]);
        assert_eq!(stdout(&lines).lines().filter(|line| line.contains("\"error\"")).count(), 2);
        let strict = on_cpu("score", model(), &[&"--pairs", pairs, &"--strict"]);
        assert!(complaint(&strict, 1).contains("are empty"));
    }
    // With nothing else there is no result.
    let none = file("none.csv", "prompt,image\n,photo.png\n");
    let output = on_cpu("score", model(), &[&"--pairs", &none]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
    assert!(String::from_utf8(output.stderr).unwrap().ends_with("the pair could not be scored\n"));
}

#[test]
fn a_file_of_pairs_that_cannot_be_followed_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let said = |name: &str, content: &[u8]| {
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        let said = complaint(&on_cpu("score", model(), &[&"--pairs", &file]), 1);
        said.strip_prefix(&format!("{}: ", file.display())).unwrap().to_owned()
    };
    let expected = "expected `prompt` and `image`";
    assert_eq!(said("a.csv", b"caption,path\na,b\n"), format!("line 1 has no column `prompt`; {expected}"));
    assert_eq!(said("b.csv", b"prompt,image\nc\n"), "line 2 has 1 field; expected 2, as in line 1");
    assert_eq!(
        said("c.tsv", b"prompt\timage\n\xff\tb\n"),
        "line 2 is not UTF-8; save the file in that encoding"
    );
    assert_eq!(said("d.jsonl", b"{\"prompt\": \"a\"}\n"), format!("line 1 has no `image`; {expected}"));
    assert_eq!(said("e.csv", b""), format!("the file has no pairs; {expected} in each line"));
}

#[test]
fn a_line_that_is_no_pair_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.jsonl");
    let photo = image("photo.png");
    let pair = serde_json::json!({ "prompt": "a fox", "image": photo });
    fs::write(&file, format!("{pair}\n{{\n{pair}\n")).unwrap();
    let output = on_cpu("score", model(), &[&"--pairs", &file, &"--format", &"json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(json(&output)["pairs"].as_array().unwrap().len(), 2);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("skipped: line 2 is not a JSON object"), "{said}");
    let output = on_cpu("score", model(), &[&"--pairs", &file, &"--strict"]);
    assert!(complaint(&output, 1).contains("line 2 is not a JSON object"));
}

/// A device gives bytes without end, and a named pipe blocks whoever opens it.
#[cfg(unix)]
#[test]
fn devices_and_pipes_are_not_images() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.png")).unwrap();
    let pipe = folder.path().join("pipe.png");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::copy(image("photo.png"), folder.path().join("photo.png")).unwrap();
    let output = score(&[&"--format", &"json", &folder.path()]);
    assert_eq!(json(&output)["images"].as_array().unwrap().len(), 1);
    assert_eq!(json(&output)["errors"].as_array().unwrap().len(), 2);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("it is not a regular file").count(), 2, "{said}");
}

/// Nothing but the error, where there is no result: no header either.
#[test]
fn a_failed_score_prints_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.png");
    fs::write(&broken, b"not an image").unwrap();
    for format in ["table", "csv"] {
        let output = score(&[&"--format", &format, &broken, &broken]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), ""));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.ends_with("pickscore: none of the 2 images could be scored\n"), "{said}");
    }
    let document = score(&[&"--format", &"json", &broken]);
    assert_eq!(document.status.code(), Some(1));
    assert_eq!(json(&document)["errors"][0]["path"], broken.to_str().unwrap());
    let gone = Path::new("no/such/model");
    complaint(&on_cpu("score", gone, &[&"--prompt", &"a fox", &image("photo.png")]), 1);
}

#[test]
fn embeddings_are_of_unit_length_and_give_the_score() {
    let photo = image("photo.png");
    let output = on_cpu(
        "embed",
        model(),
        &[&"--text", &"a fox", &"--text", &"snow", &"--image", &photo, &"--format", &"json"],
    );
    assert!(output.status.success(), "{output:?}");
    let document = json(&output);
    let vector = |entry: &Value| -> Vec<f64> {
        entry["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    assert_eq!(document["model"], "tiny");
    assert_eq!(
        (&document["texts"][0]["text"], &document["texts"][1]["text"]),
        (&"a fox".into(), &"snow".into())
    );
    assert_eq!(document["images"][0]["path"], photo.to_str().unwrap());
    let (text, picture) = (vector(&document["texts"][0]), vector(&document["images"][0]));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for unit in [&text, &vector(&document["texts"][1]), &picture] {
        assert_eq!(unit.len(), 12);
        assert!((dot(unit, unit) - 1.0).abs() < 1e-5);
    }
    let scored = json(&score(&[&"--format", &"json", &photo]));
    // exp(4.6051702): the generator's logit scale.
    assert!((scored["images"][0]["score"].as_f64().unwrap() - 100.0 * dot(&text, &picture)).abs() < 1e-3);
}

#[test]
fn all_precisions_run() {
    let scores = ["f32", "f16", "q8", "q8-fast"].map(|precision| {
        let document = json(&score(&[&"--format", &"json", &"--precision", &precision, &image("photo.png")]));
        assert_eq!(document["precision"], precision);
        document["images"][0]["score"].as_f64().unwrap()
    });
    assert!((scores[0] - scores[1]).abs() < 0.05 && (scores[0] - scores[2]).abs() < 3.0, "{scores:?}");
    assert!((scores[0] - scores[3]).abs() < 3.0, "{scores:?}");
}

/// The page's small model, whose weights are trained, on the page's sample images. It is stored in
/// 8-bit blocks, so only the rounding of activations makes a difference.
#[test]
fn eight_bit_activations_cost_what_the_help_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/public");
    let (tiny, samples) = (page.join("models/pickscore-tiny"), page.join("samples/noto"));
    let scores = |precision: &str| {
        let options: [&dyn AsRef<std::ffi::OsStr>; 7] =
            [&"--prompt", &"a fox", &"--precision", &precision, &"--format", &"json", &samples];
        let document = json(&on_cpu("score", &tiny, &options));
        assert_eq!(document["precision"], precision);
        let images = document["images"].as_array().unwrap();
        images.iter().map(|image| image["score"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let exact = scores("f32");
    let largest = |scores: Vec<f64>| exact.iter().zip(scores).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let (fine, fast) = (largest(scores("q8")), largest(scores("q8-fast")));
    assert!(exact.len() >= 5 && fine <= 0.002, "{fine}");
    assert!(fast <= 0.15, "{fast}");
    // Every x86 processor of the last ten years rounds them.
    assert!(!cfg!(target_arch = "x86_64") || fast > 0.01, "{fast}");
}

#[test]
fn a_folder_is_searched_in_the_order_people_count() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["10.png", "9.png", "notes.txt"] {
        fs::copy(image("photo.png"), folder.path().join(name)).unwrap();
    }
    let document = json(&score(&[&"--format", &"json", &folder.path()]));
    let names: Vec<&str> =
        document["images"].as_array().unwrap().iter().map(|image| image["path"].as_str().unwrap()).collect();
    assert!(names[0].ends_with("9.png") && names[1].ends_with("10.png") && names.len() == 2);
    assert!(complaint(&score(&[&folder.path().join("*.gif")]), 1).contains("no file matches"));
}

#[test]
fn inspection_describes_a_model() {
    let output = pickscore(&[&"inspect", &model(), &"--format", &"json", &"--tensors"]);
    assert!(output.status.success(), "{output:?}");
    let document = json(&output);
    assert_eq!(document["problem"], Value::Null);
    assert_eq!(document["files"][0]["name"], "model.safetensors");
    assert!(document["parameters"].as_u64().unwrap() > 49408 * 8);
    assert!(pickscore(&[&"inspect", &"--model", &model()]).status.success());
}

/// Model directories with something wrong, and the sentence that each gets from `score` and from
/// `inspect`.
mod malformed {
    use super::*;

    /// What both commands say of a model directory of these files.
    fn refusal(config: &[u8], weights: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), config).unwrap();
        fs::write(folder.path().join("model.safetensors"), weights).unwrap();
        let output = on_cpu("score", folder.path(), &[&"--prompt", &"a fox", &image("photo.png")]);
        complaint(&output, 1)
    }

    fn tiny() -> Vec<u8> {
        safetensors(&tiny_tensors())
    }

    #[test]
    fn truncated_header() {
        let said = refusal(common::TINY.as_bytes(), &tiny()[..100]);
        assert!(
            said.contains("model.safetensors") && said.contains("the file has 100 bytes: it is truncated"),
            "{said}"
        );
    }

    #[test]
    fn truncated_data() {
        let whole = tiny();
        let said = refusal(common::TINY.as_bytes(), &whole[..whole.len() - 1]);
        assert!(said.contains("model.safetensors") && said.contains("it is truncated"), "{said}");
    }

    #[test]
    fn two_gigabytes_claimed_by_a_hundred_bytes() {
        let header = br#"{"logit_scale":{"dtype":"F32","shape":[500000000],"data_offsets":[0,2000000000]}}"#;
        let said = refusal(common::TINY.as_bytes(), &with_header(header, b""));
        assert!(said.contains("model.safetensors"), "{said}");
        let mut file = with_header(b"{}", &[b' '; 90]);
        file[..8].copy_from_slice(&2_000_000_000u64.to_le_bytes());
        let said = refusal(common::TINY.as_bytes(), &file);
        assert!(said.contains("2000000000"), "{said}");
    }

    #[test]
    fn overlapping_offsets() {
        let header = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#;
        let said = refusal(common::TINY.as_bytes(), &with_header(header, &[0; 6]));
        assert!(said.contains('b') && said.contains("expected"), "{said}");
    }

    #[test]
    fn nan_weights() {
        let mut tensors = tiny_tensors();
        tensors[3].bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        let said = refusal(common::TINY.as_bytes(), &safetensors(&tensors));
        assert!(said.contains(&tensors[3].name) && said.contains("NaN"), "{said}");
    }

    #[test]
    fn wrong_dtype() {
        let mut tensors = tiny_tensors();
        tensors[3].dtype = "I32";
        let said = refusal(common::TINY.as_bytes(), &safetensors(&tensors));
        assert!(said.contains(&tensors[3].name) && said.contains("I32") && said.contains("F32"), "{said}");
    }

    #[test]
    fn a_missing_config_field() {
        let config = common::TINY.replace("\"hidden_size\": 8, \"num_attention_heads\": 2, \"num_hidden_layers\": 1, \"intermediate_size\": 12,\n                      \"image_size\": 4", "\"image_size\": \"four\"");
        assert_ne!(config, common::TINY);
        let said = refusal(config.as_bytes(), &tiny());
        assert!(said.contains("config.json") && said.contains("vision_config.image_size"), "{said}");
        let said = refusal(br#"{"projection_dim": 6}"#, &tiny());
        assert!(said.contains("config.json") && said.contains("text_config"), "{said}");
    }

    #[test]
    fn a_vocabulary_smaller_than_the_tokenizers() {
        // The tiny model of these tests has 11 tokens, CLIP's tokenizer 49,408.
        let said = refusal(common::TINY.as_bytes(), &tiny());
        assert!(said.contains("11") && said.contains("token"), "{said}");
    }

    /// Said by every command that opens a model, with and without a configuration beside the
    /// weights.
    #[test]
    fn what_is_no_weights_at_all() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3944517836\n";
        let page = "<!DOCTYPE html><html><body>Sign in</body></html>";
        let old = "(dp0\nVa\np1\nI1\ns.";
        let photo = image("photo.png");
        for (content, expected) in [
            (pointer, "is a git-lfs pointer to a file of 3,944,517,836 bytes, not the weights"),
            (page, "is an HTML page"),
            (old, "is a Python pickle of protocol 0 or 1"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for name in ["model.safetensors", "config.json"] {
                fs::write(
                    folder.path().join(name),
                    if name == "config.json" { common::SMALL } else { content },
                )
                .unwrap();
                let (out, data) = (folder.path().join("out"), folder.path().join("pairs.parquet"));
                evaluate::write(&data, &evaluate::rows());
                let model: [&dyn AsRef<std::ffi::OsStr>; 2] = [&"--model", &folder.path()];
                let commands: [&Arguments<'_>; 6] = [
                    &[&"score", &"--device", &"cpu", &"--prompt", &"a", &photo],
                    &[&"embed", &"--device", &"cpu", &"--text", &"a"],
                    &[&"inspect"],
                    &[&"convert", &"--out", &out],
                    &[&"evaluate", &"--device", &"cpu", &"--data", &data],
                    &[&"train", &"--device", &"cpu", &"--data", &data, &"--out", &out],
                ];
                for rest in commands {
                    let said = complaint(&pickscore(&[rest, &model[..]].concat()), 1);
                    assert!(said.contains("model.safetensors") && said.contains(expected), "{said}");
                }
            }
        }
    }

    #[test]
    fn nothing_there() {
        let output = pickscore(&[&"inspect", &"no/such/folder"]);
        assert!(complaint(&output, 1).contains("no/such/folder"));
    }
}

#[test]
fn a_converted_model_scores_as_the_one_it_was_made_from() {
    let folder = tempfile::tempdir().unwrap();
    let files: [&dyn AsRef<std::ffi::OsStr>; 2] = [&image("photo-95.jpg"), &image("noise.png")];
    for precision in ["f32", "f16", "q8"] {
        let out = folder.path().join(precision);
        let converted = pickscore(&[
            &"convert",
            &"--model",
            &model(),
            &"--out",
            &out,
            &"--precision",
            &precision,
            &"--format",
            &"json",
        ]);
        assert_eq!(json(&converted)["files"], 2, "{converted:?}");
        let options: [&dyn AsRef<std::ffi::OsStr>; 6] =
            [&"--prompt", &"a fox", &"--precision", &precision, &"--format", &"json"];
        let scores = |model: &Path| {
            let output = on_cpu("score", model, &[&options[..], &files].concat());
            json(&output)["images"]
                .as_array()
                .unwrap()
                .iter()
                .map(|image| image["score"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(scores(&out), scores(model()), "{precision}");
    }
}

#[test]
fn shards_are_small_and_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("shards");
    let convert: [&dyn AsRef<std::ffi::OsStr>; 9] =
        [&"convert", &"--model", &model(), &"--out", &out, &"--precision", &"f32", &"--shard-size", &"1"];
    let converted = pickscore(&convert);
    assert!(converted.status.success(), "{converted:?}");
    let manifest: Value =
        serde_json::from_slice(&fs::read(out.join("pickscore-shards.json")).unwrap()).unwrap();
    assert_eq!((&manifest["format"], &manifest["version"]), (&"pickscore-shards".into(), &1.into()));
    let mut names = vec!["pickscore-shards.json".to_owned()];
    for file in manifest["files"].as_array().unwrap() {
        for part in file["parts"].as_array().unwrap() {
            let name = part["path"].as_str().unwrap();
            let bytes = fs::read(out.join(name)).unwrap();
            assert!(bytes.len() <= 1 << 20 && part["bytes"] == bytes.len());
            // Held against another implementation of the hash.
            let hash = Command::new("sha256sum").arg(out.join(name)).output().unwrap();
            assert!(stdout(&hash).starts_with(part["sha256"].as_str().unwrap()));
            names.push(name.into());
        }
    }
    assert!(names.len() > 3, "{names:?}");
    let mut there: Vec<String> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    names.sort();
    assert_eq!(there, names);
    let again = complaint(&pickscore(&convert), 1);
    assert!(again.contains("is not empty; expected a new folder"), "{again}");
}

/// What `convert --shard-size` wrote is a model like any other.
#[test]
fn shards_are_read_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let (out, again) = (folder.path().join("shards"), folder.path().join("again"));
    let convert = |from: &Path, out: &Path, more: &Arguments<'_>| {
        let start: [&dyn AsRef<std::ffi::OsStr>; 7] =
            [&"convert", &"--model", &from, &"--out", &out, &"--precision", &"f32"];
        let output = pickscore(&[&start[..], more].concat());
        assert!(output.status.success(), "{output:?}");
    };
    convert(model(), &out, &[&"--shard-size", &"1"]);
    let manifest = out.join("pickscore-shards.json");
    let photo = image("photo.png");
    for shards in [&out, &manifest] {
        let inspected = json(&pickscore(&[&"inspect", shards, &"--format", &"json"]));
        assert_eq!(
            (&inspected["problem"], &inspected["files"][0]["name"]),
            (&Value::Null, &"model.safetensors".into())
        );
        let commands: [&Arguments<'_>; 2] = [
            &[&"score", &"--prompt", &"a fox", &"--format", &"json", &photo],
            &[&"embed", &"--text", &"a fox", &"--image", &photo],
        ];
        for arguments in commands {
            let run = |model: &Path| {
                let mut document =
                    json(&pickscore(&[arguments, &[&"--device", &"cpu", &"--model", &model]].concat()));
                document["model"] = Value::Null;
                document
            };
            assert_eq!(run(shards), run(model()));
        }
    }
    let data = folder.path().join("pairs.parquet");
    evaluate::write(&data, &evaluate::rows());
    let report = |model: &Path| {
        let arguments: [&dyn AsRef<std::ffi::OsStr>; 6] =
            [&"--data", &data, &"--name", &"same", &"--format", &"json"];
        json(&on_cpu("evaluate", model, &arguments))
    };
    assert_eq!(report(&out), report(model()));
    convert(&out, &again, &[]);
    let (plain, mut names) = (folder.path().join("plain"), Vec::new());
    convert(model(), &plain, &[]);
    for entry in fs::read_dir(&plain).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(fs::read(plain.join(&name)).unwrap() == fs::read(again.join(&name)).unwrap(), "{name:?}");
        names.push(name);
    }
    assert_eq!(names.len(), 2);
    // A shard that was damaged on its way is named.
    let part = out.join("model.safetensors.000");
    let mut bytes = fs::read(&part).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&part, bytes).unwrap();
    let said = complaint(&on_cpu("score", &out, &[&"--prompt", &"a fox", &photo]), 1);
    assert!(said.contains("its part model.safetensors.000 is damaged"), "{said}");
}

/// Every help is short lines in plain words, with the values and the defaults.
#[test]
fn help_can_be_read() {
    for command in
        ["score", "embed", "inspect", "convert", "metadata", "evaluate", "distance", "merge", "train"]
    {
        let output = pickscore(&[&command, &"--help"]);
        assert!(output.status.success());
        let help = stdout(&output);
        for line in help.lines() {
            assert!(line.trim().chars().count() <= 100, "{command}: {line}");
        }
        let short = pickscore(&[&command, &"-h"]);
        for line in stdout(&short).lines().filter(|line| line.trim_start().starts_with("--")) {
            let said = line.trim().rsplit("  ").next().unwrap().split(" [").next().unwrap().trim();
            assert!(said.chars().count() <= 80, "{command}: {said}");
        }
        for word in ["picture", "anew", " drawn", "data set"] {
            assert!(!help.contains(word), "{command} --help says {word:?}");
        }
    }
    let output = pickscore(&[&"--help"]);
    assert!(stdout(&output).contains("Exit codes:"), "{output:?}");
}

/// As the README says: 0 where there are results, 1 where there are none or an input is unusable, 2
/// for wrong arguments.
#[test]
fn exit_codes_are_those_of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let (gone, broken) = (folder.path().join("gone"), folder.path().join("broken.png"));
    fs::write(&broken, b"not an image").unwrap();
    let photo = image("photo.png");
    let data = folder.path().join("pairs.parquet");
    evaluate::write(&data, &evaluate::rows());
    let full = folder.path();
    let model: [&dyn AsRef<std::ffi::OsStr>; 4] = [&"--device", &"cpu", &"--model", &model()];
    let code = |arguments: &Arguments<'_>| pickscore(arguments).status.code().unwrap();
    let with = |arguments: &Arguments<'_>| code(&[arguments, &model[..]].concat());
    for (images, expected) in [([&photo, &broken], 0), ([&gone, &broken], 1)] {
        assert_eq!(with(&[&"score", &"--prompt", &"a", images[0], images[1]]), expected);
        assert_eq!(with(&[&"embed", &"--image", images[0], &"--image", images[1]]), expected);
        assert_eq!(code(&[&"metadata", images[0], images[1]]), expected);
    }
    let commands: [&Arguments<'_>; 9] = [
        &[&"score", &"--model", &gone, &"--prompt", &"a", &photo],
        &[&"embed", &"--model", &gone, &"--text", &"a"],
        &[&"inspect", &gone],
        &[&"convert", &"--model", &gone, &"--out", &folder.path().join("new")],
        &[&"convert", &"--model", &crate::model(), &"--out", &full],
        &[&"evaluate", &"--data", &gone],
        &[&"evaluate", &"--data", &data, &"--model", &gone],
        &[&"merge", &gone, &"--out", &folder.path().join("new")],
        &[&"train", &"--model", &gone, &"--data", &data, &"--out", &folder.path().join("new")],
    ];
    for arguments in commands {
        let output = pickscore(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(stdout(&output), "");
    }
    let train: [&dyn AsRef<std::ffi::OsStr>; 7] =
        [&"train", &"--model", &crate::model(), &"--data", &data, &"--out", &full];
    for (option, value) in
        [("--steps", "0"), ("--batch", "0"), ("--validate-every", "0"), ("--patch-dropout", "2")]
    {
        assert_eq!(code(&[&train[..], &[&"--device", &"cpu", &option, &value]].concat()), 2, "{option}");
    }
    for command in
        ["score", "embed", "inspect", "convert", "metadata", "evaluate", "distance", "merge", "train"]
    {
        assert_eq!(code(&[&command]), 2);
        assert_eq!(code(&[&command, &"--no-such-option"]), 2);
        assert_eq!(code(&[&command, &"--help"]), 0);
    }
}

mod evaluate {
    use pickscore::dataset::{Row, RowImage, WriteOptions, Writer};

    use super::*;

    fn pair(ranking_id: i64, caption: &str, images: [&str; 2], label: Option<[f64; 2]>, kind: &str) -> Row {
        let image = |name: &str| RowImage { bytes: fs::read(image(name)).unwrap(), ..RowImage::default() };
        Row {
            caption: caption.into(),
            images: images.map(image),
            label,
            best_image_uid: String::new(),
            are_different: true,
            created_at: 0,
            ranking_id,
            user_id: 0,
            num_example_per_prompt: 1,
            index: 0,
            kind: Some(kind.into()),
            collected: None,
        }
    }

    pub(super) fn write(path: &Path, rows: &[Row]) {
        let options = WriteOptions { group_rows: 2, kind: true, ..WriteOptions::default() };
        let mut writer = Writer::create(fs::File::create(path).unwrap(), options).unwrap();
        rows.iter().for_each(|row| writer.write(row).unwrap());
        writer.finish().unwrap();
    }

    /// Photo against noise and edges for two prompts, each way round, with a tie and a skipped
    /// pair.
    pub(super) fn rows() -> Vec<Row> {
        let (left, right, tie) = (Some([1.0, 0.0]), Some([0.0, 1.0]), Some([0.5, 0.5]));
        vec![
            pair(0, "a fox", ["photo.png", "noise.png"], left, "photo"),
            pair(1, "a fox", ["edges.png", "photo.png"], right, "photo"),
            pair(2, "a house", ["noise.png", "edges.png"], left, "pattern"),
            pair(3, "a house", ["photo.png", "photo.png"], tie, "same"),
            pair(4, "a house", ["photo.png", "edges.png"], None, "photo"),
        ]
    }

    /// `pickscore evaluate --model … --device cpu` and these.
    fn evaluate(arguments: &Arguments<'_>) -> Output {
        on_cpu("evaluate", model(), arguments)
    }

    /// The score of an image of the fixtures, by `pickscore score`.
    fn scored(prompt: &str, name: &str) -> f64 {
        let output = on_cpu("score", model(), &[&"--prompt", &prompt, &"--format", &"json", &image(name)]);
        json(&output)["images"][0]["score"].as_f64().unwrap()
    }

    #[test]
    fn accuracy_is_that_of_the_scores() {
        let folder = tempfile::tempdir().unwrap();
        let (data, out) = (folder.path().join("pairs.parquet"), folder.path().join("report.json"));
        write(&data, &rows());
        let output =
            evaluate(&[&"--data", &data, &"--threshold", &"0", &"--format", &"json", &"--out", &out]);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let report = json(&output);
        assert_eq!(report, serde_json::from_slice::<Value>(&fs::read(&out).unwrap()).unwrap());
        let counts = ["pairs", "prompts", "ties", "left_out"].map(|name| report[name].as_u64().unwrap());
        assert_eq!(counts, [4, 2, 1, 1]);
        // By the scores that the other command gives: a point for the higher one where it was
        // preferred.
        let lead = |prompt: &str, left: &str, right: &str| scored(prompt, left) - scored(prompt, right);
        let leads = [
            lead("a fox", "photo.png", "noise.png"),
            lead("a fox", "photo.png", "edges.png"),
            lead("a house", "noise.png", "edges.png"),
        ];
        let right = leads.iter().filter(|&&lead| lead > 0.0).count() as f64;
        let loss: f64 = leads.iter().map(|lead| (-lead).exp().ln_1p()).sum::<f64>() + 2.0_f64.ln();
        let [random, tiny] = [&report["scorers"][0], &report["scorers"][1]];
        assert_eq!((&random["scorer"], &tiny["scorer"]), (&"Random".into(), &"tiny".into()));
        assert_eq!(random["accuracy"]["value"], 0.5);
        assert_eq!(tiny["accuracy"]["value"], (right + 1.0) / 4.0);
        assert!((tiny["log_loss"]["value"].as_f64().unwrap() - loss / 4.0).abs() < 1e-3);
        assert_eq!(
            (&tiny["kinds"]["same"]["accuracy"]["value"], &tiny["kinds"]["photo"]["pairs"]),
            (&1.0.into(), &2.into())
        );
    }

    #[test]
    fn thresholds_come_from_the_validation_split_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        write(&data.join("test-00000-of-00001.parquet"), &rows());
        // Nothing but ties: the best threshold is the first that calls all of them so.
        let ties: Vec<Row> = rows().into_iter().map(|row| Row { label: Some([0.5, 0.5]), ..row }).collect();
        write(&data.join("validation-00000-of-00001.parquet"), &ties);
        let both: [&dyn AsRef<std::ffi::OsStr>; 6] =
            [&"--data", &folder.path(), &"--validation", &folder.path(), &"--model", &model()];
        let report = json(&evaluate(&[&both[..], &[&"--format", &"json"]].concat()));
        assert_eq!(
            (&report["validation_pairs"], report["scorers"].as_array().unwrap().len()),
            (&5.into(), 3)
        );
        let (tiny, mut again) = (&report["scorers"][1], report["scorers"][2].clone());
        // The same model twice.
        assert_eq!(std::mem::replace(&mut again["scorer"], "tiny".into()), "tiny 2");
        assert_eq!((&tiny["threshold_source"], tiny), (&"validation".into(), &again));
        assert_eq!(
            (&report["scorers"][0]["threshold"], &report["scorers"][0]["accuracy"]["value"]),
            (&1.0.into(), &0.625.into())
        );
        let table = evaluate(&both);
        assert!(
            stdout(&table).starts_with("scorer") && stdout(&table).contains("5 validation pairs"),
            "{table:?}"
        );
        let markdown = evaluate(&[&both[..], &[&"--format", &"markdown"]].concat());
        assert!(stdout(&markdown).starts_with("| scorer | accuracy |"), "{markdown:?}");
    }

    #[test]
    fn a_pair_that_cannot_be_read_is_left_out_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("pairs.parquet");
        let mut rows = rows();
        rows[0].images[1].bytes.truncate(100);
        rows[1].caption = " ".into();
        write(&data, &rows);
        let output = evaluate(&[&"--data", &data, &"--format", &"json"]);
        assert!(output.status.success());
        assert_eq!((&json(&output)["pairs"], &json(&output)["left_out"]), (&2.into(), &3.into()));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(said.contains("skipped the pair with ranking_id 0: image `jpg_1`: "), "{said}");
        assert!(said.contains("skipped the pair with ranking_id 1: the prompt is empty"), "{said}");
    }

    #[test]
    fn a_reason_for_several_pairs_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let (data, readable) = (folder.path().join("pairs.parquet"), folder.path().join("readable.parquet"));
        let left = Some([1.0, 0.0]);
        let mut pairs: Vec<Row> =
            (0..12).map(|at| pair(at, "a fox", ["photo.png", "noise.png"], left, "photo")).collect();
        pairs[1..10].iter_mut().for_each(|row| row.caption = " ".into());
        pairs[10].images[0].bytes = b"no image".to_vec();
        write(&data, &pairs);
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        for name in ["config.json", "model.safetensors"] {
            fs::copy(model().join(name), other.join(name)).unwrap();
        }
        // For two models too.
        let output = evaluate(&[&"--model", &other, &"--data", &data, &"--format", &"json"]);
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert!(
            lines[0].starts_with("pickscore: skipped 9 pairs: the prompt is empty")
                && lines[0].ends_with("(ranking_id 1, 2, 3, 4, 5 and 4 more)"),
            "{said}"
        );
        assert!(
            lines[1].starts_with(
                "pickscore: skipped the pair with ranking_id 10: image `jpg_0`: the file has no known image format"
            ),
            "{said}"
        );
        assert_eq!((&json(&output)["pairs"], &json(&output)["left_out"]), (&2.into(), &10.into()));
        // What is measured on the others is what they give alone.
        write(&readable, &[pairs.remove(11), pairs.remove(0)]);
        let alone = json(&evaluate(&[&"--data", &readable, &"--format", &"json"]));
        assert_eq!(
            alone["scorers"][1]["accuracy"]["value"],
            json(&output)["scorers"][1]["accuracy"]["value"]
        );
    }

    #[test]
    fn what_is_wrong_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("pairs.parquet");
        write(&data, &rows()[4..]);
        let said = complaint(&evaluate(&[&"--data", &data]), 1);
        assert_eq!(said, "the pair has no label, or an image that cannot be read");
        assert!(
            complaint(&evaluate(&[&"--data", &"gone.parquet"]), 1).contains("gone.parquet cannot be read")
        );
        assert!(complaint(&evaluate(&[&"--data", &image("photo.png")]), 1).contains("PAR1"));
        let said = complaint(&evaluate(&[&"--data", &data, &"--threshold", &"1.5"]), 2);
        assert!(said.contains("expected 0 to 1"), "{said}");
        assert_eq!(evaluate(&[]).status.code(), Some(2));
        let out = folder.path().join("no/such/folder.json");
        write(&data, &rows());
        assert!(complaint(&evaluate(&[&"--data", &data, &"--out", &out]), 1).contains("cannot be written"));
    }
}
