//! `pickscore score --data`

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "common/contributions.rs"]
mod contributions;
#[path = "common/workplace.rs"]
mod workplace;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::Instant,
};

use common::image;
use contributions::{parquet, plain, showing};
use pickscore::dataset::table::ScoreTable;
use serde_json::{Value, json};
use workplace::{IMAGES, PROMPTS, Workplace, reference, said, scores};

#[test]
fn scores_are_those_of_the_pairs() {
    let workplace = Workplace::new();
    let table = workplace.table("data.parquet", 300);
    let answer = workplace.json(&["one"], &[&table], "out", &[]);
    assert_eq!(
        (&answer["rows"], &answer["scored"], &answer["failed"]),
        (&json!(300), &json!(300), &json!(0))
    );
    assert_eq!(answer["files"], 2);
    let pairs: Vec<_> = (0..300).map(|row| (PROMPTS[row % 3], image(IMAGES[row * 7 % 4]))).collect();
    let expected = reference(&workplace, "one", &pairs);
    let found = scores(&workplace.path("out"));
    for (row, expected) in expected.into_iter().enumerate() {
        assert_eq!(found[&("data.parquet".to_owned(), row as i64)], [Ok(expected)], "row {row}");
    }
    // Nothing else is left, and a second run does nothing.
    assert_eq!(fs::read_dir(workplace.path("out")).unwrap().count(), 2);
    let again = workplace.json(&["one"], &[&table], "out", &[]);
    assert_eq!((&again["scored"], &again["files"]), (&json!(0), &json!(0)));
    // Other content under the same name is scored beside it.
    workplace.table("data.parquet", 299);
    assert_eq!(workplace.json(&["one"], &[&table], "out", &[])["files"], 2);
}

#[test]
fn text_tables_have_paths() {
    let workplace = Workplace::new();
    let names = ["a.png", "sub/b.png", "sub/c.jpg"];
    fs::create_dir(workplace.path("sub")).unwrap();
    for (name, from) in names.iter().zip(["photo.png", "edges.png", "photo-75.jpg"]) {
        fs::copy(image(from), workplace.path(name)).unwrap();
    }
    let rows = |line: &dyn Fn(&str, &str) -> String, lines: usize| -> String {
        (0..lines).map(|row| line(PROMPTS[row % 3], names[row * 5 % 3])).collect()
    };
    let jsonl = rows(&|prompt, image| format!("{}\n", json!({"text": prompt, "path": image})), 300);
    // Blank lines are no rows.
    fs::write(workplace.path("t.jsonl"), format!("\n{jsonl}\n")).unwrap();
    let csv = rows(&|prompt, image| format!("\"{prompt}\",{image},\"x, y\"\r\n"), 300);
    fs::write(workplace.path("t.csv"), format!("\u{feff}prompt,image,\"a, b\"\r\n{csv}")).unwrap();
    let tsv = rows(&|prompt, image| format!("{image}\t{prompt}\n"), 300);
    fs::write(workplace.path("t.tsv"), format!("the image\tthe prompt\n{tsv}")).unwrap();
    let paths = ["t.jsonl", "t.csv"].map(|name| workplace.path(name));
    let answer = workplace.json(&["one"], &[&paths[0], &paths[1]], "out", &[]);
    assert_eq!((&answer["scored"], &answer["failed"]), (&json!(600), &json!(0)));
    let named = ["--prompt-column", "the prompt", "--image-column", "the image"];
    let answer = workplace.json(&["one"], &[&workplace.path("t.tsv")], "out", &named);
    assert_eq!((&answer["scored"], &answer["failed"]), (&json!(300), &json!(0)));
    let found = scores(&workplace.path("out"));
    let pairs: Vec<_> = (0..300).map(|row| (PROMPTS[row % 3], workplace.path(names[row * 5 % 3]))).collect();
    for (row, expected) in reference(&workplace, "one", &pairs).into_iter().enumerate() {
        for file in ["t.jsonl", "t.csv", "t.tsv"] {
            assert_eq!(found[&(file.to_owned(), row as i64)], [Ok(expected)], "{file}, row {row}");
        }
    }
}

#[test]
fn rows_that_fail_have_a_reason() {
    let workplace = Workplace::new();
    let lines = [
        r#"{"prompt": "a fox", "image": "photo.png"}"#,
        r#"{"prompt": "a fox", "image": "gone.png"}"#,
        r#"{"prompt": "", "image": "photo.png"}"#,
        r#"{"image": "photo.png"}"#,
        r#"{"prompt": "a fox", "image": 5}"#,
        r#"{"prompt": "a fox", "image": "../photo.png"}"#,
        r#"{"prompt": "a fox", "image": "/etc/passwd"}"#,
        r#"{"prompt": "a fox", "image": "lines.jsonl"}"#,
        "not JSON",
    ];
    fs::copy(image("photo.png"), workplace.path("photo.png")).unwrap();
    fs::write(workplace.path("lines.jsonl"), lines.join("\n")).unwrap();
    let output = workplace.command(&["one"], &[&workplace.path("lines.jsonl")], "out", &[]).output().unwrap();
    assert!(output.status.success());
    let first = "8 rows have no score, see the columns of errors; first row 1 of lines.jsonl: ";
    assert!(said(&output).contains(first), "{}", said(&output));
    let found: Vec<_> = scores(&workplace.path("out")).into_values().flatten().collect();
    assert!(found[0].is_ok());
    let reasons = [
        "gone.png cannot be read",
        "the prompt is empty",
        "nothing in `prompt`",
        "`image` is not a text",
        "outside the folder of images",
        "outside the folder of images",
        "lines.jsonl",
        "not a JSON object",
    ];
    for (found, expected) in found[1..].iter().zip(reasons) {
        let reason = found.as_ref().unwrap_err();
        assert!(reason.contains(expected) || expected == "lines.jsonl", "{reason}; expected {expected}");
    }
    // What failed is scored again on request.
    fs::copy(image("photo.png"), workplace.path("gone.png")).unwrap();
    let again = |more: &[&str]| workplace.json(&["one"], &[&workplace.path("lines.jsonl")], "out", more);
    assert_eq!(again(&[])["scored"], 0);
    let retried = again(&["--retry-failed"]);
    assert_eq!((&retried["scored"], &retried["failed"]), (&json!(9), &json!(7)));
}

#[test]
fn damaged_rows_do_not_cost_the_others() {
    let workplace = Workplace::new();
    let table = workplace.table("data.parquet", 300);
    let mut bytes = fs::read(&table).unwrap();
    // The second row group: its pages begin with their headers, of which one is overwritten.
    let file = ::parquet::file::reader::SerializedFileReader::try_from(table.as_path()).unwrap();
    let metadata = ::parquet::file::reader::FileReader::metadata(&file).clone();
    let offset = metadata.row_group(1).column(1).data_page_offset() as usize;
    bytes[offset..offset + 16].fill(0xff);
    fs::write(&table, bytes).unwrap();
    let answer = workplace.json(&["one"], &[&table], "out", &[]);
    assert_eq!((&answer["scored"], &answer["failed"]), (&json!(300), &json!(100)));
    for ((_, row), scores) in scores(&workplace.path("out")) {
        assert_eq!(scores[0].is_err(), (100..200).contains(&row), "row {row}: {scores:?}");
    }
}

#[test]
fn pairs_and_models_have_columns() {
    let workplace = Workplace::new();
    let names = ["photo.png", "edges.png"];
    for name in names {
        fs::copy(image(name), workplace.path(name)).unwrap();
    }
    let lines = r#"{"caption": "a fox", "ranking_id": 7, "left": "photo.png", "right": "edges.png"}
{"caption": "a fox", "ranking_id": 8, "left": "edges.png", "right": "gone.png"}"#;
    fs::write(workplace.path("lines.jsonl"), lines).unwrap();
    let columns = ["--image-column", "left", "--image-column", "right"];
    let table = workplace.path("lines.jsonl");
    workplace.json(&["one", "two"], &[&table], "together", &columns);
    let in_turns = [&columns[..], &["--in-turns"]].concat();
    workplace.json(&["one", "two"], &[&table], "turns", &in_turns);
    let found = scores(&workplace.path("together"));
    assert_eq!(found, scores(&workplace.path("turns")));
    let names: Vec<String> = ["one", "two"].map(str::to_owned).into();
    let path = fs::read_dir(workplace.path("together")).unwrap().next().unwrap().unwrap().path();
    let table = ScoreTable::open(&path).unwrap();
    assert_eq!(table.models().flatten().collect::<Vec<_>>(), names);
    for (at, model) in names.iter().enumerate() {
        let pairs = [("a fox", image("photo.png")), ("a fox", image("edges.png"))];
        let [photo, edges] = reference(&workplace, model, &pairs)[..] else { panic!() };
        assert_eq!(found[&(String::new(), 7)][2 * at..2 * at + 2], [Ok(photo), Ok(edges)]);
        assert_eq!(found[&(String::new(), 8)][2 * at], Ok(edges));
        assert!(found[&(String::new(), 8)][2 * at + 1].is_err());
    }
    // In turns, nothing is left behind either.
    assert_eq!(fs::read_dir(workplace.path("turns")).unwrap().count(), 1);
}

/// Evaluating stored scores gives the report that evaluating the model gives.
#[test]
fn stored_scores_are_evaluated_as_the_model() {
    let workplace = Workplace::new();
    let mut rows = Vec::new();
    for number in 0..40 {
        let names = [IMAGES[number as usize % 4], IMAGES[(number as usize + 1) % 4]];
        let labels = [Some([1.0, 0.0]), Some([0.0, 1.0]), Some([0.5, 0.5]), None];
        let prompt = PROMPTS[number as usize % 3];
        let mut row = plain(number % 5 + 1, prompt, ["a", "b"], labels[number as usize % 7 % 4], number);
        row.ranking_id = 1000 + number;
        let row = showing(row, names.map(|name| fs::read(image(name)).unwrap()));
        rows.push(row);
    }
    let table = workplace.path("pairs.parquet");
    fs::write(&table, parquet(&rows)).unwrap();
    let answer = workplace.json(&["one", "two"], &[&table], "scores", &[]);
    assert_eq!((&answer["scored"], &answer["failed"]), (&json!(40), &json!(0)));
    workplace.json(&["one"], &[&table], "only", &[]);
    let evaluate = |more: &[&std::ffi::OsStr]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.args([
            "evaluate",
            "--device",
            "cpu",
            "--format",
            "json",
            "--without-ties",
            "--resamples",
            "50",
        ]);
        let output = command.arg("--data").arg(&table).args(more).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let paths = ["one", "two", "scores", "only"].map(|name| workplace.path(name).into_os_string());
    let [one, two, scores, only] = paths.each_ref().map(std::ffi::OsString::as_os_str);
    let (model, stored) = ("--model".as_ref(), "--scores".as_ref());
    assert_eq!(evaluate(&[stored, scores]), evaluate(&[model, one, model, two]));
    assert_eq!(evaluate(&[stored, only]), evaluate(&[model, one]));
    // A folder of another dataset.
    let other = workplace.table("other.parquet", 3);
    workplace.json(&["one"], &[&other], "others", &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(["evaluate", "--data"]).arg(&table).arg("--scores").arg(workplace.path("others"));
    let output = command.output().unwrap();
    assert!(
        said(&output).contains("it has scores of one image per row; a pair has two"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_missing_column_is_named() {
    let workplace = Workplace::new();
    let table = workplace.table("data.parquet", 3);
    fs::write(workplace.path("a.csv"), "a,b\n1,2\n").unwrap();
    fs::write(workplace.path("two.csv"), "prompt,jpg_0,jpg_1\na,b,c\n").unwrap();
    let fails = |data: &[&Path], more: &[&str], expected: &str| {
        let output = workplace.command(&["one"], data, "out", more).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(said(&output).contains(expected), "{}", said(&output));
        assert_eq!(said(&output).lines().count(), 1);
    };
    fails(&[&table], &["--image-column", "jpg"], "has no column `jpg`; its columns are `caption`, `image`");
    fails(&[&table], &["--prompt-column", "p"], "has no column `p`; its columns are `caption`, `image`");
    fails(&[&table], &["--prompt-column", "image"], "the column `image` of");
    let csv = workplace.path("a.csv");
    fails(
        &[&csv],
        &[],
        "has no column of prompts, such as `caption`, `prompt` or `text`; its columns are `a`, `b`",
    );
    fails(&[&table, &workplace.path("two.csv")], &[], "has one image per row and");
    fails(&[&workplace.path("one")], &[], "contains no tables");
    fails(&[&workplace.path("none.parquet")], &[], "cannot be read");
    fails(&[&table], &["--format", "csv"], "--format is table or json");
}

/// Processes that are killed at random moments, several at a time on one folder, lose nothing and
/// score nothing twice in the output. `PICKSCORE_KILLS` sets how often.
#[test]
fn killed_processes_lose_nothing() {
    let wanted = std::env::var("PICKSCORE_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let workplace = Workplace::new();
    let tables = [("a.parquet", 700), ("b.parquet", 500)].map(|(name, rows)| workplace.table(name, rows));
    let tables: Vec<&Path> = tables.iter().map(PathBuf::as_path).collect();
    let begun = Instant::now();
    workplace.json(&["one"], &tables, "expected", &[]);
    let whole = begun.elapsed();
    let expected = scores(&workplace.path("expected"));
    let (mut random, mut kills, mut rounds) = (12345_u64, 0, 0);
    while kills < wanted {
        let out = format!("out-{rounds}");
        let start = || workplace.command(&["one"], &tables, &out, &[]).spawn().unwrap();
        let mut children: [Child; 2] = [start(), start()];
        loop {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            thread::sleep(whole.mul_f64((random >> 33) as f64 / 2_f64.powi(31)));
            let child = &mut children[(random >> 20) as usize % 2];
            if child.try_wait().unwrap().is_some() {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            *child = start();
        }
        // Another process goes on, with those that still run.
        workplace.json(&["one"], &tables, &out, &[]);
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(scores(&workplace.path(&out)), expected);
        assert!(!workplace.path(&out).join(".pickscore").exists());
        fs::remove_dir_all(workplace.path(&out)).unwrap();
        rounds += 1;
    }
    println!("{kills} kills in {rounds} rounds: every row is there once, with its score");
}
