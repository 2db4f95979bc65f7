//! Exports and imports contributions. Invalid files and rows are refused, and everything else is
//! imported.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../../preferences/tests/common/records.rs"]
mod common;

use std::{collections::BTreeMap, fs, io::Write as _, path::PathBuf};

use common::{NOW, any_record, image, record};
use pickscore_dataset::{
    Collected, Row, WriteOptions, Writer,
    contribution::{
        Card, Chunk, Consent, ExportError, ExportOptions, Exported, Exporter, Format, ImportStep, Importer,
        Packing, Refusal,
    },
};
use pickscore_preferences::{Comparison, Label, Mode, Record, Scorer, Side, image_uid};
use proptest::prelude::*;

fn card() -> Card {
    Card {
        title: "Foxes: \"quoted\"".into(),
        description: Some("---\n<b>Described</b>\n# by me".into()),
        license: "cc0-1.0".into(),
        consent: Consent {
            text: "I release this into the public domain.\n> really".into(),
            version: "1".into(),
        },
        collection: Some("At home.".into()),
        languages: vec!["en".into(), "ja".into()],
    }
}

fn options(format: Format, packing: Packing) -> ExportOptions {
    ExportOptions { format, packing, card: card(), app_version: "0.1.0".into(), now: NOW }
}

/// Files by their paths.
type Files = BTreeMap<String, Vec<u8>>;

/// The images of `common::image`, by their uids.
fn images() -> BTreeMap<String, Vec<u8>> {
    (0..40).map(|number| (image_uid(&image(number)), image(number))).collect()
}

fn sizes() -> BTreeMap<String, u64> {
    images().into_iter().map(|(uid, bytes)| (uid, bytes.len() as u64)).collect()
}

/// Exports: every file by its path, or the zip under the name `zip`.
fn exported(options: ExportOptions, records: Vec<Record>) -> (Files, Exported) {
    let images = images();
    let is_zip = options.packing == Packing::Zip;
    let mut exporter = Exporter::new(options, records, &sizes()).unwrap();
    let (mut files, mut open) = (BTreeMap::new(), is_zip.then(|| ("zip".to_owned(), Vec::new())));
    let keep = |chunks: Vec<Chunk>, files: &mut Files, open: &mut Option<(String, Vec<u8>)>| {
        for chunk in chunks {
            match chunk {
                Chunk::Open(path) => {
                    assert!(open.replace((path, Vec::new())).is_none());
                }
                Chunk::Bytes(bytes) => open.as_mut().unwrap().1.extend(bytes),
                Chunk::Close => {
                    let (path, bytes) = open.take().unwrap();
                    assert!(files.insert(path, bytes).is_none());
                }
            }
        }
    };
    let (mut steps, total) = (0, exporter.steps());
    loop {
        let wanted: Vec<Vec<u8>> = exporter.wanted().iter().map(|uid| images[*uid].clone()).collect();
        if wanted.is_empty() {
            break;
        }
        exporter.give(wanted).unwrap();
        keep(exporter.take(), &mut files, &mut open);
        steps += 1;
    }
    assert_eq!(steps, total);
    let exported = exporter.finish().unwrap();
    keep(exporter.take(), &mut files, &mut open);
    if let Some((name, bytes)) = open {
        files.insert(name, bytes);
    }
    (files, exported)
}

/// The result of an import.
#[derive(Debug, Default, PartialEq)]
struct Imported {
    records: Vec<Record>,
    images: Vec<[Option<Vec<u8>>; 2]>,
    refused: Vec<Refusal>,
}

impl Imported {
    fn said(&self) -> Vec<&str> {
        self.refused.iter().map(|refusal| refusal.message.as_str()).collect()
    }
}

fn imported(files: &[(&str, &[u8])]) -> Imported {
    let lengths = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.len() as u64)).collect();
    let mut importer = Importer::new(lengths, NOW);
    let (mut found, mut steps, mut most) = (Imported::default(), 0, 0);
    loop {
        match importer.step() {
            ImportStep::Need { file, start, length, .. } => {
                assert!(length > 0);
                most = most.max(length);
                let bytes = &files[file].1[start as usize..(start + length) as usize];
                importer.give(bytes.to_vec());
            }
            ImportStep::Record(record, images) => {
                found.records.push(*record);
                found.images.push(images);
            }
            ImportStep::Done => break,
        }
        steps += 1;
        assert!(steps < 1_000_000, "the import does not end");
    }
    assert_eq!(importer.refused_count(), importer.refused().len() as u64);
    found.refused = importer.refused().to_vec();
    for refusal in &found.refused {
        assert!(!refusal.message.contains('\n') && refusal.message.len() < 700, "{}", refusal.message);
        assert!(
            refusal.message.contains(&refusal.file),
            "{} does not name {}",
            refusal.message,
            refusal.file
        );
    }
    found
}

fn imported_files(files: &Files) -> Imported {
    let named: Vec<(String, &Vec<u8>)> = files
        .iter()
        .map(|(path, bytes)| (if path == "zip" { "c.zip".into() } else { path.clone() }, bytes))
        .collect();
    let files: Vec<(&str, &[u8])> =
        named.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    imported(&files)
}

/// Records without duplicates, as in an export.
fn distinct(records: Vec<Record>) -> Vec<Record> {
    Comparison::of(&[], records).fresh
}

/// Records that use every column.
fn some() -> Vec<Record> {
    let scorer = Some(Scorer { name: "PickScore_v1".into(), version: "f32".into() });
    let mut records: Vec<Record> = (0..30)
        .map(|at| {
            let label = [Some(Label::Left), Some(Label::Tie), Some(Label::Right), None][at % 4];
            let mut record = record(at, at % 7, 7 + at % 5, label);
            record.prompt = ["a fox in the snow", "日本の城", "=HYPERLINK(\"x\")"][at % 3].into();
            record.seconds = (at % 2 == 0).then_some(at as f64 / 3.0);
            record.left.model = (at % 3 == 0).then(|| "sdxl".into());
            record
        })
        .collect();
    records[3].control = Some(Side::Right);
    records[4].control = Some(Side::Left);
    (records[5].mode, records[5].retest_of) = (Mode::Retest, Some("record-1".into()));
    (records[7].mode, records[7].group_uid) = (Mode::BestOfFour, Some("group-1".into()));
    records[6].scorer = scorer;
    records[6].left.score = Some(21.123_456_789_012_345);
    records[6].scores_visible = true;
    records
}

#[test]
fn every_format_is_read_back() {
    let images = images();
    for packing in [Packing::Zip, Packing::Folder] {
        for format in [Format::Parquet, Format::JsonLines] {
            let (files, _) = exported(options(format, packing), some());
            let found = imported_files(&files);
            assert_eq!(found.refused, [], "{format:?} {packing:?}");
            assert_eq!(found.records, some());
            for (record, [left, right]) in found.records.iter().zip(&found.images) {
                assert_eq!(left.as_ref(), images.get(&record.left.image_uid));
                assert_eq!(right.as_ref(), images.get(&record.right.image_uid));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_records_are_read_back(
        records in prop::collection::vec(any_record(), 1..20),
        format in prop::sample::select(vec![Format::Parquet, Format::JsonLines]),
        packing in prop::sample::select(vec![Packing::Zip, Packing::Folder]),
    ) {
        let records = distinct(records);
        let (files, exported) = exported(options(format, packing), records.clone());
        prop_assert_eq!(exported.records, records.len() as u64);
        let found = imported_files(&files);
        prop_assert_eq!(&found.refused[..], &[]);
        prop_assert_eq!(found.records, records);
    }

    /// Reading a damaged contribution ends, and gives only valid records.
    #[test]
    fn any_damage_is_refused_or_read(
        format in prop::sample::select(vec![Format::Parquet, Format::JsonLines]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (files, _) = exported(options(format, Packing::Zip), some());
        let mut zip = files["zip"].clone();
        for (at, byte, near_the_end) in damage {
            let start = if near_the_end { zip.len().saturating_sub(2000) } else { 0 };
            let length = zip.len() - start;
            zip[start + at.index(length)] = byte;
        }
        if let Some(cut) = cut {
            zip.truncate(cut.index(zip.len()));
        }
        let found = imported(&[("c.zip", &zip)]);
        for record in found.records {
            prop_assert!(record.check(NOW).is_ok());
        }
    }
}

/// As the command and the page show them, refusals are one line.
#[test]
fn line_breaks_in_names_of_files_do_not_reach_messages() {
    let (files, _) = exported(options(Format::JsonLines, Packing::Zip), some());
    let mut zip = files["zip"].clone();
    // The rows name images that are no longer there. A name follows the fixed part of a header, of
    // 30 bytes before a file and 46 in the directory.
    for (from, to) in [(&b"data/train-00000"[..], &b"data/train-\n0000"[..]), (b"images/", b"imagex/")] {
        for at in 46..zip.len() - from.len() {
            let is_name =
                zip[at - 30..].starts_with(b"PK\x03\x04") || zip[at - 46..].starts_with(b"PK\x01\x02");
            if is_name && zip[at..].starts_with(from) {
                zip[at..at + from.len()].copy_from_slice(to);
            }
        }
    }
    let found = imported(&[("c.zip", &zip)]);
    assert!(found.said().iter().any(|message| message.contains("train- 0000")), "{:?}", found.said());
}

#[test]
fn examples_per_prompt_are_counted_before_the_first_row() {
    let (files, exported) = exported(options(Format::JsonLines, Packing::Folder), some());
    let text = String::from_utf8(files["data/train-00000-of-00001.jsonl"].clone()).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 30);
    assert!(rows.iter().all(|row| row["num_example_per_prompt"] == 10));
    assert_eq!(rows[0]["label_0"], 1.0);
    assert_eq!((&rows[3]["label_0"], &rows[3]["has_label"]), (&serde_json::Value::Null, &false.into()));
    assert_eq!(rows[0]["best_image_uid"], rows[0]["image_0_uid"]);
    assert_eq!((&rows[1]["best_image_uid"], &rows[3]["best_image_uid"]), (&"tie".into(), &"".into()));
    assert_eq!(rows[0]["created_at"], "2026-11-26T08:53:20.000Z");
    assert_eq!(
        (&rows[3]["pickscore_control"], &rows[4]["pickscore_control"]),
        (&"image_1".into(), &"image_0".into())
    );
    assert!(
        rows.iter()
            .all(|row| row["user_id"] == rows[0]["user_id"] && row["user_id"].as_i64().unwrap() < 1 << 53)
    );
    // Each image is written once.
    let images = exported.files.iter().filter(|file| file.path.starts_with("images/")).count();
    assert_eq!(images, 12);
}

#[test]
fn sums_and_manifest_are_those_of_the_files() {
    let (files, exported) = exported(options(Format::Parquet, Packing::Folder), some());
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let expected = [
        "README.md",
        "SHA256SUMS",
        "contribution.json",
        "croissant.json",
        "data/train-00000-of-00001.parquet",
    ];
    assert_eq!(names, expected);
    let sums = String::from_utf8(files["SHA256SUMS"].clone()).unwrap();
    let lines: Vec<&str> = sums.lines().collect();
    assert_eq!(lines.len(), 4);
    for line in lines {
        let (sum, path) = line.split_once("  ").unwrap();
        assert_eq!(sum, image_uid(&files[path]), "{path}");
    }
    let manifest: serde_json::Value = serde_json::from_slice(&files["contribution.json"]).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let bytes = &files[file["path"].as_str().unwrap()];
        assert_eq!((&file["bytes"], &file["sha256"]), (&bytes.len().into(), &image_uid(bytes).into()));
    }
    let counts = serde_json::json!({
        "records": 30, "labelled": 23, "ties": 8, "skipped": 7, "controls": 2, "retests": 1, "prompts": 3, "images": 12
    });
    assert_eq!(manifest["counts"], counts);
    assert_eq!(
        (&manifest["scores_visible"], &manifest["raters"]),
        (&"sometimes".into(), &serde_json::json!(["rater"]))
    );
    assert_eq!(
        manifest["files"].as_array().unwrap().iter().map(|file| file["rows"].as_u64().unwrap()).sum::<u64>(),
        30
    );
    let total: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
    assert_eq!((exported.bytes, exported.name.as_str()), (total, "pickscore-2026-11-26-30-pairs"));
    let card = String::from_utf8(files["README.md"].clone()).unwrap();
    assert!(
        card.starts_with("---\nlicense: \"cc0-1.0\"\npretty_name: \"Foxes: \\\"quoted\\\"\"\n"),
        "{card}"
    );
    // Texts of visitors cannot start a heading, end the front matter or open a tag.
    assert!(
        card.contains("\n> &lt;b>Described&lt;/b>\n> # by me\n") && card.matches("\n---\n").count() == 1,
        "{card}"
    );
    assert!(
        card.contains("> I release this into the public domain.\n> > really")
            && card.contains("| skipped | 7 |")
    );
}

#[test]
fn a_zip_is_one_that_others_read() {
    let (files, _) = exported(options(Format::JsonLines, Packing::Zip), some());
    let (folder, _) = exported(options(Format::JsonLines, Packing::Folder), some());
    let archive = rawzip::ZipArchive::from_slice(files["zip"].as_slice()).unwrap();
    let mut seen = 0;
    for entry in archive.entries() {
        let entry = entry.unwrap();
        let path = String::from_utf8(entry.file_path().as_bytes().to_vec()).unwrap();
        assert_eq!(entry.compression_method(), rawzip::CompressionMethod::STORE);
        let found = archive.get_entry(entry.wayfinder()).unwrap();
        let mut bytes = Vec::new();
        std::io::copy(&mut found.verifying_reader(found.data()), &mut bytes).unwrap();
        assert_eq!(bytes, folder[&path], "{path}");
        seen += 1;
    }
    assert_eq!(seen, folder.len());
}

#[test]
fn many_images_make_several_files_and_row_groups() {
    // Ten images of 20 MB: pairs of 40 MB, three to a file of 128 MiB.
    let big: BTreeMap<String, Vec<u8>> = (0..10_u8)
        .map(|at| {
            let bytes = vec![at; 20 << 20];
            (image_uid(&bytes), bytes)
        })
        .collect();
    let uids: Vec<&String> = big.keys().collect();
    let records: Vec<Record> = (0..7)
        .map(|at| {
            let mut record = record(at, 0, 1, Some(Label::Left));
            (record.left.image_uid, record.right.image_uid) = (uids[at].clone(), uids[at + 1].clone());
            record
        })
        .collect();
    let sizes = big.iter().map(|(uid, bytes)| (uid.clone(), bytes.len() as u64)).collect();
    let mut exporter = Exporter::new(options(Format::Parquet, Packing::Zip), records, &sizes).unwrap();
    let mut largest = 0;
    loop {
        let wanted: Vec<Vec<u8>> = exporter.wanted().iter().map(|uid| big[*uid].clone()).collect();
        if wanted.is_empty() {
            break;
        }
        exporter.give(wanted).unwrap();
        largest = largest.max(
            exporter
                .take()
                .iter()
                .map(|chunk| if let Chunk::Bytes(bytes) = chunk { bytes.len() } else { 0 })
                .sum(),
        );
    }
    let files = exporter.finish().unwrap().files;
    let data: Vec<(&str, u64)> = files
        .iter()
        .filter(|file| file.path.starts_with("data/"))
        .map(|file| (file.path.as_str(), file.rows))
        .collect();
    let expected = [
        ("data/train-00000-of-00003.parquet", 3),
        ("data/train-00001-of-00003.parquet", 3),
        ("data/train-00002-of-00003.parquet", 1),
    ];
    assert_eq!(data, expected);
    // Each row group is a single pair here, so memory does not grow.
    assert!(largest < 90 << 20, "{largest}");
}

#[test]
fn csv_has_no_formulas_and_no_images() {
    let (files, exported) = exported(options(Format::Csv, Packing::Folder), some());
    assert_eq!(exported.files.len(), 5);
    let text = &files["data/train-00000-of-00001.csv"];
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let headers = reader.headers().unwrap().clone();
    assert!(
        headers.iter().any(|name| name == "pickscore_uid")
            && !headers.iter().any(|name| name.starts_with("jpg"))
    );
    let caption = headers.iter().position(|name| name == "caption").unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 30);
    assert_eq!(&rows[2][caption], "'=HYPERLINK(\"x\")");
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '@', '\t', '\r'])), "{row:?}");
    }
}

#[test]
fn what_cannot_be_exported_is_left_out_by_name() {
    let good = record(1, 0, 1, Some(Label::Left));
    let future = Record { uid: "future".into(), created_at: NOW + 10_000_000_000, ..record(2, 0, 1, None) };
    let lost = Record { uid: "lost".into(), ..record(3, 0, 900, None) };
    let twin = Record { uid: "twin".into(), ..good.clone() };
    let records = vec![good, future, lost, twin];
    let exporter = Exporter::new(options(Format::Parquet, Packing::Zip), records.clone(), &sizes()).unwrap();
    let left_out: Vec<(&str, &str)> =
        exporter.left_out().iter().map(|(uid, reason)| (uid.as_str(), reason.as_str())).collect();
    assert_eq!(left_out.iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), ["future", "lost", "twin"]);
    assert!(left_out[0].1.contains("`created_at`") && left_out[1].1.contains("is missing"), "{left_out:?}");
    assert_eq!(left_out[2].1, "it duplicates an earlier record");
    assert_eq!(exporter.steps(), 1);
    let nothing = Exporter::new(options(Format::Parquet, Packing::Zip), records[1..2].to_vec(), &sizes());
    assert!(matches!(nothing, Err(ExportError::Empty)));
}

#[test]
fn other_images_than_asked_for_are_refused() {
    let mut exporter =
        Exporter::new(options(Format::Parquet, Packing::Zip), vec![record(1, 0, 1, None)], &sizes()).unwrap();
    let said = exporter.give(vec![image(0), image(2)]).unwrap_err().to_string();
    assert!(said.contains("does not match its uid") && said.contains(&image_uid(&image(1))), "{said}");
    assert!(matches!(exporter.finish(), Err(ExportError::Order { .. })));
    assert!(matches!(exporter.give(vec![image(0)]), Err(ExportError::Order { .. })));
    exporter.give(vec![image(0), image(1)]).unwrap();
    exporter.finish().unwrap();
}

#[test]
fn cards_are_checked_by_field() {
    let wrong = |change: &dyn Fn(&mut Card)| {
        let mut options = options(Format::Csv, Packing::Folder);
        change(&mut options.card);
        Exporter::new(options, vec![record(1, 0, 1, None)], &BTreeMap::new()).unwrap_err().to_string()
    };
    assert!(wrong(&|card| card.title = "two\nlines".into()).starts_with("`title`"));
    assert!(wrong(&|card| card.title = " ".into()).starts_with("`title`"));
    assert!(wrong(&|card| card.license = "CC0; rm".into()).starts_with("`license`"));
    assert!(wrong(&|card| card.consent.text = "\n".into()).starts_with("`consent.text`"));
    assert!(wrong(&|card| card.consent.version = String::new()).starts_with("`consent.version`"));
    assert!(wrong(&|card| card.description = Some("x".repeat(70_000))).starts_with("`description`"));
    assert!(wrong(&|card| card.languages = vec!["english".into()]).starts_with("`languages`"));
}

mod hostile {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};

    /// The row of a record, from an export.
    fn rows(records: Vec<Record>) -> Vec<serde_json::Value> {
        let (files, _) = exported(options(Format::JsonLines, Packing::Folder), records);
        let text = String::from_utf8(files["data/train-00000-of-00001.jsonl"].clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn three() -> Vec<Record> {
        (0..3).map(|at| record(at, at, at + 1, Some(Label::Left))).collect()
    }

    /// Imports JSON Lines of three rows whose second was changed, with their images.
    fn changed(change: &dyn Fn(&mut serde_json::Value)) -> Imported {
        let (files, _) = exported(options(Format::JsonLines, Packing::Folder), three());
        let mut rows = rows(three());
        change(&mut rows[1]);
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let mut files: Vec<(&str, &[u8])> = files
            .iter()
            .filter(|(path, _)| path.starts_with("images/"))
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
            .collect();
        files.push(("data/train-00000-of-00001.jsonl", text.as_bytes()));
        imported(&files)
    }

    /// The second row is refused with this message and column; the others are imported.
    fn refused(column: &str, said: &str, change: &dyn Fn(&mut serde_json::Value)) {
        let found = changed(change);
        assert_eq!(found.records, [three().remove(0), three().remove(2)], "{column}: {:?}", found.said());
        let [refusal] = &found.refused[..] else { panic!("{column}: {:?}", found.said()) };
        assert_eq!((refusal.row, refusal.column.as_deref()), (Some(1), Some(column)), "{}", refusal.message);
        assert!(refusal.message.contains(said), "{}; expected {said}", refusal.message);
        assert!(refusal.message.contains("data/train-00000-of-00001.jsonl"), "{}", refusal.message);
    }

    #[test]
    fn wrong_types_in_json() {
        refused("caption", "has 5 in row 1; expected a text", &|row| row["caption"] = 5.into());
        refused("label_0", "expected a number", &|row| row["label_0"] = "1".into());
        refused("are_different", "expected true or false", &|row| row["are_different"] = 1.into());
        refused("created_at", "expected a time", &|row| row["created_at"] = 5.into());
        refused("num_example_per_prompt", "1 or more", &|row| row["num_example_per_prompt"] = 0.into());
        refused("pickscore_record_version", "expected a whole number", &|row| {
            row["pickscore_record_version"] = 1.5.into()
        });
        refused("pickscore_scores_visible", "true or false", &|row| {
            row["pickscore_scores_visible"] = "no".into()
        });
        refused("pickscore_seconds", "a number", &|row| row["pickscore_seconds"] = "1".into());
    }

    #[test]
    fn labels_that_do_not_sum_to_one() {
        refused("label_1", "1 beside 1", &|row| row["label_1"] = 1.0.into());
        refused("label_0", "0.3 beside 0", &|row| row["label_0"] = 0.3.into());
        refused("label_0", "nothing", &|row| row["label_0"] = serde_json::Value::Null);
    }

    #[test]
    fn labels_beside_another_best_image() {
        refused("best_image_uid", "as the labels say", &|row| {
            row["best_image_uid"] = row["image_1_uid"].clone()
        });
        refused("are_different", "since the images differ", &|row| row["are_different"] = false.into());
    }

    #[test]
    fn clocks_in_the_future() {
        refused("created_at", "expected a time that is not in the future", &|row| {
            row["created_at"] = "2030-01-01T00:00:00.000Z".into()
        });
        refused("created_at", "whole milliseconds", &|row| {
            row["created_at"] = "2020-01-01T00:00:00.0001Z".into()
        });
    }

    #[test]
    fn prompts_of_a_megabyte() {
        refused("caption", "a text of 1048576 bytes in row 1; expected at most 16384", &|row| {
            row["caption"] = "x".repeat(1 << 20).into()
        });
        refused("caption", "2097152 bytes in row 1; expected at most 1048576", &|row| {
            row["caption"] = "x".repeat(2 << 20).into()
        });
    }

    #[test]
    fn a_version_to_come() {
        refused("pickscore_record_version", "has 2 in row 1; expected 1 to 1", &|row| {
            row["pickscore_record_version"] = 2.into()
        });
    }

    #[test]
    fn a_row_of_plain_pick_a_pic() {
        refused("pickscore_record_version", "pickscore merge", &|row| {
            row["pickscore_record_version"] = serde_json::Value::Null
        });
    }

    #[test]
    fn an_image_path_that_climbs_out() {
        for path in ["../../etc/passwd", "/etc/passwd", "images/../images/x.png", "", "C:\\x.png"] {
            refused("pickscore_file_0", "is not a file of the contribution", &|row| {
                row["pickscore_file_0"] = path.into()
            });
        }
    }

    #[test]
    fn an_image_with_another_hash() {
        refused("pickscore_file_1", "whose SHA-256 is", &|row| {
            row["pickscore_file_1"] = row["pickscore_file_0"].clone()
        });
    }

    #[test]
    fn lines_that_are_no_objects() {
        for line in ["{", "[]", "null", "\u{fffd}", "{\"caption\": 1e999}"] {
            let text = format!("{}\n{line}\n\n{}", rows(three())[0], rows(three())[2]);
            let (files, _) = exported(options(Format::JsonLines, Packing::Folder), three());
            let mut files: Vec<(&str, &[u8])> = files
                .iter()
                .filter(|(path, _)| path.starts_with("images/"))
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
                .collect();
            files.push(("data/a.jsonl", text.as_bytes()));
            let found = imported(&files);
            assert_eq!(found.records, [three().remove(0), three().remove(2)]);
            assert_eq!(
                (found.refused.len(), found.refused[0].row),
                (1, Some(1)),
                "{line}: {:?}",
                found.said()
            );
            assert!(
                found.said()[0].contains("row 1 of data/a.jsonl is not a JSON object"),
                "{:?}",
                found.said()
            );
        }
    }

    #[test]
    fn a_line_of_many_megabytes() {
        let text = format!("{{\"caption\": \"{}\"}}\n{}", "x".repeat(9 << 20), rows(three())[0]);
        let (files, _) = exported(options(Format::JsonLines, Packing::Folder), three());
        let mut files: Vec<(&str, &[u8])> = files
            .iter()
            .filter(|(path, _)| path.starts_with("images/"))
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
            .collect();
        files.push(("data/a.jsonl", text.as_bytes()));
        let found = imported(&files);
        assert_eq!(found.records, [three().remove(0)]);
        assert_eq!(found.refused.len(), 1, "{:?}", found.said());
        assert!(found.said()[0].contains("expected at most 4194304"), "{:?}", found.said());
    }

    /// A Parquet file of rows, which may be invalid.
    fn parquet(change: &dyn Fn(&mut Row)) -> Vec<u8> {
        let mut writer =
            Writer::create(Vec::new(), WriteOptions { collected: true, ..WriteOptions::default() }).unwrap();
        for (at, record) in three().into_iter().enumerate() {
            let mut row = Row {
                caption: record.prompt.clone(),
                images: [&record.left, &record.right].map(|shown| pickscore_dataset::RowImage {
                    uid: shown.image_uid.clone(),
                    url: String::new(),
                    model: String::new(),
                    bytes: images()[&shown.image_uid].clone(),
                }),
                label: Some([1.0, 0.0]),
                best_image_uid: record.left.image_uid.clone(),
                are_different: true,
                created_at: record.created_at * 1_000_000,
                ranking_id: 1,
                user_id: 1,
                num_example_per_prompt: 3,
                index: 0,
                kind: None,
                collected: Some(Collected {
                    record_version: 1,
                    uid: record.uid.clone(),
                    session_uid: "session".into(),
                    rater_uid: "rater".into(),
                    side_0: "left".into(),
                    mode: "all-pairs".into(),
                    app_version: "0.1.0".into(),
                    ..Collected::default()
                }),
            };
            if at == 1 {
                change(&mut row);
            }
            writer.write(&row).unwrap();
        }
        writer.finish().unwrap()
    }

    fn refused_in_parquet(column: &str, said: &str, change: &dyn Fn(&mut Row)) {
        let found = imported(&[("a.parquet", &parquet(change))]);
        assert_eq!(found.records, [three().remove(0), three().remove(2)], "{:?}", found.said());
        let [refusal] = &found.refused[..] else { panic!("{:?}", found.said()) };
        assert_eq!((refusal.row, refusal.column.as_deref()), (Some(1), Some(column)), "{}", refusal.message);
        assert!(refusal.message.contains(said), "{}; expected {said}", refusal.message);
    }

    #[test]
    fn the_row_of_these_tests_is_sound() {
        let found = imported(&[("a.parquet", &parquet(&|_| {}))]);
        assert_eq!((found.records, found.refused), (three(), Vec::new()));
        // Image 0 may have been on the right.
        let swapped = imported(&[(
            "a.parquet",
            &parquet(&|row| {
                row.images.swap(0, 1);
                row.label = Some([0.0, 1.0]);
                row.collected.as_mut().unwrap().side_0 = "right".into();
            }),
        )]);
        assert_eq!((swapped.records, swapped.refused), (three(), Vec::new()));
        assert_eq!(swapped.images[1], [Some(image(1)), Some(image(2))]);
    }

    #[test]
    fn bad_values_in_parquet() {
        let ours = |change: fn(&mut Collected)| move |row: &mut Row| change(row.collected.as_mut().unwrap());
        refused_in_parquet("caption", "a text of 100000 bytes", &|row| row.caption = "x".repeat(100_000));
        refused_in_parquet("jpg_1", "whose SHA-256 is", &|row| row.images[1].bytes = vec![1, 2, 3]);
        refused_in_parquet("image_1_uid", "64 hexadecimal digits", &|row| row.images[1].uid = "x".into());
        refused_in_parquet("created_at", "a time that is not in the future", &|row| {
            row.created_at = i64::MAX / 1_000_000 * 1_000_000
        });
        refused_in_parquet("created_at", "whole milliseconds", &|row| row.created_at += 1);
        refused_in_parquet("best_image_uid", "as the labels say", &|row| row.best_image_uid = "tie".into());
        refused_in_parquet(
            "pickscore_uid",
            "expected 1 to 64 letters",
            &ours(|ours| ours.uid = "a/b".into()),
        );
        refused_in_parquet(
            "pickscore_side_0",
            "expected \"left\" or \"right\"",
            &ours(|ours| ours.side_0 = "top".into()),
        );
        refused_in_parquet(
            "pickscore_mode",
            "expected \"winner-stays\"",
            &ours(|ours| ours.mode = String::new()),
        );
        refused_in_parquet(
            "pickscore_control",
            "expected \"image_0\"",
            &ours(|ours| ours.control = Some("2".into())),
        );
        refused_in_parquet("pickscore_seconds", "expected", &ours(|ours| ours.seconds = Some(f64::INFINITY)));
        refused_in_parquet("pickscore_score_0", "expected", &ours(|ours| ours.scores[0] = Some(1.0)));
        refused_in_parquet(
            "pickscore_scorer_version",
            "nothing",
            &ours(|ours| ours.scorer = Some("x".into())),
        );
        refused_in_parquet("pickscore_retest_of", "in mode", &ours(|ours| ours.retest_of = Some("r".into())));
        refused_in_parquet(
            "pickscore_record_version",
            "has 9 in row 1",
            &ours(|ours| ours.record_version = 9),
        );
    }

    #[test]
    fn columns_of_other_types() {
        use parquet::{
            data_type::{ByteArray, ByteArrayType, Int64Type},
            file::{properties::WriterProperties, writer::SerializedFileWriter},
            schema::parser::parse_message_type,
        };
        let schema = "message schema { REQUIRED BYTE_ARRAY caption (UTF8); REQUIRED INT64 jpg_0; REQUIRED BYTE_ARRAY jpg_1;
            REQUIRED INT64 label_0; REQUIRED INT64 label_1; REQUIRED INT64 num_example_per_prompt; }";
        let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
        let properties = std::sync::Arc::new(WriterProperties::builder().build());
        let mut file = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
        let mut group = file.next_row_group().unwrap();
        for column in 0..6 {
            let mut writer = group.next_column().unwrap().unwrap();
            if column == 0 || column == 2 {
                writer.typed::<ByteArrayType>().write_batch(&[ByteArray::from("x")], None, None).unwrap();
            } else {
                writer.typed::<Int64Type>().write_batch(&[1], None, None).unwrap();
            }
            writer.close().unwrap();
        }
        group.close().unwrap();
        let bad = file.into_inner().unwrap();
        let good = parquet(&|_| {});
        let found = imported(&[("bad.parquet", &bad), ("good.parquet", &good)]);
        assert_eq!(found.records, three());
        assert_eq!((found.refused.len(), found.refused[0].column.as_deref()), (1, Some("jpg_0")));
        assert_eq!(
            found.said()[0],
            "the column `jpg_0` of bad.parquet is int64; expected binary, or a struct with binary `bytes`"
        );
    }

    /// A zip with any paths, claimed sizes and compressions.
    struct Zip {
        bytes: Vec<u8>,
        directory: Vec<u8>,
        count: u16,
    }

    impl Zip {
        fn new() -> Self {
            Self { bytes: Vec::new(), directory: Vec::new(), count: 0 }
        }

        fn file(mut self, path: &str, data: &[u8], method: u16, claimed: u32) -> Self {
            let offset = self.bytes.len() as u32;
            let mut common = Vec::new();
            common.extend([20_u16, 0, method, 0, 0x21].iter().flat_map(|x| x.to_le_bytes()));
            common.extend(
                [crc32fast::hash(data), data.len() as u32, claimed].iter().flat_map(|x| x.to_le_bytes()),
            );
            common.extend([path.len() as u16, 0].iter().flat_map(|x| x.to_le_bytes()));
            self.bytes.extend(b"PK\x03\x04");
            self.bytes.extend(&common);
            self.bytes.extend(path.as_bytes());
            self.bytes.extend(data);
            self.directory.extend(b"PK\x01\x02\x14\0");
            self.directory.extend(&common);
            self.directory.extend([0_u16; 3].iter().flat_map(|x| x.to_le_bytes()));
            self.directory.extend(0_u32.to_le_bytes());
            self.directory.extend(offset.to_le_bytes());
            self.directory.extend(path.as_bytes());
            self.count += 1;
            self
        }

        fn stored(self, path: &str, data: &[u8]) -> Self {
            self.file(path, data, 0, data.len() as u32)
        }

        fn deflated(self, path: &str, data: &[u8], claimed: u32) -> Self {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(data).unwrap();
            self.file(path, &encoder.finish().unwrap(), 8, claimed)
        }

        fn finish(self) -> Vec<u8> {
            let (start, length) = (self.bytes.len() as u32, self.directory.len() as u32);
            let mut bytes = [self.bytes, self.directory].concat();
            bytes.extend(b"PK\x05\x06\0\0\0\0");
            bytes.extend([self.count, self.count].iter().flat_map(|x| x.to_le_bytes()));
            bytes.extend([length, start].iter().flat_map(|x| x.to_le_bytes()));
            bytes.extend([0, 0]);
            bytes
        }
    }

    #[test]
    fn a_zip_packed_once_more_is_read() {
        for format in [Format::Parquet, Format::JsonLines] {
            let (files, _) = exported(options(format, Packing::Folder), some());
            let zip = files.iter().fold(Zip::new(), |zip, (path, bytes)| {
                zip.deflated(&format!("my folder/{path}"), bytes, bytes.len() as u32)
            });
            let found = imported(&[("c.zip", &zip.finish())]);
            assert_eq!((found.records, found.refused), (some(), Vec::new()), "{format:?}");
        }
    }

    #[test]
    fn zip_paths_that_climb_out() {
        let good = parquet(&|_| {});
        let paths = [
            "../a.parquet",
            "/a.parquet",
            "data/../../a.parquet",
            "C:\\a.parquet",
            "data\\..\\a.parquet",
            "..",
            "a\0.parquet",
        ];
        let zip = paths
            .iter()
            .fold(Zip::new(), |zip, path| zip.stored(path, &good))
            .stored("data/good.parquet", &good);
        let found = imported(&[("c.zip", &zip.finish())]);
        assert_eq!(found.records, three());
        assert_eq!(found.refused.len(), paths.len(), "{:?}", found.said());
        assert!(found.said().iter().all(|said| said.contains("leads out of the zip")), "{:?}", found.said());
        assert!(found.refused[0].file == "c.zip/../a.parquet");
    }

    #[test]
    fn zip_paths_that_repeat() {
        let (good, other) = (parquet(&|_| {}), parquet(&|row| row.caption = "another".into()));
        let found = imported(&[(
            "c.zip",
            &Zip::new().stored("data/a.parquet", &good).stored("data/a.parquet", &other).finish(),
        )]);
        assert_eq!(found.records, three());
        assert_eq!(found.said(), ["c.zip/data/a.parquet occurs twice; the first is used"]);
    }

    #[test]
    fn zip_bombs() {
        let good = parquet(&|_| {});
        // Longer than claimed.
        let zeros = vec![0; 64 << 20];
        let zip = Zip::new()
            .deflated("data/a.parquet", &zeros, 1000)
            .deflated("data/b.jsonl", &zeros, 1000)
            .stored("data/c.parquet", &good);
        let found = imported(&[("c.zip", &zip.finish())]);
        assert_eq!(found.records, three());
        assert_eq!(found.refused.len(), 2);
        assert!(
            found.said().iter().all(|said| said.contains("unpacks to more than the 1000 bytes")),
            "{:?}",
            found.said()
        );
        // Shorter than claimed, and a claim that is too large for memory.
        let zip = Zip::new()
            .deflated("data/a.parquet", &zeros, 100 << 20)
            .deflated("data/b.parquet", &zeros, u32::MAX - 1)
            .stored("data/c.parquet", &good);
        let found = imported(&[("c.zip", &zip.finish())]);
        assert_eq!(found.records, three());
        assert!(found.said()[0].contains("expected the 104857600 that it claims"), "{:?}", found.said());
        assert!(
            found.said()[1].contains("claims 4294967294 bytes when unpacked; expected at most 268435456"),
            "{:?}",
            found.said()
        );
    }

    #[test]
    fn a_claim_of_gigabytes() {
        let good = parquet(&|_| {});
        let zip = Zip::new()
            .file("data/a.parquet", &good, 0, u32::MAX - 5)
            .stored("data/b.parquet", &good)
            .finish();
        let found = imported(&[("c.zip", &zip)]);
        assert_eq!(found.records, three());
        assert!(found.said()[0].contains("claims 4294967290 bytes and is stored in"), "{:?}", found.said());
        // An invalid file of 10 GB: only its end is requested.
        let mut importer = Importer::new(
            vec![("big.parquet".into(), 10 << 30), ("good.parquet".into(), good.len() as u64)],
            NOW,
        );
        let (mut records, mut asked) = (0, 0);
        loop {
            match importer.step() {
                ImportStep::Need { file: 0, length, .. } => {
                    asked += length;
                    importer.give(vec![0; length as usize]);
                }
                ImportStep::Need { start, length, .. } => {
                    importer.give(good[start as usize..(start + length) as usize].to_vec())
                }
                ImportStep::Record(..) => records += 1,
                ImportStep::Done => break,
            }
        }
        assert!((records, importer.refused_count()) == (3, 1) && asked < 1 << 20, "{records} {asked}");
        assert!(importer.refused()[0].message.contains("big.parquet"));
    }

    #[test]
    fn encrypted_and_strange_methods() {
        let good = parquet(&|_| {});
        let zip =
            Zip::new().file("data/a.parquet", &good, 12, good.len() as u32).stored("data/b.parquet", &good);
        let found = imported(&[("c.zip", &zip.finish())]);
        assert_eq!(found.records, three());
        assert!(found.said()[0].contains("has an unsupported compression"), "{:?}", found.said());
    }

    #[test]
    fn what_holds_no_contribution() {
        for (name, bytes, said) in [
            ("a.zip", &b"not a zip at all"[..], "a.zip cannot be read: it is not a zip"),
            ("a.zip", &[][..], "a.zip cannot be read: it is not a zip"),
            ("a.parquet", &b"not a table"[..], "a.parquet cannot be read as Parquet"),
            ("a.txt", &b"words"[..], "a.txt contains no contribution"),
        ] {
            let found = imported(&[(name, bytes)]);
            assert_eq!(found.records.len(), 0);
            assert!(found.said().len() == 1 && found.said()[0].starts_with(said), "{:?}", found.said());
        }
        let empty = Zip::new().stored("holiday.txt", b"words").finish();
        assert!(imported(&[("a.zip", &empty)]).said()[0].starts_with("a.zip contains no contribution"));
        assert!(imported(&[]).said()[0].contains("contains no contribution"));
    }

    #[test]
    fn manifests_of_other_programs_and_times() {
        let good = parquet(&|_| {});
        for (manifest, said) in [
            (
                r#"{"format": "pickscore-contribution", "version": 2}"#,
                ": `version` is 2; this program reads version 1",
            ),
            (
                r#"{"format": "other", "version": 1}"#,
                ": `format` is \"other\"; expected \"pickscore-contribution\"",
            ),
            ("[", "it is not a manifest"),
            (
                r#"{"format": "pickscore-contribution", "version": 1, "files": [{"path": "../x", "bytes": 1, "sha256": ""}]}"#,
                "names the file \"../x\"; expected a path within the contribution",
            ),
        ] {
            let zip = Zip::new()
                .stored("a/contribution.json", manifest.as_bytes())
                .stored("a/data/a.parquet", &good);
            let zip = zip.stored("b/data/b.parquet", &good).finish();
            let found = imported(&[("c.zip", &zip)]);
            // Other contributions are read.
            assert_eq!(found.records, three());
            assert!(found.said().len() == 1 && found.said()[0].contains(said), "{:?}", found.said());
            assert_eq!(found.refused[0].file, "c.zip/a/contribution.json");
        }
    }

    /// A contribution whose files were changed after the checksums were computed: in a folder, in a
    /// zip, and in a compressed zip.
    fn tampered(format: Format, change: &dyn Fn(&mut Files)) -> Imported {
        let (mut files, _) = exported(options(format, Packing::Folder), some());
        change(&mut files);
        let found = imported_files(&files);
        let stored = files.iter().fold(Zip::new(), |zip, (path, bytes)| zip.stored(path, bytes)).finish();
        let packed = files.iter().fold(Zip::new(), |zip, (path, bytes)| {
            zip.deflated(&format!("my folder/{path}"), bytes, bytes.len() as u32)
        });
        for zip in [stored, packed.finish()] {
            let zipped = imported(&[("c.zip", &zip)]);
            assert_eq!(zipped.records, found.records);
            assert_eq!(zipped.refused.len(), found.refused.len(), "{:?}", zipped.said());
            for (one, other) in zipped.refused.iter().zip(&found.refused) {
                assert!(one.file.ends_with(&other.file), "{one:?} {other:?}");
            }
        }
        found
    }

    const DATA: &str = "data/train-00000-of-00001";

    #[test]
    fn a_file_with_another_sum() {
        for (format, ending) in [(Format::Parquet, "parquet"), (Format::JsonLines, "jsonl")] {
            let path = format!("{DATA}.{ending}");
            let found = tampered(format, &|files| {
                // A change that keeps the file readable: another letter in a prompt.
                let bytes = files.get_mut(&path).unwrap();
                let at = bytes.windows(5).position(|window| window == b"a fox").unwrap();
                bytes[at] = b'A';
            });
            assert_eq!((found.records.len(), found.refused.len()), (0, 1), "{:?}", found.said());
            assert_eq!(found.refused[0].file, path);
            assert!(
                found.said()[0].contains("SHA-256") && found.said()[0].contains("SHA256SUMS says"),
                "{:?}",
                found.said()
            );
        }
    }

    #[test]
    fn a_card_a_manifest_or_an_image_with_another_sum() {
        let found = tampered(Format::Parquet, &|files| files.get_mut("README.md").unwrap().push(b'!'));
        assert_eq!((found.records, found.refused.len()), (some(), 1));
        assert_eq!(found.refused[0].file, "README.md");
        let found =
            tampered(Format::Parquet, &|files| files.get_mut("contribution.json").unwrap().push(b' '));
        assert_eq!((found.records, found.refused.len()), (some(), 1));
        assert_eq!(found.refused[0].file, "contribution.json");
        // A damaged image only refuses its own rows.
        let uid = &some()[0].left.image_uid;
        let found = tampered(Format::JsonLines, &|files| {
            let path = files.keys().find(|path| path.contains(uid.as_str())).unwrap().clone();
            files.get_mut(&path).unwrap().push(0);
        });
        let shows = |record: &Record| record.left.image_uid == *uid || record.right.image_uid == *uid;
        assert_eq!(found.records, some().into_iter().filter(|record| !shows(record)).collect::<Vec<_>>());
        assert!(found.said().iter().all(|said| said.contains("whose SHA-256 is")), "{:?}", found.said());
    }

    #[test]
    fn a_manifest_is_compared_where_there_are_no_sums() {
        let path = format!("{DATA}.jsonl");
        let found = tampered(Format::JsonLines, &|files| {
            files.remove("SHA256SUMS");
            files.get_mut(&path).unwrap().push(b'\n');
        });
        assert_eq!((found.records.len(), found.refused.len()), (0, 1), "{:?}", found.said());
        assert!(found.said()[0].contains("contribution.json says"), "{:?}", found.said());
    }

    #[test]
    fn sums_that_are_none_and_files_that_are_not_there() {
        let found = tampered(Format::Parquet, &|files| {
            files.insert("SHA256SUMS".into(), b"hello\n".to_vec());
        });
        assert_eq!((found.records, found.refused.len()), (some(), 1));
        assert_eq!(found.refused[0].message, "SHA256SUMS: line 1 is not a checksum and a path");
        let found = tampered(Format::Parquet, &|files| drop(files.remove("croissant.json")));
        assert_eq!((found.records, found.refused.len()), (some(), 1));
        assert_eq!(found.refused[0].message, "croissant.json is missing; SHA256SUMS lists it");
        // No bytes of empty files are requested.
        let found = tampered(Format::Parquet, &|files| {
            for path in ["README.md", "contribution.json", "SHA256SUMS"] {
                files.insert(path.into(), Vec::new());
            }
        });
        assert_eq!((found.records.len(), found.refused.len()), (0, 1));
        assert!(found.said()[0].starts_with("contribution.json: it is not a manifest"), "{:?}", found.said());
        // A missing file does not affect the others.
        let (files, _) = exported(options(Format::Parquet, Packing::Folder), some());
        let more = parquet(&|_| {});
        let mut named: Vec<(&str, &[u8])> =
            files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        named.push(("other.parquet", &more));
        assert_eq!(imported(&named).records.len(), some().len() + 3);
    }

    #[test]
    fn files_that_become_shorter_or_cannot_be_read() {
        let good = parquet(&|_| {});
        let lengths =
            vec![("a.parquet".to_owned(), good.len() as u64), ("b.parquet".to_owned(), good.len() as u64)];
        for gone in [true, false] {
            let mut importer = Importer::new(lengths.clone(), NOW);
            let mut records = 0;
            loop {
                match importer.step() {
                    ImportStep::Need { file: 0, .. } if gone => importer.give_up("it is gone"),
                    ImportStep::Need { file: 0, .. } => importer.give(vec![1, 2, 3]),
                    ImportStep::Need { start, length, .. } => {
                        importer.give(good[start as usize..(start + length) as usize].to_vec())
                    }
                    ImportStep::Record(..) => records += 1,
                    ImportStep::Done => break,
                }
            }
            assert_eq!((records, importer.refused_count()), (3, 1));
            assert!(
                importer.refused()[0].message.starts_with("a.parquet cannot be read: it "),
                "{}",
                importer.refused()[0]
            );
        }
    }
}

/// For `cargo xtask readers`: contributions for other programs to read.
#[test]
#[ignore = "cargo xtask readers calls it, with the folder"]
fn contributions_for_readers() {
    let folder = PathBuf::from(std::env::var_os("PICKSCORE_READERS").unwrap()).join("contributions");
    for format in [Format::Parquet, Format::JsonLines, Format::Csv] {
        let (files, _) = exported(options(format, Packing::Folder), some());
        for (path, bytes) in files {
            let path = folder.join(format.name()).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let (files, _) = exported(options(format, Packing::Zip), some());
        fs::write(folder.join(format!("{}.zip", format.name())), &files["zip"]).unwrap();
    }
    let records: Vec<serde_json::Value> = some().iter().map(Record::to_json).collect();
    fs::write(folder.join("records.json"), serde_json::to_vec(&records).unwrap()).unwrap();
}
