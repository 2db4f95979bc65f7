//! `pickscore evaluate` on what people chose: the human baseline and rankings.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "common/contributions.rs"]
mod contributions;
#[path = "../preferences/tests/common/records.rs"]
mod records;

use std::{
    collections::BTreeMap,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::{SMALL, image};
use contributions::{file, parquet, plain};
use pickscore::{
    dataset::{
        Row,
        contribution::{Card, Chunk, Consent, ExportOptions, Exporter, Format, Packing},
    },
    evaluate::{Bootstrap, RankBy, choices, rank, self_agreement},
    preference::{Label, Record, image_uid},
    seeded,
};
use pickscore_generate::{Convention, Dtype, write_directory};
use serde_json::Value;

const LEFT: Option<[f64; 2]> = Some([1.0, 0.0]);
const TIE: Option<[f64; 2]> = Some([0.5, 0.5]);
const RIGHT: Option<[f64; 2]> = Some([0.0, 1.0]);

fn evaluate(data: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.arg("evaluate").arg("--data").arg(data).args(["--resamples", "200"]).args(more);
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A pair between images of two models.
fn pair(user: i64, prompt: usize, models: [&str; 2], label: Option<[f64; 2]>, at: i64) -> Row {
    let images = models.map(|model| format!("{prompt} by {model}"));
    let mut row = plain(user, &format!("prompt {prompt}"), [&images[0], &images[1]], label, at);
    row.images.iter_mut().zip(models).for_each(|(image, model)| image.model = model.into());
    row
}

/// Thirty prompts: a is preferred to b twice in three, b to c likewise, a to c always but for ties.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for prompt in 0..30 {
        let at = prompt as i64 * 10;
        rows.push(pair(1, prompt, ["a", "b"], [LEFT, LEFT, RIGHT][prompt % 3], at));
        rows.push(pair(2, prompt, ["c", "b"], [RIGHT, RIGHT, LEFT][prompt % 3], at + 1));
        rows.push(pair(3, prompt, ["a", "c"], [LEFT, TIE][prompt % 2], at + 2));
        // Somebody else about the first pair, on other sides: the same in four of five.
        let label =
            if prompt % 5 == 0 { [LEFT, LEFT, RIGHT][prompt % 3] } else { [RIGHT, RIGHT, LEFT][prompt % 3] };
        rows.push(pair(2, prompt, ["b", "a"], label, at + 3));
    }
    rows
}

#[test]
fn models_are_ranked_without_a_scorer() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows()));
    let plot = folder.path().join("ranking.svg");
    let report =
        json(&evaluate(&data, &["--rank", "models", "--format", "json", "--plot", plot.to_str().unwrap()]));
    assert_eq!(
        (&report["pairs"], &report["prompts"], &report["ties"]),
        (&120.into(), &30.into(), &15.into())
    );
    assert_eq!(report["scorers"].as_array().unwrap().len(), 1);
    assert_eq!(report["scorers"][0]["scorer"], "Random");
    let ranking = &report["ranking"];
    let names: Vec<&str> =
        ranking["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(
        (&ranking["choices"], &ranking["units"], &ranking["groups"]),
        (&120.into(), &30.into(), &1.into())
    );
    let a = &ranking["items"][0];
    // 20 + 14 (six of thirty contradict: two of those were the lost ones) wins against b, 15
    // against c.
    assert_eq!((a["wins"].as_u64().unwrap() + a["losses"].as_u64().unwrap(), &a["ties"]), (75, &15.into()));
    let rating = |of: &str| a["rating"][of].as_f64().unwrap();
    assert!(rating("low") < rating("value") && rating("value") < rating("high") && rating("value") > 1000.0);
    assert!(a["elo"]["mean"].as_f64().unwrap() > 1000.0);
    // Thirty pairs that two judged: both choices of each, right in four of five.
    let others = &report["humans"]["others"];
    assert_eq!(
        (&others["choices"], &others["pairs"], &others["raters"]),
        (&60.into(), &30.into(), &2.into())
    );
    assert!((others["accuracy"]["value"].as_f64().unwrap() - 0.8).abs() < 1e-12);
    assert_eq!(report["humans"]["oneself"], Value::Null);
    let svg = fs::read_to_string(plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.matches("<circle").count() == 3, "{svg}");

    let table = String::from_utf8(evaluate(&data, &["--rank", "models"]).stdout).unwrap();
    let line =
        |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{table}"));
    assert!(line("Another person").contains("80.0") && line("Random").contains("50.0"));
    assert!(
        line("a ").split_whitespace().nth(1) == Some("1") && table.contains("Elo over 50 orders"),
        "{table}"
    );
    let markdown =
        String::from_utf8(evaluate(&data, &["--rank", "models", "--format", "markdown"]).stdout).unwrap();
    assert!(markdown.contains("| Another person | 80.0 |") && markdown.contains("| a | 1 | 1"), "{markdown}");
}

#[test]
fn without_a_ranking_there_are_the_baselines_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows()));
    let report = json(&evaluate(&data, &["--format", "json"]));
    assert!(report.get("ranking").is_none() && report["humans"]["others"]["choices"] == 60);
}

#[test]
fn images_are_ranked_within_their_prompts() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows()));
    let report = json(&evaluate(&data, &["--rank", "images", "--format", "json"]));
    let ranking = &report["ranking"];
    assert_eq!(
        (&ranking["groups"], &ranking["options"]["unit"], &ranking["units"]),
        (&30.into(), &"choices".into(), &120.into())
    );
    let items = ranking["items"].as_array().unwrap();
    assert_eq!(items.len(), 90);
    assert!(ranking["notes"][0].as_str().unwrap().starts_with("30 groups were never compared"));
    assert_eq!(items.iter().filter(|item| item["group"] == 7).count(), 3);
}

#[test]
fn templates_are_ranked_by_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows();
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows));
    let mut list = String::from("template,image\n");
    for image in rows.iter().flat_map(|row| &row.images) {
        let template = if image.model == "a" { "\"{prompt}, detailed\"" } else { "{prompt}" };
        list += &format!("{template},{}\n", image.uid);
    }
    let list = file(folder.path(), "templates.csv", list.as_bytes());
    let asked = ["--rank", "templates", "--templates", list.to_str().unwrap(), "--format", "json"];
    let ranking = &json(&evaluate(&data, &asked))["ranking"];
    let names: Vec<&Value> = ranking["items"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["{prompt}, detailed", "{prompt}"]);
    // Between b and c, which have the same.
    assert_eq!((&ranking["choices"], &ranking["left_out"]), (&90.into(), &30.into()));
}

#[test]
fn control_pairs_rank_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = rows();
    for row in rows.iter_mut().filter(|row| row.user_id == 3) {
        let collected = contributions::collected("r", "p", ["x", "y"], LEFT, 0).collected.unwrap();
        row.collected = Some(pickscore::dataset::Collected { control: Some("image_0".into()), ..collected });
    }
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows));
    assert_eq!(json(&evaluate(&data, &["--rank", "models", "--format", "json"]))["ranking"]["choices"], 90);
}

#[test]
fn what_is_wrong_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows()));
    let complaint = |more: &[&str], code: i32| {
        let output = evaluate(&data, more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.lines().count(), output.stdout.len()),
            (Some(code), 1, 0),
            "{said}"
        );
        said
    };
    assert!(complaint(&["--rank", "templates"], 2).contains("--rank templates needs --templates FILE"));
    assert!(
        complaint(&["--rank", "models", "--templates", "x.csv"], 2).contains("only for --rank templates")
    );
    assert!(complaint(&["--retrieval", "x.parquet"], 2).contains("need a model; give --model"));
    let list = file(folder.path(), "list.csv", b"image,kind\n1,2\n");
    let asked = ["--rank", "templates", "--templates", list.to_str().unwrap()];
    assert!(complaint(&asked, 1).contains("list.csv: line 1 must name the columns `image` and `template`"));
    assert!(
        complaint(&["--rank", "templates", "--templates", "gone.csv"], 1)
            .contains("gone.csv: the file cannot be read")
    );
    assert!(
        complaint(&["--rank", "models", "--prior", "1000"], 2)
            .contains("prior is 1000; expected 0.01 to 100")
    );
    assert!(complaint(&["--rank", "models", "--plot", "/gone/x.svg"], 1).contains("/gone/x.svg"));
    // a has never lost to c, but to b, and b to c: there is a maximum without a prior. Not so when
    // b never wins.
    assert_eq!(evaluate(&data, &["--rank", "models", "--prior", "0"]).status.code(), Some(0));
    let kept: Vec<Row> = rows().into_iter().filter(|row| row.user_id == 1 && row.label == LEFT).collect();
    let data = file(folder.path(), "won.parquet", &parquet(&kept));
    let output = evaluate(&data, &["--rank", "models", "--prior", "0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no most likely strengths"));
    let report = json(&evaluate(&data, &["--rank", "models", "--format", "json"]));
    let note = report["ranking"]["notes"][0].as_str().unwrap();
    assert!(note.starts_with("Some items won or lost every game"), "{note}");
    // Nothing has a name.
    let nameless: Vec<Row> = rows()
        .into_iter()
        .map(|mut row| {
            row.images.iter_mut().for_each(|image| image.model.clear());
            row
        })
        .collect();
    let data = file(folder.path(), "nameless.parquet", &parquet(&nameless));
    let said = String::from_utf8(evaluate(&data, &["--rank", "models"]).stderr).unwrap();
    assert!(said.contains("there is nothing to rank: none of the 120 choices"), "{said}");
}

#[test]
fn a_scorers_means_are_correlated_with_the_ranking() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("tiny");
    write_directory(&model, SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
    // Each model made one picture, shown for every prompt.
    let pictures = [("a", "photo.png"), ("b", "edges.png"), ("c", "noise.png")];
    let bytes =
        |name: &str| fs::read(image(pictures.iter().find(|(model, _)| *model == name).unwrap().1)).unwrap();
    let mut rows = rows();
    rows.retain(|row| ["prompt 0", "prompt 1", "prompt 2", "prompt 4"].contains(&row.caption.as_str()));
    for image in rows.iter_mut().flat_map(|row| &mut row.images) {
        image.bytes = bytes(&image.model);
        image.uid = pickscore::preference::image_uid(&image.bytes);
    }
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows));
    let model = model.to_str().unwrap();
    let asked = ["--rank", "models", "--model", model, "--device", "cpu", "--format", "json"];
    let report = json(&evaluate(&data, &asked));
    let scorer = &report["scorers"][1];
    let placed = scorer["correlation"]["items"].as_array().unwrap();
    let mut means = Vec::new();
    for (item, (name, picture)) in placed.iter().zip(pictures) {
        assert_eq!((&item["name"], &item["images"]), (&name.into(), &4.into()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.args(["score", "--model", model, "--device", "cpu", "--format", "json"]);
        for prompt in ["prompt 0", "prompt 1", "prompt 2", "prompt 4"] {
            command.args(["--prompt", prompt]);
        }
        let scores = json(&command.arg(image(picture)).output().unwrap());
        let of_prompt = |prompt: &Value| prompt["images"][0]["score"].as_f64().unwrap();
        let expected = scores["prompts"].as_array().unwrap().iter().map(of_prompt).sum::<f64>() / 4.0;
        assert!((item["mean"].as_f64().unwrap() - expected).abs() < 1e-4, "{item} {expected}");
        means.push(expected);
    }
    // People say a, b, c: so many of three pairs does the scorer put in that order, less those in
    // the other.
    let ahead = |one: usize, other: usize| if means[one] > means[other] { 1.0 } else { -1.0 };
    let expected = (ahead(0, 1) + ahead(0, 2) + ahead(1, 2)) / 3.0;
    let names: Vec<&Value> =
        report["ranking"]["items"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let kendall = &scorer["correlation"]["kendall"];
    assert!((kendall["value"].as_f64().unwrap() - expected).abs() < 1e-12, "{kendall} {expected}");
    let table: PathBuf = data;
    let table = String::from_utf8(evaluate(&table, &asked[..6]).stdout).unwrap();
    assert!(table.lines().next().unwrap().contains("Kendall"), "{table}");
}

#[test]
fn distances_to_reference_images_are_correlated_with_the_ranking() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_directory(&at("tiny"), SMALL, Convention::HuggingFace, 5, Dtype::F32, 1).unwrap();
    let models = [
        ("a", ["photo.png", "photo-75.jpg", "size-224x224.png"]),
        ("b", ["edges.png", "grey-16.png", "photo.png"]),
        ("c", ["noise.png", "edges.png", "grey-16.png"]),
    ];
    let copy = |to: &str, names: &[&str]| {
        fs::create_dir(at(to)).unwrap();
        for name in names {
            fs::copy(image(name), at(to).join(name)).unwrap();
        }
    };
    models.iter().for_each(|(model, names)| copy(model, names));
    copy("reference", &["photo.png", "size-224x224.png", "photo-75.jpg", "noise.png"]);
    let mut rows = rows();
    for (index, row) in rows.iter_mut().enumerate() {
        for shown in &mut row.images {
            let (_, names) = models.iter().find(|(model, _)| *model == shown.model).unwrap();
            shown.bytes = fs::read(image(names[index % 3])).unwrap();
            shown.uid = image_uid(&shown.bytes);
        }
    }
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows));
    let (tiny, reference) = (at("tiny"), at("reference"));
    let asked = [
        "--rank",
        "models",
        "--distance",
        "frechet",
        "--device",
        "cpu",
        "--encoder",
        tiny.to_str().unwrap(),
        "--reference",
        reference.to_str().unwrap(),
    ];
    let output = evaluate(&data, &[&asked[..], &["--format", "json"]].concat());
    let report = json(&output);
    assert!(String::from_utf8(output.stderr).unwrap().contains("4 sets of images with no more images than"));
    let found = &report["distance"];
    assert_eq!(
        (&found["metric"], &found["encoder"], &found["reference"]),
        (&"frechet".into(), &"tiny".into(), &4.into())
    );
    let mut distances = Vec::new();
    for (item, (model, _)) in found["correlation"]["items"].as_array().unwrap().iter().zip(models) {
        assert_eq!((&item["name"], &item["images"]), (&model.into(), &3.into()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.arg("distance").args([at(model), at("reference")]).arg("--model").arg(&tiny);
        let alone = json(
            &command.args(["--metric", "frechet", "--device", "cpu", "--format", "json"]).output().unwrap(),
        );
        let expected = alone["value"].as_f64().unwrap();
        assert!(
            (item["mean"].as_f64().unwrap() - expected).abs() < 1e-3 * (1.0 + expected),
            "{item} {expected}"
        );
        distances.push(expected);
    }
    // People say a, b, c.
    let order = |one: usize, other: usize| (distances[other] - distances[one]).signum();
    let expected = -(order(0, 1) + order(0, 2) + order(1, 2)) / 3.0;
    let kendall = found["correlation"]["kendall"]["value"].as_f64().unwrap();
    assert!((kendall - expected).abs() < 1e-12, "{kendall} {expected}");
    let table = String::from_utf8(evaluate(&data, &asked).stdout).unwrap();
    assert!(
        table.contains("frechet (tiny) to 4 reference images against people's ranking: Spearman"),
        "{table}"
    );

    let refused = |more: &[&str], code: i32, expected: &str| {
        let output = evaluate(&data, more);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    };
    let images = [&["--rank", "images"], &asked[2..]].concat();
    refused(&images, 2, "it needs --rank models or --rank templates");
    refused(&[&asked[..4], &asked[8..]].concat(), 2, "frechet needs a CLIP model; give --encoder");
    refused(&asked[2..], 2, "--rank");
    copy("single", &["photo.png"]);
    let single = at("single");
    let single = [&asked[..8], &["--reference", single.to_str().unwrap()]].concat();
    refused(&single, 1, "single: 1 image that can be read; a distance needs at least two");
}

/// Three raters about pictures of four models for a few prompts, with skipped pairs, ties, controls
/// and repeats.
fn judged() -> Vec<Record> {
    let mut draws = seeded::hashes(7, "judged", 0);
    let mut draw = |below: u64| (draws.next().unwrap() % below) as usize;
    let record = |at: usize| {
        let (prompt, first, step) = (draw(3), draw(4), 1 + draw(3));
        let [left, right] = [first, (first + step) % 4];
        let label =
            [Some(Label::Left), Some(Label::Left), Some(Label::Tie), Some(Label::Right), None][draw(5)];
        let mut record = records::record(at, 4 * prompt + left, 4 * prompt + right, label);
        record.prompt = format!("prompt {prompt}");
        record.rater_uid = format!("rater-{}", draw(3));
        record.left.model = (left > 0).then(|| format!("model {left}"));
        record.right.model = (right > 0).then(|| format!("model {right}"));
        record.control = [None, None, None, Some(pickscore::preference::Side::Left)][draw(4)];
        record
    };
    (0..160).map(record).collect()
}

/// The Parquet of a contribution with these records.
fn contribution(records: &[Record]) -> Vec<u8> {
    let images: BTreeMap<String, Vec<u8>> =
        (0..12).map(|at| (image_uid(&records::image(at)), records::image(at))).collect();
    let sizes = images.iter().map(|(uid, bytes)| (uid.clone(), bytes.len() as u64)).collect();
    let card = Card {
        title: "Foxes".into(),
        description: None,
        license: "cc0-1.0".into(),
        consent: Consent { text: "I agree.".into(), version: "1".into() },
        collection: None,
        languages: vec![],
    };
    let (format, packing, now) = (Format::Parquet, Packing::Folder, records::NOW);
    let options = ExportOptions { format, packing, card, app_version: "0.1.0".into(), now };
    let mut exporter = Exporter::new(options, records.to_vec(), &sizes).unwrap();
    while !exporter.wanted().is_empty() {
        let wanted = exporter.wanted().iter().map(|uid| images[*uid].clone()).collect();
        exporter.give(wanted).unwrap();
    }
    exporter.finish().unwrap();
    let (mut data, mut path) = (Vec::new(), String::new());
    for chunk in exporter.take() {
        match chunk {
            Chunk::Open(opened) => path = opened,
            Chunk::Bytes(bytes) if path.ends_with(".parquet") => data.extend(bytes),
            Chunk::Bytes(_) | Chunk::Close => {}
        }
    }
    data
}

/// What the page shows of records is what the command says of the contribution that is exported of
/// them.
#[test]
fn the_page_and_the_command_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let records = judged();
    let data = file(folder.path(), "judged.parquet", &contribution(&records));
    for (what, by) in [("images", RankBy::Image), ("models", RankBy::Model)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.arg("evaluate").arg("--data").arg(&data).args(["--rank", what, "--format", "json"]);
        let report = json(&command.output().unwrap());
        let chosen = choices(&records, by);
        let ranking = rank(&chosen, &by.options(), &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(report["ranking"], serde_json::to_value(&ranking).unwrap());
        assert!(ranking.items.len() >= 3 && ranking.ties > 0 && ranking.options.resamples > 0);
        let agreement = self_agreement(&records, &Bootstrap::default());
        assert_eq!(report["humans"]["oneself"], serde_json::to_value(agreement.oneself.unwrap()).unwrap());
    }
}
