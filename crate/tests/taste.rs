//! `pickscore taste` with the demonstration model: people whose taste is known choose between
//! images of coloured shapes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "common/contributions.rs"]
mod contributions;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::SMALL;
use contributions::{collected, file, parquet, plain, set_best, showing};
use pickscore::dataset::Row;
use pickscore_generate::{Convention, Dtype, write_directory};
use serde_json::Value;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../www/public/models/pickscore-tiny");
const LEFT: Option<[f64; 2]> = Some([1.0, 0.0]);
const RIGHT: Option<[f64; 2]> = Some([0.0, 1.0]);
const PROMPTS: [&str; 12] = [
    "red circle",
    "blue circle",
    "green circle",
    "apple",
    "sun",
    "moon",
    "heart",
    "star",
    "ball",
    "flag",
    "leaf",
    "sea",
];
/// Images of each prompt.
const EACH: usize = 8;

/// A PNG of a disc of one colour on another.
fn disc(colour: [u8; 3], ground: u8, radius: i32) -> Vec<u8> {
    const SIZE: i32 = 64;
    let mut pixels = Vec::new();
    for y in 0..SIZE {
        pixels.push(0);
        for x in 0..SIZE {
            let inside = (x - 32).pow(2) + (y - 32).pow(2) < radius * radius;
            pixels.extend(if inside { colour } else { [ground; 3] });
        }
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&pixels).unwrap();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8], data: &[u8]| {
        png.extend((data.len() as u32).to_be_bytes());
        let body = [name, data].concat();
        png.extend(&body);
        png.extend(crc32fast::hash(&body).to_be_bytes());
    };
    let size = (SIZE as u32).to_be_bytes();
    chunk(b"IHDR", &[&size[..], &size, &[8, 2, 0, 0, 0]].concat());
    chunk(b"IDAT", &packed.finish().unwrap());
    chunk(b"IEND", b"");
    png
}

/// An image of a prompt, and how red it is.
fn drawn(prompt: usize, image: usize) -> (Vec<u8>, i32) {
    let seed = prompt * EACH + image;
    let red = (seed * 37 % 256) as u8;
    let other = (seed * 91 % 200) as u8;
    let colour = if seed.is_multiple_of(2) { [red, other, 60] } else { [red, 60, other] };
    let redness = i32::from(red) - i32::from(other);
    (disc(colour, 160 + (seed * 13 % 90) as u8, 14 + (seed * 5 % 14) as i32), redness)
}

/// Every pair of images of every prompt, answered by somebody who likes red.
fn rows(user: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    for (prompt, caption) in PROMPTS.iter().enumerate() {
        for one in 0..EACH {
            for other in 0..one {
                let pair = [drawn(prompt, one), drawn(prompt, other)];
                let label = if pair[0].1 > pair[1].1 { LEFT } else { RIGHT };
                let at = rows.len() as i64;
                let mut row = showing(plain(user, caption, ["a", "b"], label, at), pair.map(|image| image.0));
                set_best(&mut row);
                rows.push(row);
            }
        }
    }
    rows
}

fn taste(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.arg("taste").args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Fits a taste to rows.
fn fitted(folder: &Path, rows: &[Row], more: &[&str]) -> (PathBuf, Output) {
    let data = file(folder, "choices.parquet", &parquet(rows));
    let out = folder.join("taste.json");
    let arguments = ["fit", "--model", MODEL, "--data", text(&data), "--out", text(&out)];
    let output = taste(&[&arguments[..], more].concat());
    (out, output)
}

#[test]
fn a_taste_for_red_is_learned_and_ranks_red_first() {
    let folder = tempfile::tempdir().unwrap();
    let (file, output) = fitted(folder.path(), &rows(7), &["--format", "json", "--name", "Red"]);
    let report = json(&output);
    assert_eq!(
        (&report["choices"], &report["ties"], &report["images"]),
        (&336.into(), &0.into(), &96.into())
    );
    assert_eq!(report["folds"], serde_json::json!({ "of": "prompts", "count": 5, "tested": 336 }));
    let accuracy = |name: &str| report["accuracy"][name].as_f64().unwrap();
    assert!(accuracy("taste") > 0.8 && accuracy("taste") > accuracy("base") + 0.1, "{report}");
    assert!(report["accuracy"]["interval"][0].as_f64().unwrap() > 0.0);
    assert_eq!((&report["offered"], &report["needed"]["state"]), (&true.into(), &"offered".into()));

    // The file has no prompt and no image, and is small.
    let stored = fs::read_to_string(&file).unwrap();
    assert!(
        stored.len() < 64 << 10 && PROMPTS.iter().all(|prompt| !stored.contains(&format!("\"{prompt}\"")))
    );
    let stored: Value = serde_json::from_str(&stored).unwrap();
    assert_eq!((&stored["name"], &stored["scorer"]["name"]), (&"Red".into(), &report["scorer"]));

    // New images, alike but for the colour.
    let colours = [("red", [220, 30, 60]), ("blue", [30, 90, 220]), ("violet", [130, 60, 140])];
    let [red, blue, violet] = colours.map(|(name, colour)| {
        let path = folder.path().join(format!("{name}.png"));
        fs::write(&path, disc(colour, 200, 20)).unwrap();
        path
    });
    let options = ["apply", "--model", MODEL, "--taste", text(&file), "--prompt", "ball"];
    let arguments = [&options[..], &[text(&blue), text(&red), text(&violet)]].concat();
    let answer = json(&taste(&[&arguments[..], &["--format", "json"]].concat()));
    let [blue, red] = [&answer["images"][0], &answer["images"][1]];
    assert_eq!((&blue["rank"], &red["rank"]), (&3.into(), &1.into()), "{answer}");
    assert_eq!((&answer["measured"]["choices"], &answer["measured"]["offered"]), (&336.into(), &true.into()));
    let measured = answer["measured"]["accuracy"]["taste"].as_f64().unwrap();
    assert!((measured - accuracy("taste")).abs() < 1e-9, "{answer}");
    let numbers = |name: &str| [0, 1, 2].map(|image| answer["images"][image][name].as_f64().unwrap());
    assert!(numbers("deviation").iter().chain(&numbers("difference_deviation")).all(|&d| d > 0.0));
    // Differences are those of standard scores, in logits.
    let spread = |of: [f64; 3]| {
        let mean = of.iter().sum::<f64>() / 3.0;
        ((of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 3.0).sqrt(), mean)
    };
    let ((own, mean), (base, mean_base)) = (spread(numbers("score")), spread(numbers("base")));
    for (at, difference) in numbers("difference").into_iter().enumerate() {
        let (own, base) = ((numbers("score")[at] - mean), (numbers("base")[at] - mean_base) / base * own);
        assert!((difference - (own - base)).abs() < 1e-6, "{answer}");
    }
    let scored = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.arg("score").args(&arguments[1..]).args(more).output().unwrap()
    };
    assert_eq!(json(&scored(&["--format", "json"])), answer);
    for (more, reason) in [
        (["--format", "csv"], "--taste prints a table or JSON"),
        (["--prompt", "sun"], "give one --prompt"),
        (["--model", MODEL], "--taste is for one model"),
        (["--tie-threshold", "0.1"], "--taste"),
    ] {
        let wrong = scored(&more);
        assert!(wrong.status.code() == Some(2) && said(&wrong).contains(reason), "{}", said(&wrong));
    }
    let table = String::from_utf8(taste(&arguments).stdout).unwrap();
    assert_eq!(String::from_utf8(scored(&[]).stdout).unwrap(), table);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[1].trim_start().starts_with('1') && lines[1].ends_with("red.png"), "{table}");
    assert!(table.contains("Red: learned from 336 choices; accuracy "), "{table}");
}

#[test]
fn only_what_the_person_freely_chose_is_learned_from() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (at, row) in rows(1).into_iter().take(100).enumerate() {
        let images = row.images.clone().map(|image| image.bytes);
        let rater = if at < 60 { "rater-1" } else { "rater-2" };
        let label = if at < 5 { None } else { row.label };
        let mut row = showing(collected(rater, &row.caption, ["a", "b"], label, at as i64), images);
        set_best(&mut row);
        if let Some(of) = row.collected.as_mut() {
            of.control = (5..9).contains(&at).then(|| "image_0".into());
            of.scores_visible = (9..20).contains(&at);
        }
        all.push(row);
    }
    let of = |more: &[&str]| {
        let (_, output) = fitted(folder.path(), &all, &[&["--format", "json"], more].concat());
        (json(&output), said(&output))
    };
    let (report, warned) = of(&["--user", "rater-1", "--without-visible-scores"]);
    assert_eq!(report["choices"], 40);
    let expected = serde_json::json!({ "skipped": 5, "controls": 4, "scores_visible": 11, "duplicates": 0, "unreadable": 0 });
    assert_eq!(report["left_out"], expected);
    assert!(!warned.contains("people"), "{warned}");
    let (report, _) = of(&["--user", "rater-1"]);
    assert_eq!((&report["choices"], &report["left_out"]["scores_visible"]), (&51.into(), &0.into()));
    let (report, warned) = of(&[]);
    assert_eq!(report["choices"], 91);
    assert!(warned.contains("the choices are of 2 people; --user selects one"), "{warned}");
}

#[test]
fn a_taste_that_few_choices_cannot_show_is_not_offered() {
    let folder = tempfile::tempdir().unwrap();
    let (_, output) = fitted(folder.path(), &rows(7)[..4], &["--format", "json"]);
    let report = json(&output);
    assert_eq!(report["offered"], false);
    assert!(report["needed"]["more"].as_u64().unwrap() >= 10, "{report}");
    let (_, output) = fitted(folder.path(), &rows(7)[..1], &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("1 choice (0 ties)") && table.contains("not measured"), "{table}");
}

#[test]
fn a_name_or_file_that_cannot_be_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, out: &Path| {
        let gone = folder.path().join("gone.parquet");
        let data = ["fit", "--model", MODEL, "--data", text(&gone)];
        taste(&[&data[..], &["--name", name, "--out", text(out)]].concat())
    };
    let wrong = of("a\u{202e}b", &folder.path().join("taste.json"));
    assert!(
        wrong.status.code() == Some(2) && said(&wrong).contains("`name` of the taste"),
        "{}",
        said(&wrong)
    );
    for out in [folder.path().to_owned(), folder.path().join("gone").join("taste.json")] {
        let wrong = of("Mine", &out);
        assert!(said(&wrong).contains("the file cannot be written"), "{}", said(&wrong));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_answer_in_two_files_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = rows(7);
    all.truncate(20);
    // The same pair again, a minute later, is another answer.
    let again = Row { created_at: all[0].created_at + 60_000_000_000, ..all[0].clone() };
    let one = file(folder.path(), "one.parquet", &parquet(&all));
    all.drain(..15);
    all.push(again);
    let other = file(folder.path(), "other.parquet", &parquet(&all));
    let out = folder.path().join("taste.json");
    let data = ["--data", text(&one), "--data", text(&other)];
    let arguments = ["fit", "--model", MODEL, "--out", text(&out), "--format", "json"];
    let report = json(&taste(&[&arguments[..], &data].concat()));
    assert_eq!((&report["choices"], &report["left_out"]["duplicates"]), (&21.into(), &5.into()));
}

#[test]
fn an_unreadable_image_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = rows(7);
    all[3].images[1].bytes.truncate(40);
    let (_, output) = fitted(folder.path(), &all, &["--format", "json"]);
    assert!(said(&output).contains("jpg_1"), "{}", said(&output));
    let report = json(&output);
    assert_eq!((&report["choices"], &report["left_out"]["unreadable"]), (&335.into(), &1.into()));
}

#[test]
fn a_user_without_choices_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (_, output) = fitted(folder.path(), &rows(7)[..3], &["--user", "8"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("no choice of the user 8 can be learned from"), "{}", said(&output));
}

#[test]
fn another_model_and_a_damaged_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, output) = fitted(folder.path(), &rows(7)[..20], &[]);
    assert!(output.status.success(), "{}", said(&output));
    let image = folder.path().join("image.png");
    fs::write(&image, disc([1, 2, 3], 200, 20)).unwrap();
    let other = folder.path().join("other");
    write_directory(&other, SMALL, Convention::HuggingFace, 3, Dtype::F32, 1).unwrap();
    let apply = |model: &str, path: &Path, more: &[&str]| {
        taste(&[&["apply", "--model", model, "--taste", text(path), text(&image)], more].concat())
    };
    let refused = apply(text(&other), &path, &["--prompt", "ball"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("the taste needs the scorer"), "{}", said(&refused));
    let weak = apply(MODEL, &path, &["--prompt", "ball"]);
    assert!(said(&weak).contains("warning: My taste is not measurably better"), "{}", said(&weak));
    let without = apply(MODEL, &path, &[]);
    assert_eq!(without.status.code(), Some(2));
    assert!(said(&without).contains("--prompt"), "{}", said(&without));

    let stored = fs::read_to_string(&path).unwrap();
    let damaged =
        file(folder.path(), "damaged.json", stored.replace("\"version\": 1", "\"version\": 9").as_bytes());
    let refused = apply(MODEL, &damaged, &["--prompt", "ball"]);
    assert!(said(&refused).contains("version 9"), "{}", said(&refused));
    let gone = apply(MODEL, &folder.path().join("gone.json"), &["--prompt", "ball"]);
    assert!(gone.status.code() == Some(1) && said(&gone).contains("gone.json"), "{}", said(&gone));
}

#[test]
fn the_curve_of_simulated_people_rises_and_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let data = file(folder.path(), "pairs.parquet", &parquet(&rows(7)));
    let plot = folder.path().join("curve.svg");
    let arguments = [
        "curve",
        "--model",
        MODEL,
        "--data",
        text(&data),
        "--simulate",
        "6",
        "--strength",
        "3",
        "--sizes",
        "10,150",
        "--resamples",
        "200",
        "--plot",
        text(&plot),
    ];
    let report = json(&taste(&[&arguments[..], &["--format", "json"]].concat()));
    assert_eq!((&report["people"], &report["simulated"]["strength"]), (&6.into(), &3.0.into()));
    let of = |at: usize, name: &str| report["points"][at][name]["value"].as_f64().unwrap();
    assert!(of(1, "taste") > of(0, "taste") && of(1, "gain") > 0.0, "{report}");
    assert!(report["points"][0]["everybody"]["value"].is_f64());
    let svg = fs::read_to_string(&plot).unwrap();
    assert!(svg.starts_with("<svg") && svg.matches("<circle").count() == 6);
    let table = String::from_utf8(taste(&arguments).stdout).unwrap();
    assert!(table.contains("6 simulated people") && table.contains("everybody's head"), "{table}");
    assert!(table.contains(" to ") && !table.contains('–'), "{table}");
    let one = [&arguments[..6], &["1", "--sizes", "10"]].concat();
    let output = taste(&one);
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(table.contains("of 1 simulated person,") && table.contains("one person: no interval"), "{table}");
    assert!(said(&output).contains("warning: 1 person"), "{}", said(&output));
    let report = json(&taste(&[&one[..], &["--format", "json"]].concat()));
    assert!(report["points"][0]["gain"]["low"].is_null() && report["points"][0]["gain"]["value"].is_f64());
}

#[test]
fn the_curve_of_people_counts_those_who_chose_enough() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = rows(7);
    all.extend(rows(8));
    all.extend(rows(9).into_iter().take(6));
    all.extend(rows(0).into_iter().take(4));
    let data = file(folder.path(), "people.parquet", &parquet(&all));
    let arguments =
        ["curve", "--model", MODEL, "--data", text(&data), "--sizes", "20,100", "--resamples", "100"];
    let output = taste(&[&arguments[..], &["--without-everybody", "--format", "json"]].concat());
    let report = json(&output);
    assert_eq!((&report["people"], &report["left_out"]), (&3.into(), &1.into()));
    assert_eq!((&report["points"][1]["people"], &report["simulated"]), (&2.into(), &Value::Null));
    assert!(report["points"][1]["gain"]["value"].as_f64().unwrap() > 0.0);
    assert!(said(&output).contains("left out 4 choices of unknown people"), "{}", said(&output));
    let wrong = taste(&[&arguments[..5], &["--sizes", "20,10"]].concat());
    assert_eq!(wrong.status.code(), Some(2));
}
