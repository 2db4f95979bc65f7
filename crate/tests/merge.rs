//! `pickscore merge` as a program: what it takes, what it refuses, what it writes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "common/contributions.rs"]
mod contributions;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use contributions::{
    Contribution, DATA, collected, file, json_lines, parquet, plain, showing, write_files, zipped,
};
use pickscore::dataset::{DatasetFiles, Row};
use serde_json::Value;
use zip::CompressionMethod;

const LEFT: Option<[f64; 2]> = Some([1.0, 0.0]);
const TIE: Option<[f64; 2]> = Some([0.5, 0.5]);
const RIGHT: Option<[f64; 2]> = Some([0.0, 1.0]);
const SPLITS: [&str; 5] = ["train", "validation", "test", "validation_unique", "test_unique"];

fn merge(paths: &[&Path], out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.arg("merge").args(paths).arg("--out").arg(out).args(["--format", "json"]).args(more);
    command.output().unwrap()
}

/// Merges, which must succeed, and gives the report and what was said.
fn merged(paths: &[&Path], out: &Path, more: &[&str]) -> (Value, String) {
    let output = merge(paths, out, more);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    (serde_json::from_slice(&output.stdout).unwrap(), said)
}

/// The one line of a failure.
fn complaint(output: &Output, code: i32) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty());
    let line = said.strip_prefix("pickscore: ").unwrap_or_else(|| panic!("{said}")).trim_end();
    assert_eq!(line.lines().count(), 1, "{said}");
    line.into()
}

fn read(out: &Path, split: &str) -> Vec<Row> {
    let files = DatasetFiles::open(&[out], split).unwrap();
    files.groups().iter().flat_map(|&group| files.read(group).unwrap()).collect()
}

/// Rows of the three splits that share nothing.
fn all(out: &Path) -> Vec<Row> {
    SPLITS[..3].iter().flat_map(|split| read(out, split)).collect()
}

/// A row without what a merge decides.
fn content(row: &Row) -> String {
    format!("{:?}", Row { index: 0, num_example_per_prompt: 1, ..row.clone() })
}

fn contents(rows: &[Row]) -> BTreeSet<String> {
    rows.iter().map(content).collect()
}

/// Many pairs: prompts with one to six pairs each, by several raters.
fn many(prompts: usize, raters: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for prompt in 0..prompts {
        for pair in 0..1 + prompt % 6 {
            let label = [LEFT, TIE, RIGHT, None][(prompt + pair) % 4];
            let images = [format!("{prompt}-{pair}"), format!("{prompt}-{}", pair + 1)];
            let rater = format!("rater-{}", (prompt * 7 + pair * 3) % raters);
            let at = (prompt * 10 + pair) as i64;
            rows.push(collected(&rater, &format!("prompt {prompt}"), [&images[0], &images[1]], label, at));
        }
    }
    rows
}

#[test]
fn contributions_and_plain_parquet_become_one_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let rows = many(60, 23);
    let others: Vec<Row> = (0..12)
        .map(|at| plain(5 + at, &format!("other {}", at % 4), ["x", &at.to_string()], LEFT, at))
        .collect();
    let (a, b) = (
        folder.path().join("in/a"),
        file(
            folder.path(),
            "in/b.zip",
            &Contribution::new(&rows[70..140]).zip("", CompressionMethod::Stored),
        ),
    );
    Contribution::new(&rows[..70]).write_folder(&a);
    let c = file(
        folder.path(),
        "in/c.zip",
        &Contribution::new(&rows[140..]).zip("pickscore-1/", CompressionMethod::Deflated),
    );
    let d = file(folder.path(), "in/d.parquet", &parquet(&others));
    let out = folder.path().join("out");
    let (report, said) = merged(&[&a, &b, &c, &d], &out, &[]);
    assert_eq!(said, "");
    let expected: Vec<Row> = rows.iter().chain(&others).cloned().collect();
    let found = all(&out);
    assert_eq!(contents(&found), contents(&expected));
    assert_eq!((found.len(), report["rows"].as_u64().unwrap()), (expected.len(), expected.len() as u64));

    // Counted over what was merged, whatever the files said.
    let mut of_prompt: BTreeMap<&str, i64> = BTreeMap::new();
    expected.iter().for_each(|row| *of_prompt.entry(&row.caption).or_default() += 1);
    assert!(found.iter().all(|row| row.num_example_per_prompt == of_prompt[row.caption.as_str()]));
    let mut indexes: Vec<i64> = found.iter().map(|row| row.index).collect();
    indexes.sort_unstable();
    assert_eq!(indexes, (0..expected.len() as i64).collect::<Vec<_>>());

    assert_eq!(report["prompts"], 64);
    assert_eq!(report["splits"]["validation_unique"], 6);
    assert_eq!(report["splits"]["test_unique"], 6);
    for split in SPLITS {
        assert_eq!(report["splits"][split], read(&out, split).len() as u64, "{split}");
        assert!(out.join(format!("data/{split}-00000-of-00001.parquet")).is_file());
    }
    assert_eq!(report["licenses"]["cc0-1.0"], rows.len() as u64);
    let card = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(
        card.starts_with("---\nlicense: other\n") && card.contains("path: data/validation_unique-*"),
        "{card}"
    );
    assert!(card.contains("Foxes \\| and \\*owls\\*") && card.contains("| not stated | 12 |"), "{card}");
    assert!(!card.contains(folder.path().to_str().unwrap()), "{card}");
    // Nothing else is there, and nothing beside it.
    let names = |path: &Path| {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&out), ["README.md", "data"].into_iter().map(Into::into).collect());
    assert_eq!(names(folder.path()), ["in", "out"].into_iter().map(Into::into).collect());
}

#[test]
fn a_folder_is_searched_throughout() {
    let folder = tempfile::tempdir().unwrap();
    let rows = many(30, 9);
    Contribution::new(&rows[..20]).write_folder(&folder.path().join("in/deep/er/one"));
    file(folder.path(), "in/two.zip", &Contribution::new(&rows[20..50]).zip("", CompressionMethod::Stored));
    file(folder.path(), "in/three.parquet", &parquet(&rows[50..]));
    file(folder.path(), "in/notes.txt", b"not for merging");
    file(folder.path(), "in/.hidden.parquet", b"not looked at");
    let out = folder.path().join("out");
    let (report, said) = merged(&[&folder.path().join("in")], &out, &[]);
    assert_eq!((said.as_str(), report["sources"].as_array().unwrap().len()), ("", 3));
    assert_eq!(contents(&all(&out)), contents(&rows));
    // What was merged can be merged, and nothing changes.
    let again = folder.path().join("again");
    let (report, _) = merged(&[&out], &again, &[]);
    assert_eq!(contents(&all(&again)), contents(&rows));
    assert_eq!(report["removed"]["duplicates"], report["splits"]["validation_unique"].as_u64().unwrap() * 2);
    assert_eq!(
        fs::read(out.join("data/train-00000-of-00001.parquet")).unwrap(),
        fs::read(again.join("data/train-00000-of-00001.parquet")).unwrap()
    );
}

#[test]
fn json_lines_with_images_beside_them_are_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let rows = many(40, 11);
    write_files(&folder.path().join("in/folder"), &json_lines(&rows[..50]));
    let zip = zipped(&json_lines(&rows[50..]), "inner/", CompressionMethod::Deflated);
    file(folder.path(), "in/lines.zip", &zip);
    let out = folder.path().join("out");
    let (report, said) = merged(&[&folder.path().join("in")], &out, &[]);
    assert_eq!((said.as_str(), &report["refused_rows"]), ("", &0.into()));
    assert_eq!(contents(&all(&out)), contents(&rows));
}

#[test]
fn a_bad_line_costs_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let rows = many(9, 4);
    let mut changed = rows.clone();
    changed[4].caption = "x".repeat(20_000);
    // The second row names an image that the manifest does not, the sixth is cut.
    let mut files = json_lines(&changed);
    let lines = files.iter().position(|(path, _)| path.ends_with(".jsonl")).unwrap();
    let mut text: Vec<String> =
        String::from_utf8(files[lines].1.clone()).unwrap().lines().map(str::to_owned).collect();
    text[1] = text[1].replacen("images/", "../images/", 1);
    text[5].truncate(30);
    files[lines].1 = text.join("\n").into_bytes();
    // With honest sums.
    let mut manifest: Value = serde_json::from_slice(&files[lines + 1].1).unwrap();
    manifest["files"][lines]["bytes"] = files[lines].1.len().into();
    manifest["files"][lines]["sha256"] = pickscore::preference::image_uid(&files[lines].1).into();
    files[lines + 1].1 = manifest.to_string().into_bytes();
    files.pop();
    let sum =
        |(path, bytes): &(String, Vec<u8>)| format!("{}  {path}\n", pickscore::preference::image_uid(bytes));
    let sums: String = files.iter().map(sum).collect();
    files.push(("SHA256SUMS".into(), sums.into_bytes()));
    write_files(&folder.path().join("in"), &files);
    let out = folder.path().join("out");
    let (report, said) = merged(&[&folder.path().join("in")], &out, &[]);
    assert_eq!((&report["refused_rows"], said.lines().count()), (&3.into(), 3), "{said}");
    for expected in ["in row 1: \"../images/", "row 5 of ", "`caption` of "] {
        assert!(said.contains(expected), "{said}");
    }
    assert!(said.contains("20000 bytes in row 4"), "{said}");
    let kept: Vec<Row> = rows
        .iter()
        .enumerate()
        .filter(|(at, _)| ![1, 4, 5].contains(at))
        .map(|(_, row)| row.clone())
        .collect();
    assert_eq!(contents(&all(&out)), contents(&kept));
}

/// The files of a data set by name.
fn files(out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let data = out.join("data");
    let paths = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.strip_prefix(out).unwrap().to_path_buf(), fs::read(&path).unwrap())).collect()
}

#[test]
fn the_order_of_files_and_rows_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = many(50, 17);
    // Some again, some contradicting, so that removal has something to choose from.
    let again: Vec<Row> = rows[10..30].to_vec();
    let contradicting =
        rows[40..60].iter().map(|row| Row { label: TIE, created_at: row.created_at + 5, ..row.clone() });
    rows = rows.iter().cloned().chain(again).chain(contradicting).collect();
    let options = ["--near-duplicates", "--minimum-agreement", "0.1", "--shard-size", "1"];
    let one = folder.path().join("one");
    Contribution::new(&rows[..100]).write_folder(&folder.path().join("1/a"));
    Contribution::new(&rows[100..]).write_folder(&folder.path().join("1/b"));
    merged(&[&folder.path().join("1")], &one, &options);
    let mut turned = rows.clone();
    turned.reverse();
    let places = [0..13, 13..50, 50..turned.len()].map(|range| turned[range].to_vec());
    for (at, rows) in places.iter().enumerate() {
        file(
            folder.path(),
            &format!("2/{}.zip", 9 - at),
            &Contribution::new(rows).zip("", CompressionMethod::Deflated),
        );
    }
    let other = folder.path().join("other");
    let paths = ["2/7.zip", "2/9.zip", "2/8.zip"].map(|path| folder.path().join(path));
    merged(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>(), &other, &options);
    assert_eq!(files(&one), files(&other));
    // Another seed orders and splits otherwise.
    let third = folder.path().join("third");
    merged(&[&folder.path().join("1")], &third, &[&options[..], &["--seed", "7"]].concat());
    assert_ne!(files(&one), files(&third));
    assert_eq!(contents(&all(&one)), contents(&all(&third)));
}

#[test]
fn validation_and_test_have_one_pair_a_prompt_of_distinct_raters() {
    let folder = tempfile::tempdir().unwrap();
    let rows = many(300, 60);
    let input = file(folder.path(), "in.parquet", &parquet(&rows));
    let out = folder.path().join("out");
    let (report, _) = merged(&[&input], &out, &["--validation", "25", "--test", "12"]);
    assert_eq!(
        (&report["splits"]["validation_unique"], &report["splits"]["test_unique"]),
        (&25.into(), &12.into())
    );
    let prompts = |split: &str| read(&out, split).into_iter().map(|row| row.caption).collect::<BTreeSet<_>>();
    let [train, validation, test, validation_unique, test_unique] = SPLITS.map(prompts);
    assert!(train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test));
    assert_eq!((&validation, &test), (&validation_unique, &test_unique));
    let unique: Vec<Row> = SPLITS[3..].iter().flat_map(|split| read(&out, split)).collect();
    let raters: BTreeSet<String> = unique.iter().map(|row| row.rater().unwrap()).collect();
    assert_eq!((unique.len(), raters.len()), (37, 37));
    assert!(unique.iter().all(|row| row.label.is_some()));
    let within = contents(&[read(&out, "validation"), read(&out, "test")].concat());
    assert!(contents(&unique).is_subset(&within));
    // Every pair of a held-out prompt is with it.
    let held_out: BTreeSet<&String> = validation.iter().chain(&test).collect();
    assert_eq!(rows.iter().filter(|row| held_out.contains(&row.caption)).count(), within.len());
}

#[test]
fn few_raters_give_few_prompts_unless_they_may_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in.parquet", &parquet(&many(100, 3)));
    let (report, _) = merged(&[&input], &folder.path().join("distinct"), &[]);
    assert_eq!(
        (&report["splits"]["validation_unique"], &report["splits"]["test_unique"]),
        (&2.into(), &1.into())
    );
    let (report, _) = merged(&[&input], &folder.path().join("repeated"), &["--repeat-raters"]);
    assert_eq!(
        (&report["splits"]["validation_unique"], &report["splits"]["test_unique"]),
        (&10.into(), &10.into())
    );
}

/// Without raters no prompt can be held out for a rater of its own, and the command says so.
#[test]
fn unknown_raters_are_held_out_only_if_raters_may_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = many(100, 3);
    rows.iter_mut().for_each(|row| (row.collected, row.user_id) = (None, 0));
    let input = file(folder.path(), "in.parquet", &parquet(&rows));
    let (report, said) = merged(&[&input], &folder.path().join("distinct"), &[]);
    assert_eq!((&report["splits"]["validation"], &report["splits"]["test"]), (&0.into(), &0.into()));
    assert!(said.contains("no rows for the splits validation and test") && said.contains("--repeat-raters"));
    let (report, said) = merged(&[&input], &folder.path().join("repeated"), &["--repeat-raters"]);
    assert_eq!(
        (&report["splits"]["validation_unique"], &report["splits"]["test_unique"]),
        (&10.into(), &10.into())
    );
    assert!(!said.contains("no rows for"), "{said}");
}

#[test]
fn controls_skips_and_pairs_with_scores_in_sight_stand_for_no_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = many(40, 40);
    for (at, row) in rows.iter_mut().enumerate() {
        let Some(collected) = &mut row.collected else { continue };
        match at % 3 {
            0 => collected.control = Some("image_0".into()),
            1 => collected.scores_visible = true,
            _ => {}
        }
    }
    let input = file(folder.path(), "in.parquet", &parquet(&rows));
    let out = folder.path().join("out");
    merged(&[&input], &out, &[]);
    let unique: Vec<Row> = SPLITS[3..].iter().flat_map(|split| read(&out, split)).collect();
    assert!(!unique.is_empty());
    for row in unique {
        let collected = row.collected.as_ref().unwrap();
        assert!(row.label.is_some() && collected.control.is_none() && !collected.scores_visible);
    }
}

mod filters {
    use super::*;

    fn written(rows: &[Row], more: &[&str]) -> (tempfile::TempDir, Value, Vec<Row>) {
        let folder = tempfile::tempdir().unwrap();
        let input = file(folder.path(), "in.parquet", &parquet(rows));
        let out = folder.path().join("out");
        let (report, _) = merged(&[&input], &out, more);
        let rows = all(&out);
        (folder, report, rows)
    }

    #[test]
    fn duplicates_go_and_conflicting_repeats_stay() {
        let rows = [
            collected("ann", "p", ["a", "b"], LEFT, 1),
            // The same file twice.
            collected("ann", "p", ["a", "b"], LEFT, 1),
            // Asked again with sides swapped: the same answer, then another one.
            collected("ann", "p", ["b", "a"], RIGHT, 2),
            collected("ann", "p", ["b", "a"], LEFT, 3),
            // Somebody else, another prompt, other images.
            collected("bob", "p", ["a", "b"], LEFT, 1),
            collected("ann", "q", ["a", "b"], LEFT, 1),
            collected("ann", "p", ["a", "c"], LEFT, 1),
            // Skipped twice.
            collected("ann", "p", ["a", "d"], None, 1),
            collected("ann", "p", ["d", "a"], None, 2),
        ];
        let (_folder, report, found) = written(&rows, &[]);
        assert_eq!(report["removed"]["duplicates"], 3);
        assert_eq!(
            (&report["repeats"]["agreeing"], &report["repeats"]["conflicting"]),
            (&1.into(), &1.into())
        );
        let kept = [0, 3, 4, 5, 6, 7].map(|at| rows[at].clone());
        assert_eq!(contents(&found), contents(&kept));
        assert!(found.iter().filter(|row| row.caption == "p").all(|row| row.num_example_per_prompt == 5));
    }

    #[test]
    fn those_of_unknown_raters_are_the_same_only_at_the_same_time() {
        let rows = [
            plain(0, "p", ["a", "b"], LEFT, 1),
            plain(0, "p", ["a", "b"], LEFT, 1),
            plain(0, "p", ["a", "b"], LEFT, 2),
            plain(3, "p", ["a", "b"], LEFT, 2),
        ];
        let (_folder, report, found) = written(&rows, &[]);
        assert_eq!(
            (&report["removed"]["duplicates"], found.len(), &report["raters"]),
            (&1.into(), 3, &1.into())
        );
    }

    #[test]
    fn prompts_with_a_phrase_go() {
        let folder = tempfile::tempdir().unwrap();
        let list = file(folder.path(), "phrases.txt", "# rude ones\n\nBad  Word\n悪い\n".as_bytes());
        let rows = [
            collected("ann", "a bad word", ["a", "b"], LEFT, 1),
            collected("ann", "bad words", ["a", "b"], LEFT, 1),
            collected("ann", "とても悪い猫", ["a", "b"], LEFT, 1),
        ];
        let (_folder, report, found) = written(&rows, &["--phrases", list.to_str().unwrap()]);
        assert_eq!((&report["removed"]["phrases"], contents(&found)), (&2.into(), contents(&rows[1..2])));
        let missing = merge(&[&list], &folder.path().join("out"), &["--phrases", "gone.txt"]);
        assert!(complaint(&missing, 1).contains("gone.txt: the file cannot be read"));
    }

    #[test]
    fn raters_who_agree_with_nobody_go() {
        let mut rows = Vec::new();
        for pair in 0..15 {
            let images = [format!("{pair}-a"), format!("{pair}-b")];
            let images = [images[0].as_str(), images[1].as_str()];
            rows.push(collected("ann", "p", images, LEFT, pair));
            rows.push(collected("bob", "p", [images[1], images[0]], RIGHT, pair));
            rows.push(collected("contrary", "p", images, RIGHT, pair));
            // Too few to judge by.
            if pair < 9 {
                rows.push(collected("new", "p", images, RIGHT, pair));
            }
        }
        let (_folder, report, found) = written(&rows, &["--minimum-agreement", "0.4"]);
        assert_eq!(report["removed"]["agreement"], 15);
        let raters: BTreeSet<String> = found.iter().map(|row| row.rater().unwrap()).collect();
        assert_eq!(raters, ["ann", "bob", "new"].map(str::to_owned).into());
        let out = &report["left_out"][0];
        assert_eq!((&out["rater"], &out["choices"]), (&"contrary".into(), &15.into()));
        // 0 with ann and bob; in nine of fifteen 1 with new.
        assert!((out["agreement"].as_f64().unwrap() - 9.0 / 3.0 / 15.0).abs() < 1e-9, "{out}");
        assert!(report["agreement"][0].as_f64().unwrap() < 0.7);
        assert!(written(&rows, &[]).1["left_out"].as_array().unwrap().is_empty());
    }

    #[test]
    fn raters_who_fail_their_controls_go() {
        let control = |rater: &str, pair: i64, strong: &str, label| {
            let images = [format!("{pair}-a"), format!("{pair}-b")];
            let mut row = collected(rater, "p", [&images[0], &images[1]], label, pair);
            row.collected.as_mut().unwrap().control = Some(strong.into());
            row
        };
        let mut rows = Vec::new();
        for pair in 0..4 {
            rows.push(control("careful", pair, "image_0", LEFT));
            // One tie in four.
            rows.push(control("tired", pair, "image_1", if pair == 0 { TIE } else { RIGHT }));
            rows.push(control("careless", pair, "image_1", if pair < 2 { LEFT } else { RIGHT }));
            // Skipping fails nothing.
            rows.push(control("shy", pair, "image_0", None));
        }
        rows.push(collected("careless", "p", ["x", "y"], LEFT, 9));
        // Two failures are too few to judge by.
        rows.extend([control("new", 0, "image_0", RIGHT), control("new", 1, "image_0", RIGHT)]);
        let (_folder, report, found) = written(&rows, &["--maximum-failed-controls", "0.3"]);
        assert_eq!(report["removed"]["controls"], 5);
        let raters: BTreeSet<String> = found.iter().map(|row| row.rater().unwrap()).collect();
        assert_eq!(raters, ["careful", "tired", "shy", "new"].map(str::to_owned).into());
        let out = &report["left_out"][0];
        assert_eq!((&out["failed_controls"], &out["controls"]), (&2.into(), &4.into()));
    }

    #[test]
    fn copies_that_look_the_same_count_as_one_image() {
        let fixture = |name: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/parity/fixtures/pixels/files");
            fs::read(folder.join(name)).unwrap()
        };
        // A picture, the same as a JPEG, and another one.
        let (picture, copy, other) = (fixture("edges.png"), fixture("edges-75.jpg"), fixture("photo.png"));
        let row = |rater: &str, images: [&[u8]; 2], label, at| {
            let mut row = collected(rater, "p", ["a", "b"], label, at);
            for (image, bytes) in row.images.iter_mut().zip(images) {
                image.uid = pickscore::preference::image_uid(bytes);
                image.bytes = bytes.to_vec();
            }
            contributions::set_best(&mut row);
            row
        };
        let rows = [
            row("ann", [&picture, &other], LEFT, 1),
            row("ann", [&other, &copy], RIGHT, 2),
            row("ann", [&picture, &copy], TIE, 3),
            row("bob", [&copy, &other], LEFT, 4),
            collected("ann", "p", ["unreadable a", "unreadable b"], LEFT, 5),
        ];
        let (_folder, report, found) = written(&rows, &["--near-duplicates"]);
        let removed = &report["removed"];
        assert_eq!(
            (&removed["near_duplicates"], &removed["copied_images"], &removed["duplicates"]),
            (&1.into(), &1.into(), &1.into())
        );
        assert_eq!(contents(&found), contents(&[rows[0].clone(), rows[3].clone(), rows[4].clone()]));
        assert_eq!(written(&rows, &[]).2.len(), 5);
    }
}

#[test]
fn large_data_is_written_in_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = many(20, 20);
    for (at, row) in rows.iter_mut().enumerate() {
        let bytes: Vec<u8> =
            pickscore::seeded::hashes(at as u64, "bytes", 0).take(6000).flat_map(u64::to_le_bytes).collect();
        row.images[0].uid = pickscore::preference::image_uid(&bytes);
        row.images[0].bytes = bytes;
        contributions::set_best(row);
    }
    let input = file(folder.path(), "in.parquet", &parquet(&rows));
    let out = folder.path().join("out");
    merged(&[&input], &out, &["--shard-size", "1"]);
    let train = fs::read_dir(out.join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let train: BTreeSet<String> = train.filter(|name| name.starts_with("train-")).collect();
    assert!(
        train.len() > 2
            && train.iter().all(|name| name.ends_with(&format!("-of-{:05}.parquet", train.len()))),
        "{train:?}"
    );
    assert_eq!(contents(&all(&out)), contents(&rows));
}

mod hostile {
    use super::*;

    /// Merges a good contribution beside something bad, and gives the one reason that is told.
    fn beside(make: impl FnOnce(&Path) -> PathBuf) -> String {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good");
        let rows = many(12, 5);
        Contribution::new(&rows).write_folder(&good);
        let bad = make(&folder.path().join("bad"));
        let out = folder.path().join("out");
        let (report, said) = merged(&[&bad, &good], &out, &[]);
        assert_eq!(contents(&all(&out)), contents(&rows), "nothing else is lost");
        let refused = report["refused"].as_array().unwrap();
        assert_eq!((refused.len(), &report["refused_rows"]), (1, &0.into()), "{report}");
        assert_eq!(refused[0]["path"], bad.to_str().unwrap());
        let reason = refused[0]["reason"].as_str().unwrap().to_owned();
        assert_eq!(said, format!("pickscore: refused: {reason}\n"));
        assert!(reason.contains("bad"), "{reason}");
        let card = fs::read_to_string(out.join("README.md")).unwrap();
        assert!(card.contains("- Refused: 1 file because of ") && card.contains(" and 0 rows of"), "{card}");
        // The same with --strict writes nothing.
        let strict = folder.path().join("strict");
        assert_eq!(complaint(&merge(&[&bad, &good], &strict, &["--strict"]), 1), reason);
        assert!(!strict.exists() && !folder.path().join("strict.partial").exists());
        reason
    }

    /// A folder whose contribution was changed so.
    fn changed(change: impl FnOnce(&mut Contribution)) -> String {
        beside(|bad| {
            let mut contribution = Contribution::new(&many(9, 4));
            change(&mut contribution);
            contribution.write_folder(bad);
            bad.to_path_buf()
        })
    }

    /// A folder whose files were changed so, after all sums were made.
    fn tampered(change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> String {
        beside(|bad| {
            let mut files = Contribution::new(&many(9, 4)).files();
            change(&mut files);
            write_files(bad, &files);
            bad.to_path_buf()
        })
    }

    #[test]
    fn a_file_with_another_sum() {
        let said = tampered(|files| {
            let middle = files[0].1.len() / 2;
            files[0].1[middle] ^= 1;
        });
        assert!(
            said.contains(DATA) && said.contains("SHA-256") && said.contains("contribution.json says"),
            "{said}"
        );
    }

    #[test]
    fn a_manifest_with_another_sum() {
        let said = tampered(|files| files[1].1.push(b' '));
        assert!(
            said.contains("contribution.json has the SHA-256") && said.contains("SHA256SUMS says"),
            "{said}"
        );
    }

    #[test]
    fn a_file_that_is_listed_and_not_there() {
        let said = tampered(|files| files[0].0 = "data/other.parquet".into());
        assert!(said.ends_with(&format!("lacks {DATA}")), "{said}");
    }

    #[test]
    fn a_file_that_the_sums_leave_out() {
        let said = tampered(|files| {
            let text = String::from_utf8(files[2].1.clone()).unwrap();
            files[2].1 = text.lines().next().unwrap().as_bytes().to_vec();
        });
        assert!(said.contains(DATA) && said.ends_with("it is not listed in SHA256SUMS"), "{said}");
    }

    #[test]
    fn no_sums_at_all() {
        let said = tampered(|files| drop(files.pop()));
        assert!(said.ends_with("lacks SHA256SUMS"), "{said}");
    }

    #[test]
    fn a_path_that_climbs_out() {
        let said = changed(|contribution| {
            contribution.manifest["files"][0]["path"] = "../good/contribution.json".into()
        });
        assert!(said.contains("names the file \"../good/contribution.json\""), "{said}");
    }

    #[test]
    fn a_path_that_climbs_out_of_a_zip() {
        let said = beside(|bad| {
            let mut files = Contribution::new(&many(9, 4)).files();
            files.push(("../../evil.parquet".into(), b"x".to_vec()));
            file(bad.parent().unwrap(), "bad.zip", &zipped(&files, "", CompressionMethod::Stored))
        });
        assert!(said.contains("names the file \"../../evil.parquet\""), "{said}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_elsewhere() {
        let said = beside(|bad| {
            Contribution::new(&many(9, 4)).write_folder(bad);
            fs::rename(bad.join(DATA), bad.with_extension("parquet-elsewhere")).unwrap();
            std::os::unix::fs::symlink(bad.with_extension("parquet-elsewhere"), bad.join(DATA)).unwrap();
            bad.to_path_buf()
        });
        assert!(said.ends_with(&format!("lacks {DATA}")), "{said}");
    }

    #[test]
    fn a_manifest_that_is_none() {
        assert!(
            changed(|contribution| contribution.manifest = "hello".into())
                .contains("bad/contribution.json: ")
        );
        let said = changed(|contribution| contribution.manifest["format"] = "something else".into());
        assert!(
            said.ends_with("`format` is \"something else\"; expected \"pickscore-contribution\""),
            "{said}"
        );
        let said = changed(|contribution| contribution.manifest["version"] = 2.into());
        assert!(said.ends_with("`version` is 2; this program reads version 1"), "{said}");
        let said = changed(|contribution| contribution.manifest["files"] = Value::Array(vec![]));
        assert!(said.ends_with("it lists no Parquet or JSON Lines"), "{said}");
    }

    #[test]
    fn a_manifest_without_end() {
        let said = changed(|contribution| contribution.manifest["description"] = "x".repeat(17 << 20).into());
        assert!(said.contains("bytes; expected at most 16777216"), "{said}");
    }

    #[test]
    fn another_number_of_rows_than_listed() {
        let said = changed(|contribution| contribution.manifest["files"][0]["rows"] = 5.into());
        assert!(said.contains("rows; expected 5, as its manifest says"), "{said}");
    }

    #[test]
    fn pairs_without_images() {
        let said = changed(|contribution| contribution.manifest["data"] = "csv".into());
        assert!(
            said.ends_with("has the format csv; expected Parquet or JSON Lines, which contain the images"),
            "{said}"
        );
    }

    #[test]
    fn a_zip_that_is_none() {
        let said = beside(|bad| file(bad.parent().unwrap(), "bad.zip", b"PK\x03\x04 and no more"));
        assert!(said.contains("cannot be read as a zip"), "{said}");
    }

    #[test]
    fn a_zip_that_was_cut() {
        let said = beside(|bad| {
            let zip = Contribution::new(&many(9, 4)).zip("", CompressionMethod::Stored);
            file(bad.parent().unwrap(), "bad.zip", &zip[..zip.len() - 40])
        });
        assert!(said.contains("cannot be read as a zip"), "{said}");
    }

    #[test]
    fn a_zip_without_a_contribution() {
        let said = beside(|bad| {
            let files = [("notes.txt".to_owned(), b"hello".to_vec())];
            file(bad.parent().unwrap(), "bad.zip", &zipped(&files, "", CompressionMethod::Stored))
        });
        assert!(said.ends_with("lacks contribution.json"), "{said}");
    }

    #[test]
    fn a_zip_that_grows_without_measure() {
        let said = beside(|bad| {
            let mut contribution = Contribution::new(&many(9, 4));
            contribution.data = vec![0; 64 << 20];
            contribution.manifest["files"][0]["bytes"] = (64 << 20).into();
            file(bad.parent().unwrap(), "bad.zip", &contribution.zip("", CompressionMethod::Deflated))
        });
        assert!(said.contains("has 67108864 bytes; expected at most"), "{said}");
    }

    #[test]
    fn a_parquet_file_that_was_cut() {
        let said = beside(|bad| {
            let bytes = parquet(&many(9, 4));
            file(bad.parent().unwrap(), "bad.parquet", &bytes[..bytes.len() / 2])
        });
        assert!(said.contains("cannot be read as Parquet"), "{said}");
    }

    #[test]
    fn a_parquet_file_that_is_damaged_within() {
        // Some flips land where nothing depends on them; the first that matters is enough, and none
        // may cost anything else.
        let rows = many(9, 4);
        let good = parquet(&rows);
        let folder = tempfile::tempdir().unwrap();
        let other = file(folder.path(), "other.parquet", &parquet(&many(3, 2)));
        let mut refused = 0;
        for at in (200..good.len() - 200).step_by(good.len() / 12) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x55;
            let bad = file(folder.path(), "bad.parquet", &bytes);
            let out = folder.path().join(format!("out-{at}"));
            let (report, said) = merged(&[&bad, &other], &out, &[]);
            let of_file = report["refused"].as_array().unwrap().len() as u64;
            refused += of_file + report["refused_rows"].as_u64().unwrap();
            assert!(said.lines().all(|line| line.contains("bad.parquet")), "{said}");
            assert!(contents(&all(&out)).len() >= 6);
        }
        assert!(refused > 0);
    }

    #[test]
    fn another_schema() {
        let said = beside(|bad| {
            let schema = "message schema { REQUIRED INT64 caption; REQUIRED BYTE_ARRAY jpg_0; }";
            let schema = std::sync::Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
            let writer =
                parquet::file::writer::SerializedFileWriter::new(Vec::new(), schema, Default::default())
                    .unwrap();
            file(bad.parent().unwrap(), "bad.parquet", &writer.into_inner().unwrap())
        });
        assert!(said.contains("column `caption`") && said.contains("expected string"), "{said}");
    }

    #[test]
    fn something_else_by_name() {
        let said = beside(|bad| file(bad.parent().unwrap(), "bad.txt", b"hello"));
        assert!(said.ends_with("bad.txt is not a Parquet file, zip or folder"), "{said}");
    }

    #[test]
    fn an_empty_folder() {
        let said = beside(|bad| {
            fs::create_dir_all(bad).unwrap();
            bad.to_path_buf()
        });
        assert!(said.contains("bad contains nothing to merge"), "{said}");
    }

    #[test]
    fn something_that_is_not_there() {
        assert!(beside(|bad| bad.to_path_buf()).contains("bad cannot be read"));
    }

    /// Merges rows of which number 3 was changed so, and gives the reason for which it alone is
    /// refused.
    fn row(change: impl FnOnce(&mut Row)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut rows = many(9, 4);
        change(&mut rows[3]);
        let bad = folder.path().join("bad");
        Contribution::new(&rows).write_folder(&bad);
        let out = folder.path().join("out");
        let (report, said) = merged(&[&bad], &out, &[]);
        rows.remove(3);
        assert_eq!(contents(&all(&out)), contents(&rows));
        assert_eq!((&report["refused_rows"], report["refused"].as_array().unwrap().len()), (&1.into(), 0));
        let reason = report["refused_row_reasons"][0].as_str().unwrap().to_owned();
        assert_eq!(said, format!("pickscore: refused: {reason}\n"));
        assert!(
            reason.contains(DATA) && reason.contains("in row 3") && reason.contains("expected"),
            "{reason}"
        );
        assert_eq!(complaint(&merge(&[&bad], &folder.path().join("strict"), &["--strict"]), 1), reason);
        reason
    }

    #[test]
    fn a_clock_in_the_future() {
        let said = row(|row| row.created_at = 9_000_000_000_000_000_000);
        assert!(said.contains("`created_at`"), "{said}");
    }

    #[test]
    fn a_prompt_of_a_megabyte() {
        let said = row(|row| row.caption = "x".repeat(1_000_000));
        assert!(said.contains("`caption`") && said.contains("1000000 bytes"), "{said}");
    }

    #[test]
    fn an_empty_prompt() {
        assert!(row(|row| row.caption = " \n".into()).contains("`caption`"));
    }

    #[test]
    fn an_image_that_is_not_what_its_uid_says() {
        let said = row(|row| row.images[1].bytes = b"another image".to_vec());
        assert!(said.contains("`jpg_1`") && said.contains("an image whose SHA-256 is"), "{said}");
    }

    #[test]
    fn an_image_beside_itself() {
        assert!(row(|row| row.images[1] = row.images[0].clone()).contains("the image of the other side"));
    }

    #[test]
    fn a_control_side_a_mode_and_a_shown_side_that_are_none() {
        let with = |change: fn(&mut pickscore::dataset::Collected)| {
            row(|row| change(row.collected.as_mut().unwrap()))
        };
        assert!(
            with(|collected| collected.control = Some("both\u{1b}[2J".into()))
                .contains("`pickscore_control`")
        );
        assert!(with(|collected| collected.mode = "guess".into()).contains("`pickscore_mode`"));
        assert!(with(|collected| collected.side_0 = "top".into()).contains("`pickscore_side_0`"));
        // As an import refuses them: all that a record may not hold.
        assert!(with(|collected| collected.uid = "a/b".into()).contains("`pickscore_uid`"));
        assert!(with(|collected| collected.seconds = Some(-1.0)).contains("`pickscore_seconds`"));
        assert!(with(|collected| collected.record_version = 9).contains("`pickscore_record_version`"));
        assert!(row(|row| row.best_image_uid = "tie?".into()).contains("`best_image_uid`"));
    }
}

mod usage {
    use super::*;

    #[test]
    fn nothing_left_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let bad = file(folder.path(), "bad.parquet", b"hello");
        let out = folder.path().join("out");
        let said = complaint(&merge(&[&bad], &out, &[]), 1);
        assert!(
            said.starts_with("nothing is left to merge: 1 file was refused; ")
                && said.contains("bad.parquet"),
            "{said}"
        );
        let empty = file(folder.path(), "empty.parquet", &parquet(&[]));
        assert!(complaint(&merge(&[&empty], &out, &[]), 1).starts_with("nothing is left"));
        let worse = file(folder.path(), "worse.parquet", b"hello again");
        let said = complaint(&merge(&[&bad, &worse], &out, &[]), 1);
        assert!(said.starts_with("nothing is left to merge: 2 files were refused; "), "{said}");
        assert!(said.contains("bad.parquet") && said.contains("worse.parquet"), "{said}");
        assert!(!out.exists() && !folder.path().join("out.partial").exists());
    }

    #[test]
    fn what_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let input = file(folder.path(), "in.parquet", &parquet(&many(9, 4)));
        let out = folder.path().join("out");
        file(&out, "mine.txt", b"precious");
        assert!(complaint(&merge(&[&input], &out, &[]), 1).contains("exists and is not empty"));
        assert_eq!(fs::read(out.join("mine.txt")).unwrap(), b"precious");
        // Nor a folder of the name that one in the making would have, unless it is one.
        let partial = folder.path().join("other.partial");
        file(&partial, "mine.txt", b"precious");
        assert!(
            complaint(&merge(&[&input], &folder.path().join("other"), &[]), 1)
                .contains("other.partial exists")
        );
        assert!(partial.join("mine.txt").exists());
        // An empty one is taken.
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        merged(&[&input], &empty, &[]);
    }

    #[test]
    fn what_a_killed_merge_left_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let input = file(folder.path(), "in.parquet", &parquet(&many(9, 4)));
        file(folder.path(), "out.partial/.pickscore-merge", b"");
        file(folder.path(), "out.partial/data/train-00000", b"half");
        merged(&[&input], &folder.path().join("out"), &[]);
        assert!(!folder.path().join("out.partial").exists());
    }

    #[test]
    fn options_out_of_range() {
        let folder = tempfile::tempdir().unwrap();
        let input = file(folder.path(), "in.parquet", &parquet(&many(9, 4)));
        let out = folder.path().join("out");
        for options in [
            ["--minimum-agreement", "1.5"],
            ["--maximum-failed-controls", "-0.1"],
            ["--near-duplicates", "17"],
            ["--shard-size", "0"],
        ] {
            let options = [options[0].to_owned() + "=" + options[1]];
            assert_eq!(merge(&[&input], &out, &[&options[0]]).status.code(), Some(2), "{options:?}");
        }
        assert_eq!(merge(&[], &out, &[]).status.code(), Some(2));
        assert!(!out.exists());
    }

    #[test]
    fn a_table_for_people() {
        let folder = tempfile::tempdir().unwrap();
        let input = file(folder.path(), "in.parquet", &parquet(&many(9, 4)));
        let out = folder.path().join("out");
        let output = Command::new(env!("CARGO_BIN_EXE_pickscore"))
            .arg("merge")
            .arg(&input)
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        let table = String::from_utf8(output.stdout).unwrap();
        let rows = all(&out).len();
        assert!(
            table.lines().any(|line| line.split_whitespace().eq(["pairs", &rows.to_string()])),
            "{table}"
        );
    }
}

mod library {
    use std::ops::ControlFlow;

    use pickscore::dataset::merge::{MergeError, MergeOptions, merge};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whoever_watches_may_stop_it_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let input = file(folder.path(), "in.parquet", &parquet(&many(30, 4)));
        let out = folder.path().join("out");
        let stages = |stop: usize| {
            let mut told = Vec::new();
            let outcome = merge(&[&input], &out, &MergeOptions::default(), &mut |progress| {
                assert!(progress.total.is_some_and(|total| progress.loaded <= total), "{progress:?}");
                told.push(progress.stage);
                if told.len() == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            (outcome, told)
        };
        let (outcome, told) = stages(usize::MAX);
        outcome.unwrap();
        fs::remove_dir_all(&out).unwrap();
        let mut kinds = told.clone();
        kinds.dedup();
        assert_eq!(kinds, ["verifying", "reading", "deciding", "sorting", "writing"]);
        for stop in 1..=told.len() {
            let (outcome, _) = stages(stop);
            assert!(matches!(outcome, Err(MergeError::Stopped)), "{stop}: {outcome:?}");
            assert!(!out.exists() && !folder.path().join("out.partial").exists(), "{stop}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn splits_are_disjoint_and_nothing_is_lost(
            rows in prop::collection::vec((0usize..25, 0usize..9, 0usize..6, 1usize..6, 0usize..4, 0i64..3), 1..120),
            seed: u64,
            held_out in (0usize..6, 0usize..6),
            repeat_raters: bool,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let rows: Vec<Row> = rows
                .into_iter()
                .map(|(prompt, rater, image, step, label, at)| {
                    let names = [format!("{prompt}-{image}"), format!("{prompt}-{}", (image + step) % 6)];
                    let label = [LEFT, TIE, RIGHT, None][label];
                    collected(&format!("rater-{rater}"), &format!("prompt {prompt}"), [&names[0], &names[1]], label, at)
                })
                .collect();
            let input = file(folder.path(), "in.parquet", &parquet(&rows));
            let out = folder.path().join("out");
            let options = MergeOptions { seed, held_out: [held_out.0, held_out.1], repeat_raters, ..MergeOptions::default() };
            let report = merge(&[&input], &out, &options, &mut |_| ControlFlow::Continue(())).unwrap();
            prop_assert_eq!(report.rows + report.removed.duplicates, rows.len() as u64);
            let found = all(&out);
            prop_assert_eq!(found.len() as u64, report.rows);
            // Every answer of a rater about a pair is there once.
            let answer = |row: &Row| {
                let swapped = row.images[0].uid > row.images[1].uid;
                let label = row.label.map(|[a, b]| if swapped { format!("{b}") } else { format!("{a}") });
                let images: BTreeSet<&String> = row.images.iter().map(|image| &image.uid).collect();
                format!("{:?}", (&row.caption, row.rater(), images, label))
            };
            let answers: Vec<String> = found.iter().map(answer).collect();
            let distinct: BTreeSet<&String> = answers.iter().collect();
            prop_assert_eq!(distinct.len(), answers.len());
            let expected: BTreeSet<String> = rows.iter().map(answer).collect();
            prop_assert_eq!(expected.len(), answers.len());
            let prompts = |split: &str| read(&out, split).into_iter().map(|row| row.caption).collect::<BTreeSet<_>>();
            let [train, validation, test] = [SPLITS[0], SPLITS[1], SPLITS[2]].map(prompts);
            prop_assert!(train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test));
            prop_assert!(validation.len() <= held_out.0 && test.len() <= held_out.1);
            prop_assert_eq!((prompts(SPLITS[3]), prompts(SPLITS[4])), (validation, test));
            let unique: Vec<Row> = SPLITS[3..].iter().flat_map(|split| read(&out, split)).collect();
            let raters: BTreeSet<Option<String>> = unique.iter().map(Row::rater).collect();
            prop_assert!(repeat_raters || raters.len() == unique.len());
        }
    }
}

/// For `cargo xtask readers`: a merged data set, and the report beside it.
#[test]
#[ignore = "cargo xtask readers calls it, with the folder"]
fn for_readers() {
    let folder = PathBuf::from(std::env::var_os("PICKSCORE_READERS").unwrap());
    let mut rows = many(120, 40);
    for (at, row) in rows.iter_mut().enumerate() {
        row.caption = format!("{} {}", ["a fox", "日本の城", "naïve \"café\""][at % 3], row.caption);
        let collected = row.collected.as_mut().unwrap();
        (collected.scorer, collected.scorer_version) = (Some("PickScore_v1".into()), Some("1".into()));
        collected.scores = [Some(20.5), (at % 2 == 0).then_some(19.25)];
    }
    let others: Vec<Row> = (0..30)
        .map(|at| plain(5 + at, &format!("other {}", at % 10), ["x", &at.to_string()], LEFT, at))
        .collect();
    let inputs = folder.join("inputs");
    let zip = file(&inputs, "a.zip", &Contribution::new(&rows).zip("", CompressionMethod::Stored));
    let plain = file(&inputs, "b.parquet", &parquet(&others));
    let (report, _) = merged(&[&zip, &plain], &folder.join("merged"), &["--shard-size", "1"]);
    fs::write(folder.join("merged.json"), report.to_string()).unwrap();
}

/// For `cargo xtask bench merge`: memory stays flat, however much is merged.
#[cfg(target_os = "linux")]
mod memory {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    fn number(name: &str, default: usize) -> usize {
        std::env::var(name).map_or(default, |text| text.parse().unwrap())
    }

    /// The most memory that a process has had, in bytes; `None` when it has ended.
    fn peak(process: u32) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
    }

    #[test]
    #[ignore = "cargo xtask bench merge calls it; minutes, and 10 GB of disk"]
    fn a_thousand_files_of_a_thousand_pairs() {
        let (files, pairs) = (number("PICKSCORE_MERGE_FILES", 1000), number("PICKSCORE_MERGE_PAIRS", 1000));
        let bytes = number("PICKSCORE_MERGE_IMAGE_BYTES", 1000);
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let inputs = folder.path().join("inputs");
        for at in 0..files {
            let image = |pair: usize, side: usize| {
                let bytes = pickscore::seeded::hashes(at as u64, "image", ((pair * 2 + side) << 32) as u64)
                    .take(bytes.div_ceil(8));
                bytes.flat_map(u64::to_le_bytes).collect::<Vec<u8>>()
            };
            let row = |pair: usize| {
                let label = [LEFT, RIGHT, TIE][(at + pair) % 3];
                let prompt = format!("prompt {} of file {}", pair / 10, at % 500);
                let rater = format!("rater-{}", at % 700);
                let row = collected(&rater, &prompt, ["a", "b"], label, (at * pairs + pair) as i64);
                showing(row, [image(pair, 0), image(pair, 1)])
            };
            let mut contribution = Contribution::new(&[]);
            let options = pickscore::dataset::WriteOptions { collected: true, ..Default::default() };
            let mut writer = pickscore::dataset::Writer::create(Vec::new(), options).unwrap();
            (0..pairs).for_each(|pair| writer.write(&row(pair)).unwrap());
            contribution.data = writer.finish().unwrap();
            let listed = &mut contribution.manifest["files"][0];
            listed["bytes"] = contribution.data.len().into();
            listed["rows"] = pairs.into();
            listed["sha256"] = pickscore::preference::image_uid(&contribution.data).into();
            contribution.write_folder(&inputs.join(at.to_string()));
        }
        let start = Instant::now();
        let out = folder.path().join("out");
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.arg("merge").arg(&inputs).arg("--out").arg(&out).args(["--format", "json"]);
        // To a file: the report of so many files fills a pipe that nobody reads.
        let report = folder.path().join("report.json");
        let mut process = command.stdout(fs::File::create(&report).unwrap()).spawn().unwrap();
        let mut highest = 0;
        while let Some(found) = peak(process.id()) {
            highest = highest.max(found);
            if process.try_wait().unwrap().is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        assert!(process.wait().unwrap().success());
        let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{files} files of {pairs} pairs, images of {bytes} bytes: {:.0} MB at most, {seconds:.0} s",
            highest as f64 / 1e6
        );
        assert_eq!(report["rows"], files * pairs);
        // Ten million pairs with two images each take 158 bytes a pair: a key for each row, and a
        // number for each image.
        assert!(highest < 1_000_000_000.max(170 * (files * pairs) as u64), "{highest} bytes");
    }
}
