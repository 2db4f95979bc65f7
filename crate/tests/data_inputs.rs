//! The input of `pickscore score --data`: keys of rows, text files, types of columns.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "common/contributions.rs"]
mod contributions;
#[path = "common/workplace.rs"]
mod workplace;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use ::parquet::{
    data_type::{
        ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
    },
    file::{
        properties::{EnabledStatistics, WriterProperties},
        reader::{FileReader as _, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    schema::parser::parse_message_type,
};
use common::image;
use contributions::{parquet, plain, showing};
use serde_json::{Value, json};
use workplace::{Workplace, files, reference, said, scores};

type Group<'a> = ::parquet::file::writer::SerializedRowGroupWriter<'a, fs::File>;

/// Writes a file of one row group: the fields of its schema, and what writes its columns.
fn written(path: &Path, fields: &str, statistics: EnabledStatistics, write: &dyn Fn(&mut Group<'_>)) {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {fields} }}")).unwrap());
    let properties = WriterProperties::builder().set_statistics_enabled(statistics).build();
    let file = fs::File::create(path).unwrap();
    let mut file = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = file.next_row_group().unwrap();
    write(&mut group);
    group.close().unwrap();
    file.close().unwrap();
}

fn column<T: DataType>(group: &mut Group<'_>, values: &[T::T]) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, None, None).unwrap();
    column.close().unwrap();
}

/// The columns `caption` and `image`.
const FIELDS: &str = "required binary caption (UTF8); required binary image;";

fn rows(group: &mut Group<'_>, count: usize) {
    let photo = fs::read(image("photo.png")).unwrap();
    column::<ByteArrayType>(group, &vec![ByteArray::from("a fox"); count]);
    column::<ByteArrayType>(group, &vec![ByteArray::from(photo); count]);
}

fn evaluate(data: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(["evaluate", "--format", "json", "--resamples", "20", "--data"]).arg(data);
    command.args(more).output().unwrap()
}

/// Numbers of 64 bits without a sign that no `ranking_id` can have.
#[test]
fn a_ranking_id_does_not_wrap_around() {
    let workplace = Workplace::new();
    let fields = format!("required int64 ranking_id (INTEGER(64, false)); {FIELDS}");
    let table = |name: &str, ids: [u64; 2], statistics| {
        let path = workplace.path(name);
        written(&path, &fields, statistics, &|group| {
            column::<Int64Type>(group, &ids.map(|id| id as i64));
            rows(group, 2);
        });
        path
    };
    let keys = |out: &str| -> Vec<(String, i64)> { scores(&workplace.path(out)).into_keys().collect() };
    let key = |file: &str, row| (file.to_owned(), row);
    let large = table("large.parquet", [7, u64::MAX], EnabledStatistics::Chunk);
    let output = workplace.command(&["one"], &[&large], "large", &[]).output().unwrap();
    let message =
        "large.parquet: the column ranking_id is ignored, because it has numbers above 9223372036854775807";
    assert!(said(&output).contains(message), "{}", said(&output));
    assert_eq!(keys("large"), [key("large.parquet", 0), key("large.parquet", 1)]);
    let small = table("small.parquet", [7, 8], EnabledStatistics::Chunk);
    workplace.json(&["one"], &[&small], "small", &[]);
    assert_eq!(keys("small"), [key("", 7), key("", 8)]);
    // Without statistics, it shows when the row is read.
    let unknown = table("unknown.parquet", [7, u64::MAX], EnabledStatistics::None);
    workplace.json(&["one"], &[&unknown], "unknown", &[]);
    assert_eq!(keys("unknown"), [key("", 7), key("unknown.parquet", 1)]);
}

#[test]
fn a_ranking_id_that_is_no_number_is_said_to_be_ignored() {
    let workplace = Workplace::new();
    workplace.image("photo.png", "photo.png");
    let floats = workplace.path("floats.parquet");
    let fields = format!("required double ranking_id; {FIELDS}");
    written(&floats, &fields, EnabledStatistics::Chunk, &|group| {
        column::<DoubleType>(group, &[1.5, 2.0]);
        rows(group, 2);
    });
    let csv =
        workplace.write("texts.csv", "ranking_id,caption,image\n1,a fox,photo.png\nx,a fox,photo.png\n");
    let line = r#"{"ranking_id": "a", "caption": "a fox", "image": "photo.png"}"#;
    let jsonl = workplace.write("texts.jsonl", format!("{line}\n{line}\n"));
    for (table, found) in [(floats, "decimal numbers"), (csv, "`x`"), (jsonl, "`a`")] {
        let name = table.file_name().unwrap().to_str().unwrap();
        let out = format!("out-{name}");
        let output = workplace.command(&["one"], &[&table], &out, &[]).output().unwrap();
        let expected = format!("{name}: the column ranking_id is ignored, because it has {found}; ");
        assert!(said(&output).contains(&expected), "{}", said(&output));
        let keys: Vec<_> = scores(&workplace.path(&out)).into_keys().collect();
        assert_eq!(keys, [(name.to_owned(), 0), (name.to_owned(), 1)]);
    }
}

#[test]
fn tables_with_different_keys_are_refused() {
    let workplace = Workplace::new();
    workplace.image("photo.png", "photo.png");
    let with = workplace.write("data/a.csv", "ranking_id,caption,image\n1,a fox,photo.png\n");
    workplace.write("data/b.csv", "caption,image\na fox,photo.png\n");
    let said = workplace.complaint(&[&workplace.path("data")], "out", &[], 1);
    assert!(said.contains("a.csv has the column `ranking_id` and"), "{said}");
    assert!(said.contains("b.csv does not"), "{said}");
    // A file without rows has no keys.
    workplace.write("data/b.csv", "caption,image\n");
    fs::copy(workplace.path("photo.png"), workplace.path("data/photo.png")).unwrap();
    assert_eq!(workplace.json(&["one"], &[&workplace.path("data")], "out", &[])["scored"], 1);
    assert_eq!(workplace.json(&["one"], &[&with], "out", &[])["scored"], 0);
}

/// Rows of a damaged page keep their numbers, and rows without one have their place instead.
#[test]
fn damaged_rows_have_a_key() {
    let workplace = Workplace::new();
    let path = workplace.path("data.parquet");
    let fields = "optional int64 ranking_id; required binary caption (UTF8); required binary image;";
    written(&path, fields, EnabledStatistics::Chunk, &|group| {
        let mut ids = group.next_column().unwrap().unwrap();
        ids.typed::<Int64Type>().write_batch(&[10, 12], Some(&[1, 0, 1]), None).unwrap();
        ids.close().unwrap();
        rows(group, 3);
    });
    let file = SerializedFileReader::try_from(path.as_path()).unwrap();
    let column = file.metadata().row_group(0).column(2).clone();
    let offset = column.dictionary_page_offset().unwrap_or(column.data_page_offset()) as usize;
    let mut bytes = fs::read(&path).unwrap();
    bytes[offset..offset + 16].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let output = workplace.command(&["one"], &[&path], "out", &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let found = scores(&workplace.path("out"));
    let keys: Vec<_> = found.keys().map(|(file, row)| (file.as_str(), *row)).collect();
    assert_eq!(keys, [("", 10), ("", 12), ("data.parquet", 1)]);
    for reason in found.values().map(|scores| scores[0].as_ref().unwrap_err()) {
        assert_eq!(reason.matches("cannot be read").count(), 1, "{reason}");
    }
    // All rows of the file have a place, so that readers find the same columns in all of it.
    let name = files(&workplace.path("out")).remove(0);
    let file = SerializedFileReader::try_from(workplace.path("out").join(name).as_path()).unwrap();
    let schema = file.metadata().file_metadata().schema_descr();
    let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
    assert_eq!(names, ["ranking_id", "file", "row", "score", "error"]);
}

#[test]
fn text_files_are_read_as_editors_write_them() {
    let workplace = Workplace::new();
    workplace.image("photo.png", "photo.png");
    let line = r#"{"caption": "a fox", "image": "photo.png"}"#;
    let marked = workplace.write("marked.jsonl", format!("\u{feff}{line}\n{line}\n"));
    let answer = workplace.json(&["one"], &[&marked], "out", &[]);
    assert_eq!((&answer["rows"], &answer["failed"]), (&json!(2), &json!(0)));
    let empty = [workplace.write("empty.jsonl", ""), workplace.write("empty.csv", "")];
    let answer = workplace.json(&["one"], &[&empty[0], &empty[1], &marked], "out", &[]);
    assert_eq!((&answer["rows"], &answer["scored"]), (&json!(2), &json!(0)));
    assert_eq!(workplace.json(&["one"], &[&empty[1]], "empty", &[])["rows"], 0);
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let header = "caption,image\na fox,photo.png\n";
    for (name, content) in [
        ("wide.csv", wide(&format!("\u{feff}{header}"))),
        ("wide-without-mark.csv", wide(header)),
        ("wide.jsonl", wide(&format!("\u{feff}{line}\n"))),
    ] {
        let said = workplace.complaint(&[&workplace.write(name, content)], "none", &[], 1);
        assert!(said.ends_with(&format!("{name} cannot be read: the file is not UTF-8\n")), "{said}");
    }
    for (name, header, expected) in [
        ("semicolons.csv", "caption;image\n", "has semicolons between its columns; expected commas"),
        ("commas.tsv", "caption,image\n", "has commas between its columns; expected tabs"),
    ] {
        let said = workplace.complaint(&[&workplace.write(name, header)], "none", &[], 1);
        assert!(said.contains(expected), "{said}");
    }
    // What cannot be used leaves no folder behind.
    assert!(!workplace.path("none").exists());
}

#[test]
fn types_are_named_in_plain_words() {
    let workplace = Workplace::new();
    let table = |name: &str, fields: &str, write: &dyn Fn(&mut Group<'_>)| {
        let path = workplace.path(name);
        written(&path, fields, EnabledStatistics::Chunk, write);
        path
    };
    let numbers = table("numbers.parquet", "required int64 caption; required binary image;", &|group| {
        column::<Int64Type>(group, &[1]);
        column::<ByteArrayType>(group, &[ByteArray::from("x")]);
    });
    let said = workplace.complaint(&[&numbers], "out", &[], 1);
    assert!(said.contains("numbers.parquet is whole numbers; expected text"), "{said}");
    let bytes = table("bytes.parquet", "required binary caption; required binary image;", &|group| {
        column::<ByteArrayType>(group, &[ByteArray::from("x")]);
        column::<ByteArrayType>(group, &[ByteArray::from("x")]);
    });
    let said = workplace.complaint(&[&bytes], "out", &[], 1);
    assert!(said.contains("bytes.parquet is bytes; expected text"), "{said}");
    let fields = "required fixed_len_byte_array(1) caption; required binary jpg_0; required binary jpg_1; \
                  required double label_0;";
    let pairs = table("pairs.parquet", fields, &|group| {
        column::<FixedLenByteArrayType>(group, &[FixedLenByteArray::from(vec![b'x'])]);
        column::<ByteArrayType>(group, &[ByteArray::from("x")]);
        column::<ByteArrayType>(group, &[ByteArray::from("x")]);
        column::<DoubleType>(group, &[1.0]);
    });
    let output = evaluate(&pairs, &[]);
    assert!(workplace::said(&output).contains("pairs.parquet is binary of fixed length 1; expected string"));
    // Images of one length.
    let photo = fs::read(image("photo.png")).unwrap();
    let fields =
        format!("required binary caption (UTF8); required fixed_len_byte_array({}) image;", photo.len());
    let fixed = table("fixed.parquet", &fields, &|group| {
        column::<ByteArrayType>(group, &[ByteArray::from("a fox")]);
        column::<FixedLenByteArrayType>(group, &[FixedLenByteArray::from(photo.clone())]);
    });
    workplace.json(&["one"], &[&fixed], "fixed", &[]);
    let expected = reference(&workplace, "one", &[("a fox", image("photo.png"))]);
    assert_eq!(scores(&workplace.path("fixed"))[&("fixed.parquet".to_owned(), 0)], [Ok(expected[0])]);
}

#[test]
fn usage_is_said_in_a_line_that_fits() {
    let workplace = Workplace::new();
    let table = workplace.table("data.parquet", 1);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(["score", "--model"]).arg(workplace.path("one")).arg("--data").arg(&table);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let expected = "pickscore: --data needs a folder for the scores: \
                    pickscore score --model DIR --data FILE|DIR --out DIR\n";
    assert_eq!(said(&output), expected);
}

#[test]
fn rows_without_a_number_are_evaluated_by_their_place() {
    let workplace = Workplace::new();
    let path = workplace.path("pairs.parquet");
    let fields = "optional int64 ranking_id; required binary caption (UTF8); required binary jpg_0; \
                  required binary jpg_1; required double label_0;";
    let [photo, edges, noise] =
        ["photo.png", "edges.png", "noise.png"].map(|name| ByteArray::from(fs::read(image(name)).unwrap()));
    written(&path, fields, EnabledStatistics::Chunk, &|group| {
        let mut ids = group.next_column().unwrap().unwrap();
        ids.typed::<Int64Type>().write_batch(&[0, 5], Some(&[0, 1, 1]), None).unwrap();
        ids.close().unwrap();
        column::<ByteArrayType>(group, &["a fox", "a wolf", "a fox"].map(ByteArray::from));
        column::<ByteArrayType>(group, &[photo.clone(), noise.clone(), edges.clone()]);
        column::<ByteArrayType>(group, &[noise.clone(), edges.clone(), photo.clone()]);
        column::<DoubleType>(group, &[1.0, 0.0, 1.0]);
    });
    workplace.json(&["one"], &[&path], "out", &[]);
    let [out, model] = ["out", "one"].map(|name| workplace.path(name).display().to_string());
    let report = |more: &[&str]| -> Value {
        let output = evaluate(&path, more);
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(report(&["--scores", &out]), report(&["--model", &model, "--device", "cpu"]));
}

/// A folder whose files are named after another split.
#[test]
fn the_split_to_give_is_said() {
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("pairs")).unwrap();
    let pair = |number: i64| {
        let label = Some(if number % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] });
        let row = plain(1, "a fox", ["a", "b"], label, number);
        let row = showing(row, ["photo.png", "edges.png"].map(|name| fs::read(image(name)).unwrap()));
        pickscore::dataset::Row { ranking_id: number, ..row }
    };
    let table: PathBuf = workplace.path("pairs/train-0001.parquet");
    fs::write(&table, parquet(&(0..6).map(pair).collect::<Vec<_>>())).unwrap();
    workplace.json(&["one"], &[&workplace.path("pairs")], "out", &[]);
    let out = workplace.path("out").display().to_string();
    let output = evaluate(&workplace.path("pairs"), &["--scores", &out]);
    assert_eq!(output.status.code(), Some(1));
    let expected = "it has no split test, only train; give --split train";
    assert!(said(&output).contains(expected), "{}", said(&output));
    let output = evaluate(&workplace.path("pairs"), &["--scores", &out, "--split", "train"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success() && said(&output).is_empty(), "{} {report}", said(&output));
    // Other tables may lie beside the scores.
    fs::copy(&table, workplace.path("out/pairs.parquet")).unwrap();
    let output = evaluate(&table, &["--scores", &out]);
    assert!(output.status.success(), "{}", said(&output));
}
