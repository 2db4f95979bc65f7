//! `pickscore score` with several models.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "common/contributions.rs"]
mod contributions;
#[path = "common/heads.rs"]
mod heads;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::{SMALL, image};
use contributions::{file, parquet, plain, set_best};
use heads::write_head;
use pickscore_generate::{Convention, Dtype, write_directory};
use serde_json::{Value, json};

/// A CLIP model, an HPS model, which prepares images differently, and an aesthetic one.
struct Models {
    folder: tempfile::TempDir,
}

impl Models {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, seed) in [("clip", 5), ("hps-v2", 6), ("aesthetic", 7)] {
            write_directory(&folder.path().join(name), SMALL, Convention::HuggingFace, seed, Dtype::F32, 1)
                .unwrap();
        }
        let head = folder.path().join("aesthetic/sac+logos+ava1-l14-linearMSE.safetensors");
        write_head(&head, &[0, 2], &[5, 1]);
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn score(&self, models: &[&str], more: &[&str], images: &[PathBuf]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.args(["score", "--device", "cpu"]);
        for model in models {
            command.arg("--model").arg(self.path(model));
        }
        command.args(more).args(images).output().unwrap()
    }
}

const JSON: [&str; 4] = ["--prompt", "a fox", "--format", "json"];
const ALL: [&str; 3] = ["clip", "hps-v2", "aesthetic"];

fn images() -> Vec<PathBuf> {
    ["photo.png", "edges.png", "noise.png", "photo.png"].map(image).into()
}

fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn numbers(list: &Value, name: &str) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|one| one[name].as_f64().unwrap()).collect()
}

fn standardised(scores: &[f64]) -> Vec<f64> {
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / scores.len() as f64;
    scores.iter().map(|score| (score - mean) / variance.sqrt()).collect()
}

/// Kendall's τ-b by its definition.
fn kendall(one: &[f64], other: &[f64]) -> f64 {
    let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
    let (mut ahead, mut of_one, mut of_other) = (0.0, 0.0, 0.0);
    for a in 0..one.len() {
        for b in 0..a {
            let (x, y) = (sign(one[a] - one[b]), sign(other[a] - other[b]));
            (ahead, of_one, of_other) = (ahead + x * y, of_one + x * x, of_other + y * y);
        }
    }
    ahead / f64::sqrt(of_one * of_other)
}

#[test]
fn each_model_scores_as_it_does_alone() {
    let models = Models::new();
    let found = document(&models.score(&ALL, &JSON, &images()));
    assert_eq!(found["prompt"], "a fox");
    let scorers = found["scorers"].as_array().unwrap();
    assert_eq!(scorers.len(), 3);
    for (name, scorer) in ALL.iter().zip(scorers) {
        let alone = document(&models.score(&[name], &JSON, &images()));
        for key in ["model", "scorer", "device", "precision"] {
            assert_eq!(scorer[key], alone[key], "{name}");
        }
        assert_eq!(scorer.as_object().unwrap().len(), 5);
        assert_eq!(scorer["images"], alone["images"], "{name}");
    }
    assert_eq!(scorers[2]["scorer"], "aesthetic-v2");

    let scores: Vec<Vec<f64>> = scorers.iter().map(|scorer| numbers(&scorer["images"], "score")).collect();
    let standardised: Vec<Vec<f64>> = scores.iter().map(|scores| standardised(scores)).collect();
    let means = numbers(&found["mean"], "mean_z");
    for (image, mean) in means.iter().enumerate() {
        let expected = standardised.iter().map(|of| of[image]).sum::<f64>() / 3.0;
        assert!((mean - expected).abs() < 1e-4, "{mean} {expected}");
    }
    let ranks = numbers(&found["mean"], "rank");
    for (mean, rank) in means.iter().zip(ranks) {
        assert_eq!(means.iter().filter(|other| *other > mean).count() as f64 + 1.0, rank);
    }
    let agreement = found["agreement"].as_array().unwrap();
    assert_eq!(agreement.len(), 3);
    for (found, [one, other]) in agreement.iter().zip([[0, 1], [0, 2], [1, 2]]) {
        assert_eq!(found["scorers"], json!([ALL[one], ALL[other]]));
        let value = found["kendall"]["value"].as_f64().unwrap();
        assert!((value - kendall(&scores[one], &scores[other])).abs() < 1e-12);
        let (low, high) = (&found["kendall"]["low"], &found["kendall"]["high"]);
        assert!(low.as_f64().unwrap() <= value && value <= high.as_f64().unwrap());
    }
}

#[test]
fn several_prompts_and_models_have_a_document_for_each_prompt() {
    let models = Models::new();
    let more = [&JSON[..], &["--prompt", "a house"]].concat();
    let both = document(&models.score(&ALL, &more, &images()));
    for (index, prompt) in ["a fox", "a house"].into_iter().enumerate() {
        let one = document(&models.score(&ALL, &["--prompt", prompt, "--format", "json"], &images()));
        assert_eq!(both["prompts"][index], one);
    }
}

#[test]
fn every_format_says_the_same() {
    let models = Models::new();
    let found = document(&models.score(&ALL, &JSON, &images()));
    let ask = |format: &str| {
        let output = models.score(&ALL, &["--prompt", "a fox", "--format", format], &images());
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let csv = ask("csv");
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "prompt,path,clip.score,clip.probability,clip.rank,hps-v2.score,hps-v2.probability,hps-v2.rank,\
         aesthetic.score,aesthetic.probability,aesthetic.rank,mean_z,rank"
    );
    for (at, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[1], found["mean"][at]["path"].as_str().unwrap());
        let score = |scorer: usize| found["scorers"][scorer]["images"][at]["score"].as_f64().unwrap();
        for (scorer, column) in [(0, 2), (1, 5), (2, 8)] {
            assert!((cells[column].parse::<f64>().unwrap() - score(scorer)).abs() < 1e-5);
        }
        assert_eq!((cells[6], cells[9]), ("", ""));
        assert_eq!(cells[12], found["mean"][at]["rank"].to_string());
    }
    let table = ask("table");
    let header: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["rank", "mean", "z", "clip", "hps-v2", "aesthetic", "image"]);
    let ranks: Vec<usize> =
        table.lines().skip(1).take(4).map(|line| line.trim_start()[..1].parse().unwrap()).collect();
    assert!(ranks.is_sorted() && ranks[0] == 1, "{table}");
    assert!(table.contains("agreement of clip and hps-v2: Kendall's τ "), "{table}");
    let lines = ask("jsonl");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 12);
    assert_eq!((&lines[4]["model"], &lines[4]["prompt"]), (&"hps-v2".into(), &"a fox".into()));
    assert_eq!(lines[4]["score"], found["scorers"][1]["images"][0]["score"]);
    assert_eq!((&lines[8]["model"], &lines[8]["prompt"]), (&"aesthetic".into(), &Value::Null));
}

#[test]
fn a_prompt_is_needed_only_if_a_model_reads_it() {
    let models = Models::new();
    let output = models.score(&["aesthetic", "clip"], &["--format", "json"], &images());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert_eq!(said(&output), "pickscore: clip needs a prompt; give --prompt or --prompt-from\n");
    let twice = ["aesthetic", "aesthetic"];
    let found = document(&models.score(&twice, &["--format", "json"], &images()));
    assert_eq!(found["prompt"], Value::Null);
    assert_eq!(found["agreement"][0]["scorers"], json!(["aesthetic", "aesthetic 2"]));
    assert_eq!(found["agreement"][0]["kendall"]["value"], 1.0);
    let output = models.score(&twice, &JSON, &images());
    assert_eq!(document(&output), found);
    assert!(said(&output).contains("none of the models reads a prompt; --prompt is ignored\n"));
}

/// Two models in folders of the same name are told apart in the same way everywhere.
#[test]
fn models_of_equal_names_are_numbered_in_every_format() {
    let models = Models::new();
    for (name, seed) in [("one/clip", 8), ("other/clip", 9)] {
        fs::create_dir(models.path(name).parent().unwrap()).unwrap();
        write_directory(&models.path(name), SMALL, Convention::HuggingFace, seed, Dtype::F32, 1).unwrap();
    }
    let both = ["one/clip", "other/clip"];
    let found = document(&models.score(&both, &JSON, &images()));
    let names = |list: &Value, key: &str| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|one| one[key].clone()).collect()
    };
    assert_eq!(names(&found["scorers"], "model"), ["clip", "clip 2"]);
    assert_eq!(found["agreement"][0]["scorers"], json!(["clip", "clip 2"]));
    let ask = |format: &str| {
        let output = models.score(&both, &["--prompt", "a fox", "--format", format], &images());
        String::from_utf8(output.stdout).unwrap()
    };
    let lines: Vec<Value> = ask("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["model"], &lines[4]["model"]), (&"clip".into(), &"clip 2".into()));
    assert!(ask("csv").starts_with("prompt,path,clip.score,clip.probability,clip.rank,clip 2.score,"));
    assert!(ask("table").contains("agreement of clip and clip 2: Kendall's τ"));
    let file = write_pairs(models.folder.path());
    let more = ["--format", "json", "--pairs", file.to_str().unwrap()];
    let pairs = document(&models.score(&both, &more, &[]));
    assert_eq!(names(&pairs["scorers"], "model"), ["clip", "clip 2"]);

    let data = write_data(models.folder.path());
    let evaluate = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.args(["evaluate", "--device", "cpu", "--resamples", "10", "--format", "json", "--data"]);
        command.arg(&data).args(both.iter().flat_map(|name| ["--model".into(), models.path(name)]));
        document(&command.args(more).output().unwrap())
    };
    for (given, expected) in
        [(&[][..], ["clip", "clip 2"]), (&["--name", "mine", "--name", "mine"], ["mine", "mine 2"])]
    {
        let report = evaluate(given);
        assert_eq!(names(&report["scorers"], "scorer")[1..], expected);
        assert_eq!(report["agreement"][0]["scorers"], json!(expected));
    }
}

/// A mistake in the files of the last model is reported before the first one computes.
#[test]
fn every_model_is_checked_before_the_first_one_computes() {
    let models = Models::new();
    let head = models.path("aesthetic/sac+logos+ava1-l14-linearMSE.safetensors");
    fs::write(&head, fs::read(image("photo.png")).unwrap()).unwrap();
    write_directory(&models.path("narrow"), SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
    let config = models.path("narrow/config.json");
    let narrow =
        fs::read_to_string(&config).unwrap().replace("\"projection_dim\": 12", "\"projection_dim\": 13");
    fs::write(&config, narrow).unwrap();
    write_directory(&models.path("tokens"), SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
    fs::write(models.path("tokens/tokenizer.json"), "{}").unwrap();
    let data = write_data(models.folder.path());
    for (last, expected) in [
        ("narrow", "narrow/model.safetensors has the shape [12, 8]; expected [13, 8]"),
        ("aesthetic", "it is a PNG image, not a safetensors file or PyTorch checkpoint"),
        ("tokens", "tokenizer.json"),
        ("gone", "gone does not exist"),
    ] {
        let more = ["--prompt", "a fox", "--format", "jsonl"];
        let scored = models.score(&["clip", last], &more, &images());
        let mut evaluate = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        evaluate.args(["evaluate", "--device", "cpu", "--data"]).arg(&data);
        for name in ["clip", last] {
            evaluate.arg("--model").arg(models.path(name));
        }
        for output in [scored, evaluate.output().unwrap()] {
            assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{last}");
            assert!(said(&output).contains(expected), "{last}: {}", said(&output));
            assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        }
    }
    // The encoder of the distance is checked too.
    let mut evaluate = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    evaluate
        .args(["evaluate", "--device", "cpu", "--rank", "models", "--distance", "mmd", "--data"])
        .arg(&data);
    evaluate.arg("--reference").arg(image("").parent().unwrap()).arg("--model").arg(models.path("clip"));
    let output = evaluate.output().unwrap();
    assert_eq!(said(&output), "pickscore: mmd needs a CLIP model; give --encoder\n");
}

#[test]
fn prompts_in_files_are_ignored_by_scorers_that_read_none() {
    let models = Models::new();
    let photo = [image("photo.png"), image("edges.png")];
    let own = ["--prompt-from", "metadata", "--format", "json"];
    let output = models.score(&["aesthetic"], &own, &photo);
    assert!(said(&output).starts_with("pickscore: aesthetic-v2 reads no prompt; --prompt-from is ignored\n"));
    assert_eq!(document(&output), document(&models.score(&["aesthetic"], &["--format", "json"], &photo)));
    let output = models.score(&["aesthetic", "aesthetic"], &own, &photo);
    assert!(
        said(&output).starts_with("pickscore: none of the models reads a prompt; --prompt-from is ignored\n")
    );
    assert_eq!(document(&output)["scorers"][1]["images"].as_array().unwrap().len(), 2);
    // Beside a scorer that reads prompts, it scores the same images.
    let prompted = image("../../../../metadata/fixtures/civitai-resources.png");
    let found =
        document(&models.score(&["clip", "aesthetic"], &own, &[prompted.clone(), image("photo.png")]));
    assert_eq!(found["errors"].as_array().unwrap().len(), 1);
    for scorer in found["scorers"].as_array().unwrap() {
        assert_eq!(scorer["images"].as_array().unwrap().len(), 1);
    }
    let alone = document(&models.score(&["aesthetic"], &["--format", "json"], &[prompted]));
    assert_eq!(found["scorers"][1]["images"][0]["score"], alone["images"][0]["score"]);
}

#[test]
fn scorers_and_heads_are_given_once_or_once_per_model() {
    let models = Models::new();
    let head = models.path("aesthetic/sac+logos+ava1-l14-linearMSE.safetensors");
    let head = head.to_str().unwrap();
    let expected = document(&models.score(&["clip", "aesthetic"], &JSON, &images()));
    // The head of one model for another with the same weights.
    fs::rename(head, models.path("head.safetensors")).unwrap();
    let head = models.path("head.safetensors");
    let head = head.to_str().unwrap();
    let each = [&JSON[..], &["--scorer", "clip", "--scorer", "aesthetic-v2", "--head", head]].concat();
    assert_eq!(document(&models.score(&["clip", "aesthetic"], &each, &images())), expected);
    let all =
        document(&models.score(&["clip", "hps-v2"], &[&JSON[..], &["--scorer", "ict"]].concat(), &images()));
    assert_eq!((&all["scorers"][0]["scorer"], &all["scorers"][1]["scorer"]), (&"ict".into(), &"ict".into()));
    let refused = |more: &[&str], expected: &str| {
        let output = models.score(&ALL, &[&JSON[..], more].concat(), &images());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert_eq!(said(&output), format!("pickscore: {expected}\n"));
    };
    refused(
        &["--scorer", "clip", "--scorer", "clip"],
        "--scorer was given 2 times for 3 models; give it once, or once per model",
    );
    refused(
        &["--head", head],
        "--head was given 1 time, but --scorer names 0 scorers that need one; give --scorer once per model, \
         and --head for each of those",
    );
    let output = models.score(&["clip"], &[&JSON[..], &["--head", head, "--head", head]].concat(), &images());
    assert_eq!(said(&output), "pickscore: --head was given 2 times for one model; give it once\n");
    let two = images()[..2].to_vec();
    let output = models.score(&ALL, &[&JSON[..], &["--tie-threshold", "0.1"]].concat(), &two);
    assert_eq!(said(&output), "pickscore: --tie-threshold is for one model\n");
}

#[test]
fn an_image_that_cannot_be_read_is_reported_once() {
    let models = Models::new();
    let broken = models.path("broken.png");
    fs::write(&broken, b"not an image").unwrap();
    let files = [image("photo.png"), broken.clone(), models.path("gone.png"), image("edges.png")];
    let output = models.score(&ALL, &JSON, &files);
    let found = document(&output);
    assert_eq!(said(&output).lines().filter(|line| line.contains("broken.png")).count(), 1);
    assert_eq!(found["errors"].as_array().unwrap().len(), 2);
    for scorer in found["scorers"].as_array().unwrap() {
        assert_eq!(scorer["images"].as_array().unwrap().len(), 2);
    }
    assert_eq!(found["mean"][1]["path"], files[3].to_str().unwrap());
    let strict = models.score(&ALL, &[&JSON[..], &["--strict"]].concat(), &files);
    assert_eq!((strict.status.code(), strict.stdout.len()), (Some(1), 0));
    let none = models.score(&ALL, &["--prompt", "a fox"], &[broken]);
    assert_eq!((none.status.code(), none.stdout.len()), (Some(1), 0));
    assert!(said(&none).ends_with("the image could not be scored\n"));
}

fn write_pairs(folder: &Path) -> PathBuf {
    let file = folder.join("pairs.jsonl");
    let lines = [("a house", "photo.png"), ("", "edges.png"), ("a fox", "edges.png"), ("a fox", "photo.png")]
        .map(|(prompt, name)| json!({ "prompt": prompt, "image": image(name) }).to_string());
    fs::write(&file, lines.join("\n")).unwrap();
    file
}

#[test]
fn pairs_are_scored_with_each_model() {
    let models = Models::new();
    let file = write_pairs(models.folder.path());
    let more = ["--format", "json", "--pairs", file.to_str().unwrap()];
    let output = models.score(&["clip", "hps-v2"], &more, &[]);
    let found = document(&output);
    assert_eq!(said(&output).matches("is empty").count(), 1, "{}", said(&output));
    for (index, name) in ["clip", "hps-v2"].into_iter().enumerate() {
        let alone = document(&models.score(&[name], &more, &[]));
        assert_eq!(found["scorers"][index]["pairs"], alone["pairs"]);
        assert_eq!(found["errors"], alone["errors"]);
    }
    let csv = models.score(&["clip", "hps-v2"], &["--format", "csv", "--pairs", file.to_str().unwrap()], &[]);
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(csv.starts_with("model,prompt,path,score\nclip,a house,") && csv.lines().count() == 7, "{csv}");
    // An aesthetic model reads no prompt, so none is missing.
    let found = document(&models.score(&["aesthetic"], &more, &[]));
    assert_eq!(found["pairs"].as_array().unwrap().len(), 4);
    assert_eq!(found["pairs"][1]["score"], found["pairs"][2]["score"]);
}

#[test]
fn pairs_are_written_in_the_order_of_their_file() {
    let models = Models::new();
    let file = write_pairs(models.folder.path());
    let output = models.score(&["clip"], &["--format", "jsonl", "--pairs", file.to_str().unwrap()], &[]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["error"].is_string());
    let pair = |line: &Value| {
        let path = line["path"].as_str().unwrap();
        (line["prompt"].as_str().unwrap().to_owned(), path.rsplit('/').next().unwrap().to_owned())
    };
    let found: Vec<(String, String)> = lines[1..].iter().map(pair).collect();
    let expected = [("a house", "photo.png"), ("a fox", "edges.png"), ("a fox", "photo.png")];
    assert_eq!(found, expected.map(|(prompt, name)| (prompt.to_owned(), name.to_owned())));
}

/// Pairs about two prompts: photo over noise, edges over photo, a tie, and one without a prompt.
fn write_data(folder: &Path) -> PathBuf {
    let pairs = [
        ("a fox", ["photo.png", "noise.png"], [1.0, 0.0]),
        ("a fox", ["photo.png", "edges.png"], [0.0, 1.0]),
        ("a house", ["noise.png", "edges.png"], [0.5, 0.5]),
        ("a house", ["noise.png", "photo.png"], [1.0, 0.0]),
        ("", ["noise.png", "photo.png"], [1.0, 0.0]),
    ];
    let mut at = 0;
    let rows = pairs.map(|(prompt, names, label)| {
        at += 1;
        let mut row = plain(1, prompt, names, Some(label), at);
        for (shown, name) in row.images.iter_mut().zip(names) {
            shown.bytes = fs::read(image(name)).unwrap();
            shown.uid = pickscore::preference::image_uid(&shown.bytes);
        }
        set_best(&mut row);
        row
    });
    file(folder, "pairs.parquet", &parquet(&rows))
}

#[test]
fn evaluation_sets_models_beside_each_other() {
    let models = Models::new();
    let data = write_data(models.folder.path());
    let evaluate = |names: &[&str], more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.args(["evaluate", "--device", "cpu", "--resamples", "100", "--data"]).arg(&data);
        for name in names {
            command.arg("--model").arg(models.path(name));
        }
        command.args(more).output().unwrap()
    };
    let report = document(&evaluate(&ALL, &["--format", "json", "--threshold", "0", "--without-ties"]));
    // The pair without a prompt is left out for all, though the last model needs none.
    assert_eq!((&report["pairs"], &report["left_out"]), (&4.into(), &1.into()));
    let alone = document(&evaluate(&["aesthetic"], &["--format", "json", "--threshold", "0"]));
    assert_eq!((&alone["pairs"], &alone["left_out"]), (&5.into(), &0.into()));

    // By hand from the scores of the other command.
    let more = [&JSON[..], &["--prompt", "a house"]].concat();
    let files = ["photo.png", "edges.png", "noise.png"].map(image);
    let scores = document(&models.score(&ALL, &more, &files));
    let mut leads = Vec::new();
    for scorer in 0..3 {
        let score = |prompt: usize, image: usize| {
            let of = &scores["prompts"][prompt]["scorers"][scorer]["images"];
            numbers(of, "score")[image]
        };
        leads.push([
            score(0, 0) - score(0, 2),
            score(0, 1) - score(0, 0),
            score(1, 2) - score(1, 1),
            score(1, 2) - score(1, 0),
        ]);
    }
    let rows = report["scorers"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for ((row, leads), name) in rows[1..].iter().zip(&leads).zip(ALL) {
        assert_eq!(row["scorer"], name);
        let right = [0, 1, 3].iter().filter(|&&pair| leads[pair] > 0.0).count() as f64;
        assert_eq!(row["accuracy"]["value"], (right + 0.5) / 4.0, "{name}");
        assert_eq!(row["log_loss"].is_null(), name != "clip");
    }
    for (row, leads) in report["without_ties"]["scorers"].as_array().unwrap()[1..].iter().zip(&leads) {
        let right = [0, 1, 3].iter().filter(|&&pair| leads[pair] > 0.0).count() as f64;
        assert!((row["accuracy"]["value"].as_f64().unwrap() - right / 3.0).abs() < 1e-12);
    }
    assert_eq!(report["without_ties"]["pairs"], 3);
    for (found, [one, other]) in report["agreement"].as_array().unwrap().iter().zip([[0, 1], [0, 2], [1, 2]])
    {
        let agree = (0..4).map(|pair| leads[one][pair].signum() * leads[other][pair].signum()).sum::<f64>();
        assert!((found["kendall"]["value"].as_f64().unwrap() - agree / 4.0).abs() < 1e-12);
    }

    let table = String::from_utf8(evaluate(&ALL, &["--without-ties"]).stdout).unwrap();
    for expected in [
        "in which ties count",
        "Random 56.8, LAION aesthetics v2 56.8, CLIP 60.8, ImageReward 61.1, HPS v1 66.7, people 68.0, PickScore v1 70.5",
        "Agreement of clip and hps-v2 on these pairs: Kendall's τ",
        "\nwithout ties",
        "3 pairs that are not ties",
    ] {
        assert!(table.contains(expected), "{table}");
    }
    let markdown =
        String::from_utf8(evaluate(&ALL, &["--without-ties", "--format", "markdown"]).stdout).unwrap();
    assert!(markdown.contains("| without ties | accuracy |"), "{markdown}");
    let refused = evaluate(&[], &["--without-ties"]);
    assert_eq!(refused.status.code(), Some(2));
    let output = evaluate(&["aesthetic"], &["--retrieval", data.to_str().unwrap()]);
    assert!(
        said(&output).contains("aesthetic: no retrieval, because it reads no prompt"),
        "{}",
        said(&output)
    );
}
