//! Reads datasets of other programs, of PickScore, and damaged ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use pickscore_dataset::{
    Columns, DatasetError, DatasetFiles, Reader, Row, RowImage, WriteOptions, Writer, derived_line,
};
use proptest::prelude::*;

/// The rows of tests/dataset/rows.py.
fn rows() -> Vec<Row> {
    (0..40).map(row).collect()
}

fn row(i: usize) -> Row {
    let number = i as i64;
    let captions = ["a fox in the snow", "日本の城", "naïve café, \"quoted\"", "line\nbreak"];
    let image = |side: usize| RowImage {
        uid: format!("uid-{i}-{side}"),
        url: format!("https://example.org/{i}/{side}.jpg"),
        model: ["a", "b", "c"][(i + side) % 3].into(),
        bytes: (0..20 + i * 3 + side).map(|k| ((i * 7 + side * 13 + k * k) % 256) as u8).collect(),
    };
    Row {
        caption: format!("{} {}", captions[i % 4], i / 4),
        images: [image(0), image(1)],
        label: [Some([1.0, 0.0]), Some([0.0, 1.0]), Some([0.5, 0.5]), None][i % 4],
        best_image_uid: [&format!("uid-{i}-0"), &format!("uid-{i}-1"), "tie", ""][i % 4].into(),
        are_different: !i.is_multiple_of(5),
        created_at: 1_670_000_000_000_000_000 + number * 1_000_000_007,
        ranking_id: number * 3,
        user_id: number % 7,
        num_example_per_prompt: 1 + number % 4,
        index: number * 37 % 101,
        kind: [Some("colour"), Some("count"), None][i % 3].map(str::to_owned),
        collected: None,
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/dataset/fixtures").join(name)
}

/// Small row groups, so that there are several.
fn written(rows: &[Row]) -> Vec<u8> {
    let options = WriteOptions { group_rows: 16, kind: true, ..WriteOptions::default() };
    let mut writer = Writer::create(Vec::new(), options).unwrap();
    rows.iter().for_each(|row| writer.write(row).unwrap());
    writer.finish().unwrap()
}

/// Reads from memory.
fn reader(bytes: Vec<u8>) -> Result<Reader<bytes::Bytes>, DatasetError> {
    Reader::open("the file", bytes::Bytes::from(bytes))
}

fn all(bytes: Vec<u8>, columns: Columns) -> Result<Vec<Row>, DatasetError> {
    let reader = reader(bytes)?;
    let mut rows = Vec::new();
    for group in 0..reader.row_groups().len() {
        rows.extend(reader.read_group(group, columns)?);
    }
    Ok(rows)
}

fn refusal(bytes: Vec<u8>) -> String {
    let said = all(bytes, Columns::All).unwrap_err().to_string();
    assert!(said.contains("the file") && !said.contains('\n'), "{said}");
    said
}

#[test]
fn what_is_written_is_read() {
    let bytes = written(&rows());
    let reader = reader(bytes.clone()).unwrap();
    let counts: Vec<u64> = reader.row_groups().iter().map(|group| group.rows).collect();
    assert_eq!((reader.rows(), counts), (40, vec![16, 16, 8]));
    assert_eq!(all(bytes.clone(), Columns::All).unwrap(), rows());
    let mut bare = rows();
    bare.iter_mut().flat_map(|row| &mut row.images).for_each(|image| image.bytes.clear());
    assert_eq!(all(bytes, Columns::WithoutImages).unwrap(), bare);
    assert!(reader.read_group(3, Columns::All).unwrap_err().to_string().contains("has 3 row groups"));
}

#[test]
fn row_groups_close_by_bytes() {
    let options = WriteOptions { group_bytes: 10_000, ..WriteOptions::default() };
    let mut writer = Writer::create(Vec::new(), options).unwrap();
    for (at, length) in [3000, 3000, 3000, 12_000, 10, 5000, 5000].into_iter().enumerate() {
        let mut row = Row { kind: None, ..row(at) };
        row.images[0].bytes = vec![7; length - 5];
        row.images[1].bytes = vec![9; 5];
        writer.write(&row).unwrap();
    }
    assert_eq!(writer.rows(), 7);
    let reader = reader(writer.finish().unwrap()).unwrap();
    let counts: Vec<u64> = reader.row_groups().iter().map(|group| group.rows).collect();
    // The sizes of the groups: 9000; 12,000; 10 and 5000; 5000.
    assert_eq!(counts, [3, 1, 2, 1]);
}

#[test]
fn no_rows_are_a_file_too() {
    assert_eq!(all(written(&[]), Columns::All).unwrap(), []);
}

/// Files of other programs with all rows and columns.
const FULL: [&str; 15] = [
    "pandas",
    "pandas-index",
    "pandas-nullable",
    "pyarrow-1",
    "pyarrow-2",
    "pyarrow-brotli",
    "pyarrow-lz4",
    "pyarrow-delta",
    "pyarrow-int96",
    "fastparquet-lz4",
    "datasets-image",
    "duckdb",
    "duckdb-lz4",
    "polars",
    "polars-brotli",
];

#[test]
fn other_writers_files_are_read() {
    for name in FULL {
        let bytes = fs::read(fixture(&format!("{name}.parquet"))).unwrap();
        let mut expected = rows();
        if name == "pyarrow-1" {
            // Written in milliseconds.
            expected.iter_mut().for_each(|row| row.created_at -= row.created_at % 1_000_000);
        }
        let found = all(bytes, Columns::All).unwrap();
        assert_eq!(found.len(), expected.len(), "{name}");
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "{name}, row {at}");
        }
    }
}

/// The rows with a preferred image: some types of labels cannot represent a tie.
fn chosen() -> Vec<Row> {
    rows().into_iter().filter(|row| row.label.is_some_and(|label| label != [0.5, 0.5])).collect()
}

#[test]
fn labels_of_other_types_are_read() {
    for name in ["bool", "int8", "uint64", "float16", "decimal"] {
        let bytes = fs::read(fixture(&format!("labels-{name}.parquet"))).unwrap();
        assert_eq!(all(bytes, Columns::All).unwrap(), chosen(), "{name}");
    }
}

/// A row that is read from only a prompt, images and a label.
fn bare(row: Row) -> Row {
    let images = row.images.map(|image| RowImage {
        uid: pickscore_preferences::image_uid(&image.bytes),
        bytes: image.bytes,
        ..RowImage::default()
    });
    let best_image_uid = match row.label {
        Some([1.0, _]) => images[0].uid.clone(),
        Some([0.0, _]) => images[1].uid.clone(),
        Some(_) => "tie".into(),
        None => String::new(),
    };
    Row {
        images,
        best_image_uid,
        are_different: true,
        created_at: 0,
        ranking_id: 0,
        user_id: 0,
        num_example_per_prompt: 1,
        index: 0,
        kind: None,
        ..row
    }
}

#[test]
fn what_few_columns_leave_out_is_derived() {
    for (name, expected, label) in
        [("pandas", chosen(), "label_1"), ("polars", chosen(), "label_1"), ("duckdb", rows(), "label_0")]
    {
        let bytes = fs::read(fixture(&format!("few-{name}.parquet"))).unwrap();
        let derived = derived_line(&reader(bytes.clone()).unwrap().derived()).unwrap();
        assert_eq!(
            derived,
            format!(
                "derived: {label} (1 minus the other label), has_label (whether there is a label), image_0_uid, image_1_uid (SHA-256 of the \
                 bytes), best_image_uid (from label and uids), are_different (by comparing the images)"
            )
        );
        let expected: Vec<Row> = expected.into_iter().map(bare).collect();
        assert_eq!(all(bytes.clone(), Columns::All).unwrap(), expected, "{name}");
        // Without the images there are no uids.
        let unseen = all(bytes, Columns::WithoutImages).unwrap();
        assert!(unseen.iter().all(|row| row.images.iter().all(|image| image.uid.is_empty())));
        assert_eq!(unseen.len(), expected.len());
    }
    let bytes = fs::read(fixture("few-no-labels.parquet")).unwrap();
    let derived = derived_line(&reader(bytes.clone()).unwrap().derived()).unwrap();
    assert_eq!(
        derived,
        "derived: label_0, label_1 (from best_image_uid), has_label (whether there is a label)"
    );
    assert_eq!(all(bytes, Columns::All).unwrap(), rows());
}

#[test]
fn a_file_with_all_columns_derives_nothing() {
    let reader = reader(written(&rows())).unwrap();
    assert_eq!((reader.derived(), derived_line(&[])), (Vec::new(), None));
}

/// For `cargo xtask readers`: writes a dataset for other programs, and reads theirs.
#[test]
#[ignore = "cargo xtask readers calls it, with the folder"]
fn readers_and_writers() {
    let folder = PathBuf::from(std::env::var_os("PICKSCORE_READERS").unwrap());
    fs::write(folder.join("ours.parquet"), written(&rows())).unwrap();
    let mut read = 0;
    for file in fs::read_dir(folder.join("theirs")).unwrap() {
        let path = file.unwrap().path();
        let expected = fs::read(fixture(path.file_name().unwrap().to_str().unwrap())).unwrap();
        let (found, expected) = (all(fs::read(&path).unwrap(), Columns::All), all(expected, Columns::All));
        assert_eq!(found.unwrap(), expected.unwrap(), "{}", path.display());
        read += 1;
    }
    assert_eq!(read, fs::read_dir(fixture("")).unwrap().count());
}

mod folders {
    use super::*;

    fn write(path: PathBuf, rows: &[Row]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, written(rows)).unwrap();
    }

    fn read(files: &DatasetFiles) -> Vec<Row> {
        files.groups().iter().flat_map(|&group| files.read(group).unwrap()).collect()
    }

    #[test]
    fn a_hugging_face_folder_has_splits() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join("data").join(name);
        let rows = rows();
        write(at("train-00001-of-00002.parquet"), &rows[20..30]);
        write(at("train-00000-of-00002.parquet"), &rows[..20]);
        write(at("validation-00000-of-00001.parquet"), &rows[30..35]);
        write(at("validation_unique-00000-of-00001.parquet"), &rows[35..]);
        fs::write(folder.path().join("README.md"), "a card").unwrap();
        let open = |split: &str| DatasetFiles::open(&[folder.path()], split);
        let train = open("train").unwrap();
        assert_eq!((train.files().len(), train.rows()), (2, 30));
        let counts: Vec<(usize, usize, u64)> =
            train.groups().iter().map(|group| (group.file, group.group, group.rows)).collect();
        assert_eq!(counts, [(0, 0, 16), (0, 1, 4), (1, 0, 10)]);
        assert_eq!(read(&train), rows[..30]);
        assert_eq!(read(&open("validation").unwrap()), rows[30..35]);
        assert_eq!(read(&open("validation_unique").unwrap()), rows[35..]);
        let said = open("test").unwrap_err().to_string();
        assert!(said.contains("it has no split test, only train, validation, validation_unique"), "{said}");
    }

    #[test]
    fn plain_files_and_folders_come_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let rows = rows();
        write(at("many/b.parquet"), &rows[10..12]);
        write(at("many/a.parquet"), &rows[..10]);
        write(at("one.parquet"), &rows[12..14]);
        let files = DatasetFiles::open(&[at("one.parquet"), at("many")], "test").unwrap();
        let expected = [&rows[12..14], &rows[..12]].concat();
        assert_eq!(read(&files), expected);
        assert!(files.read(pickscore_dataset::GroupId { file: 9, ..files.groups()[0] }).is_err());
    }

    #[test]
    fn prompts_and_rows_are_counted_over_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (from, to) in [("few-pandas", "a"), ("few-duckdb", "b"), ("few-duckdb", "c")] {
            fs::copy(fixture(&format!("{from}.parquet")), at(&format!("{to}.parquet"))).unwrap();
        }
        write(at("d.parquet"), &rows()[..2]);
        let files = DatasetFiles::open(&[folder.path()], "train").unwrap();
        let found = read(&files);
        // The last file has the column.
        let times = |row: &Row| {
            let of = |rows: &[Row]| rows.iter().filter(|other| other.caption == row.caption).count() as i64;
            of(&chosen()) + 2 * of(&rows()) + of(&rows()[..2])
        };
        assert_eq!(found.len(), 102);
        for (at, row) in found[..100].iter().enumerate() {
            assert_eq!((row.num_example_per_prompt, row.ranking_id), (times(row), at as i64), "{at}");
        }
        assert_eq!(found[100..], rows()[..2]);
        let derived = derived_line(files.derived()).unwrap();
        assert!(derived.ends_with("ranking_id (by counting rows), num_example_per_prompt (by counting prompts), label_0 (1 minus the other label)"), "{derived}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let gone =
            DatasetFiles::open(&[folder.path().join("gone.parquet")], "train").unwrap_err().to_string();
        assert!(gone.contains("gone.parquet cannot be read"), "{gone}");
        let empty = DatasetFiles::open(&[folder.path()], "train").unwrap_err().to_string();
        assert!(empty.contains("contains no dataset"), "{empty}");
        let text = folder.path().join("notes.parquet");
        fs::write(&text, "these are notes, not a table").unwrap();
        let said = DatasetFiles::open(&[&text], "train").unwrap_err().to_string();
        assert!(said.contains("notes.parquet") && said.contains("PAR1"), "{said}");
        let zip = folder.path().join("mine.zip");
        fs::write(&zip, [&b"PK\x03\x04"[..], &[0; 40]].concat()).unwrap();
        let said = DatasetFiles::open(&[&zip], "train").unwrap_err().to_string();
        assert!(said.contains("it is a zip; unpack it"), "{said}");
    }
}

mod hostile {
    use parquet::{
        basic::{Compression, Encoding},
        data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type},
        file::{
            properties::{WriterProperties, WriterVersion},
            writer::SerializedFileWriter,
        },
        schema::parser::parse_message_type,
    };
    use std::sync::Arc;

    use super::*;

    /// Columns by name, each of two rows.
    enum Values<'a> {
        Text(&'a [&'a [u8]]),
        Real([f64; 2]),
        Integer([i64; 2]),
        Bool([bool; 2]),
    }

    const SCHEMA: &str = "message schema { REQUIRED BYTE_ARRAY caption (UTF8); REQUIRED BYTE_ARRAY jpg_0; REQUIRED BYTE_ARRAY jpg_1;
        REQUIRED DOUBLE label_0; REQUIRED DOUBLE label_1; REQUIRED INT64 num_example_per_prompt; }";

    fn good() -> Vec<Values<'static>> {
        vec![
            Values::Text(&[b"a", b"b"]),
            Values::Text(&[b"x", b"y"]),
            Values::Text(&[b"z", b"w"]),
            Values::Real([1.0, 0.5]),
            Values::Real([0.0, 0.5]),
            Values::Integer([1, 2]),
        ]
    }

    /// A file with any schema and values, written by the Parquet library.
    fn made(schema: &str, values: &[Values<'_>], properties: WriterProperties) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
        let mut group = file.next_row_group().unwrap();
        for values in values {
            let mut column = group.next_column().unwrap().unwrap();
            match values {
                Values::Text(texts) => {
                    let texts: Vec<ByteArray> = texts.iter().map(|text| text.to_vec().into()).collect();
                    column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap()
                }
                Values::Real(values) => column.typed::<DoubleType>().write_batch(values, None, None).unwrap(),
                Values::Integer(values) => {
                    column.typed::<Int64Type>().write_batch(values, None, None).unwrap()
                }
                Values::Bool(values) => column.typed::<BoolType>().write_batch(values, None, None).unwrap(),
            };
            column.close().unwrap();
        }
        group.close().unwrap();
        file.into_inner().unwrap()
    }

    fn plain(schema: &str, values: &[Values<'_>]) -> Vec<u8> {
        made(schema, values, WriterProperties::builder().build())
    }

    /// The same row several times.
    fn repeated(caption: &str, rows: usize) -> Vec<u8> {
        repeated_by(
            caption,
            rows,
            WriterProperties::builder().set_dictionary_page_size_limit(8 << 20).build(),
        )
    }

    fn repeated_by(caption: &str, rows: usize, properties: WriterProperties) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
        let mut group = file.next_row_group().unwrap();
        let (captions, images) = (vec![ByteArray::from(caption); rows], vec![ByteArray::from("x"); rows]);
        for column in 0..6 {
            let mut writer = group.next_column().unwrap().unwrap();
            match column {
                0 => writer.typed::<ByteArrayType>().write_batch(&captions, None, None),
                1 | 2 => writer.typed::<ByteArrayType>().write_batch(&images, None, None),
                3 | 4 => writer.typed::<DoubleType>().write_batch(&vec![0.5; rows], None, None),
                _ => writer.typed::<Int64Type>().write_batch(&vec![1; rows], None, None),
            }
            .unwrap();
            writer.close().unwrap();
        }
        group.close().unwrap();
        file.into_inner().unwrap()
    }

    /// Valid columns with one replaced.
    fn with(at: usize, values: Values<'_>) -> String {
        let mut all: Vec<Values<'_>> = good();
        all[at] = values;
        refusal(plain(SCHEMA, &all))
    }

    #[test]
    fn the_bare_columns_are_enough() {
        let rows = all(plain(SCHEMA, &good()), Columns::All).unwrap();
        assert_eq!((rows[0].caption.as_str(), rows[0].label), ("a", Some([1.0, 0.0])));
        assert_eq!((rows[1].images[1].bytes.as_slice(), rows[1].label), (&b"w"[..], Some([0.5, 0.5])));
        assert_eq!((rows[1].num_example_per_prompt, rows[1].are_different, rows[1].index), (2, true, 0));
    }

    #[test]
    fn a_missing_column_is_named() {
        let schema =
            SCHEMA.replace("REQUIRED DOUBLE label_1; ", "").replace("REQUIRED BYTE_ARRAY jpg_1;", "");
        let mut values = good();
        values.remove(4);
        values.remove(2);
        let said = refusal(plain(&schema, &values));
        assert!(
            said.starts_with(
                "the file lacks the column `jpg_1`; expected `caption`, `jpg_0`, `jpg_1` and a label"
            ),
            "{said}"
        );
        let schema = SCHEMA.replace("REQUIRED DOUBLE label_0; REQUIRED DOUBLE label_1; ", "");
        let mut values = good();
        values.drain(3..5);
        let said = refusal(plain(&schema, &values));
        assert!(said.starts_with("the file lacks the column `label_0`; expected"), "{said}");
    }

    #[test]
    fn a_column_of_another_type_is_named() {
        for (from, to, values, column, found) in [
            (
                "DOUBLE label_0",
                "BYTE_ARRAY label_0 (UTF8)",
                Values::Text(&[b"1", b"0"]),
                3,
                "`label_0` of the file is string; expected a number",
            ),
            ("jpg_1", "jpg_1 (UTF8)", Values::Text(&[b"a", b"b"]), 2, "`jpg_1` of the file is string"),
            ("caption (UTF8)", "caption", Values::Text(&[b"a", b"b"]), 0, "`caption` of the file is binary"),
            (
                "INT64 num",
                "BYTE_ARRAY num",
                Values::Text(&[b"1", b"0"]),
                5,
                "`num_example_per_prompt` of the file is binary; expected whole numbers",
            ),
        ] {
            let schema = SCHEMA.replace(from, to);
            assert_ne!(schema, SCHEMA);
            let mut all = good();
            all[column] = values;
            let said = refusal(plain(&schema, &all));
            assert!(said.contains(found) && said.contains("expected"), "{said}");
        }
        let twice = SCHEMA.replace("REQUIRED BYTE_ARRAY jpg_1", "REQUIRED BYTE_ARRAY jpg_0");
        assert!(refusal(plain(&twice, &good())).contains("a duplicate"));
        let time = SCHEMA.replace('}', "REQUIRED INT64 created_at; }");
        let said = refusal(plain(
            &time,
            &[good(), vec![Values::Integer([1, 2])]].into_iter().flatten().collect::<Vec<_>>(),
        ));
        assert!(said.contains("`created_at`") && said.contains("expected timestamp or date"), "{said}");
    }

    #[test]
    fn labels_outside_the_schema() {
        for (labels, row, column) in [
            ([0.7, 0.5], 0, "label_0"),
            ([1.0, 1.0], 1, "label_1"),
            ([f64::INFINITY, 0.5], 0, "label_0"),
            ([-1.0, 0.5], 0, "label_0"),
            ([0.0, 0.5], 0, "label_1"),
        ] {
            let said = with(3, Values::Real(labels));
            let named = said.contains(&format!("in row {row}")) && said.contains(column);
            assert!(named && said.contains("0, 0.5 or 1"), "{said}");
        }
        let said = with(4, Values::Real([0.0, f64::NAN]));
        assert!(said.contains("`label_1`") && said.contains("nothing in row 1"), "{said}");
    }

    #[test]
    fn numbers_that_do_not_fit() {
        let whole = SCHEMA.replace("DOUBLE label_0", "INT64 label_0").replace("INT64 num", "DOUBLE num");
        let with = |labels, counts| {
            let mut values = good();
            (values[3], values[5]) = (Values::Integer(labels), Values::Real(counts));
            plain(&whole, &values)
        };
        let refused = |labels, counts| refusal(with(labels, counts));
        assert!(refused([2, 1], [1.0, 1.0]).contains("has 2 beside 0 in row 0; expected 0, 0.5 or 1"));
        let said = refused([1, 1], [1.5, 1.0]);
        assert!(said.contains("has 1.5 in row 0; expected a whole number"), "{said}");
        assert!(refused([1, 1], [1e19, 1.0]).contains("in row 0; expected a whole number"));
        assert!(refused([1, 1], [f64::NAN, 1.0]).contains("has nothing in row 0; expected a whole number"));
        let sound = reader(with([1, 1], [2.0, 1.0])).unwrap().read_sound(0, Columns::All).unwrap();
        assert_eq!((sound.rows[0].num_example_per_prompt, sound.faults.len()), (2, 1));
        let schema = SCHEMA.replace('}', "REQUIRED INT64 has_label; }");
        let mut values = good();
        values.push(Values::Integer([1, 7]));
        assert!(refusal(plain(&schema, &values)).contains("has 7 in row 1; expected true or false"));
    }

    #[test]
    fn the_best_image_is_one_of_two() {
        let schema = SCHEMA.replace(
            "REQUIRED DOUBLE label_0; REQUIRED DOUBLE label_1; ",
            "REQUIRED BYTE_ARRAY image_0_uid (UTF8); REQUIRED BYTE_ARRAY image_1_uid (UTF8); REQUIRED BYTE_ARRAY best_image_uid (UTF8); ",
        );
        let labels = |best: &[&[u8]]| {
            let mut values = good();
            let uids = [Values::Text(&[b"a", b"b"]), Values::Text(&[b"c", b"b"]), Values::Text(best)];
            values.splice(3..5, uids);
            all(plain(&schema, &values), Columns::All)
        };
        let found = labels(&[b"c", b"tie"]).unwrap();
        assert_eq!([found[0].label, found[1].label], [Some([0.0, 1.0]), Some([0.5, 0.5])]);
        assert_eq!(labels(&[b"a", b""]).unwrap()[1].label, None);
        // The uid is ambiguous.
        for (best, row) in [([&b"x"[..], b"tie"], 0), ([&b"a"[..], b"b"], 1)] {
            let said = labels(&best).unwrap_err().to_string();
            assert!(
                said.contains(&format!("in row {row}; expected the uid of one of the row's two images")),
                "{said}"
            );
        }
    }

    #[test]
    fn a_path_without_bytes() {
        let schema = SCHEMA.replace(
            "REQUIRED BYTE_ARRAY jpg_0;",
            "REQUIRED GROUP jpg_0 { REQUIRED BYTE_ARRAY bytes; REQUIRED BYTE_ARRAY path (UTF8); }",
        );
        let mut values = good();
        values[1] = Values::Text(&[b"x", b""]);
        values.insert(2, Values::Text(&[b"fox.png", b"hen.png"]));
        let said = refusal(plain(&schema, &values));
        assert!(said.contains("`jpg_0` of the file has nothing in `bytes` in row 1"), "{said}");
        let list = SCHEMA.replace(
            "REQUIRED BYTE_ARRAY jpg_0;",
            "REQUIRED GROUP jpg_0 (LIST) { REPEATED GROUP list { REQUIRED INT32 element; } }",
        );
        let schema = Arc::new(parse_message_type(&list).unwrap());
        let empty =
            SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap().into_inner().unwrap();
        assert!(refusal(empty).contains("`jpg_0` of the file is a list; expected binary"));
    }

    #[test]
    fn a_label_where_has_label_is_false_does_not_count() {
        let schema = SCHEMA.replace('}', "REQUIRED BOOLEAN has_label; }");
        let mut values = good();
        values[3] = Values::Real([9.0, 0.5]);
        values.push(Values::Bool([false, true]));
        let rows = all(plain(&schema, &values), Columns::All).unwrap();
        assert_eq!([rows[0].label, rows[1].label], [None, Some([0.5, 0.5])]);
    }

    #[test]
    fn a_prompt_with_no_examples() {
        assert!(
            with(5, Values::Integer([1, 0])).contains("`num_example_per_prompt` of the file has 0 in row 1")
        );
        assert!(with(5, Values::Integer([i64::MIN, 1])).contains("in row 0; expected 1 or more"));
    }

    #[test]
    fn text_that_is_none() {
        assert!(with(0, Values::Text(&[b"a", b"\xff\xfe"])).contains("row 1; expected text in UTF-8"));
        let long = vec![b'a'; (1 << 20) + 1];
        assert!(with(0, Values::Text(&[b"a", &long])).contains("1048577 bytes in row 1"));
        assert!(with(1, Values::Text(&[b"", b"x"])).contains("`jpg_0` of the file has nothing in row 0"));
    }

    #[test]
    fn an_image_too_large() {
        let large = vec![b'a'; (64 << 20) + 1];
        assert!(with(2, Values::Text(&[b"a", &large])).contains("67108865 bytes in row 1"));
    }

    #[test]
    fn too_many_rows_in_a_group() {
        let rows = (1 << 20) + 1;
        let said = refusal(repeated("a", rows));
        assert!(
            said.contains("row group 0 of the file has 1048577 rows; expected at most 1048576"),
            "{said}"
        );
    }

    #[test]
    fn a_dictionary_that_repeats_one_text_for_every_row() {
        // 3000 rows of one text of 700 KB: a file of 700 KB, rows of 2.1 GB.
        let bytes = repeated(&"a".repeat(700 << 10), 3000);
        assert!(bytes.len() < 2 << 20, "{}", bytes.len());
        assert!(refusal(bytes).contains("expected at most 1073741824"));
    }

    #[test]
    fn delta_encodings_are_read_with_nulls_and_many_pages() {
        for encoding in [Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                let properties = WriterProperties::builder()
                    .set_dictionary_enabled(false)
                    .set_writer_version(version)
                    .set_column_encoding("caption".into(), encoding);
                let expected = all(plain(SCHEMA, &good()), Columns::All).unwrap();
                assert_eq!(all(made(SCHEMA, &good(), properties.build()), Columns::All).unwrap(), expected);
            }
        }
    }

    #[test]
    fn a_delta_that_repeats_one_text_for_every_row() {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_column_encoding("caption".into(), Encoding::DELTA_BYTE_ARRAY);
        let bytes = repeated_by(&"a".repeat(700 << 10), 3000, properties.build());
        assert!(bytes.len() < 2 << 20, "{}", bytes.len());
        assert!(refusal(bytes).contains("the values of a page are not valid in its encoding"));
    }

    /// A page that unpacks to more than it claims, with every compression.
    #[test]
    fn a_gzip_page_that_goes_on() {
        goes_on(Compression::GZIP(parquet::basic::GzipLevel::try_new(9).unwrap()), "does not unpack to the");
    }

    #[test]
    fn a_brotli_page_that_goes_on() {
        goes_on(Compression::BROTLI(parquet::basic::BrotliLevel::default()), "does not unpack to the");
    }

    #[test]
    fn lz4_snappy_and_zstd_pages_that_go_on() {
        for compression in [
            Compression::LZ4,
            Compression::LZ4_RAW,
            Compression::SNAPPY,
            Compression::ZSTD(parquet::basic::ZstdLevel::default()),
        ] {
            goes_on(compression, "column `jpg_0`, row group 0: ");
        }
    }

    fn goes_on(compression: Compression, expected: &str) {
        let properties =
            WriterProperties::builder().set_compression(compression).set_dictionary_enabled(false);
        let long = vec![b'a'; 1 << 20];
        let texts = [&long[..], b"y"];
        let mut values = good();
        values[1] = Values::Text(&texts);
        let bytes = made(SCHEMA, &values, properties.build());
        assert!(all(bytes.clone(), Columns::All).is_ok());
        // The claimed size of the page changes from 1,048,580 bytes (a zigzag varint in its header)
        // to 4.
        let claim = [0x88_u8, 0x80, 0x80, 0x01];
        let at = bytes.windows(4).position(|window| window == claim).unwrap();
        let mut small = bytes;
        small[at + 3] = 0x00;
        let said = refusal(small);
        assert!(said.contains(expected), "{compression:?}: {said}");
    }

    #[test]
    fn truncated_anywhere() {
        let bytes = written(&rows()[..5]);
        for length in (0..bytes.len()).step_by(97).chain([0, 3, 4, 8, 11, 12, bytes.len() - 1]) {
            refusal(bytes[..length].to_vec());
        }
    }

    #[test]
    fn a_footer_longer_than_the_file() {
        let mut bytes = written(&rows()[..5]);
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(refusal(bytes).contains("its footer claims 4294967295 bytes"));
    }

    #[test]
    fn rows_that_are_not_written() {
        let mut writer = Writer::create(Vec::new(), WriteOptions::default()).unwrap();
        let refused = |writer: &mut Writer<Vec<u8>>, row: &Row| writer.write(row).unwrap_err().to_string();
        assert!(refused(&mut writer, &row(0)).contains("`pickscore_kind`"));
        let good = Row { kind: None, ..row(0) };
        assert!(
            refused(&mut writer, &Row { label: Some([0.3, 0.7]), ..good.clone() }).contains("0.3 beside 0.7")
        );
        assert!(
            refused(&mut writer, &Row { num_example_per_prompt: 0, ..good.clone() }).contains("1 or more")
        );
        assert!(
            refused(&mut writer, &Row { caption: "a".repeat(1_048_577), ..good.clone() }).contains("1048577")
        );
        writer.write(&good).unwrap();
        assert_eq!(all(writer.finish().unwrap(), Columns::All).unwrap(), [good]);
    }

    #[test]
    fn a_file_that_shrinks_after_it_was_opened() {
        let path = tempfile::tempdir().unwrap().keep().join("shrinks.parquet");
        fs::write(&path, written(&rows())).unwrap();
        let reader = Reader::open("the file", File::open(&path).unwrap()).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
        assert!(reader.read_group(2, Columns::All).is_err());
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Reading a damaged file ends, with valid rows or an error.
    #[test]
    fn any_damage_is_an_error_or_rows(
        which in 0usize..=FULL.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
    ) {
        let mut bytes = FULL
            .get(which)
            .map_or_else(|| written(&rows()), |name| fs::read(fixture(&format!("{name}.parquet"))).unwrap());
        for (at, byte, near_the_end) in damage {
            // Half of the damage is in the footer, which matters most.
            let length = bytes.len();
            let start = if near_the_end { length.saturating_sub(6000) } else { 0 };
            bytes[start + at.index(length - start)] = byte;
        }
        match all(bytes, Columns::All) {
            Err(error) => {
                let said = error.to_string();
                prop_assert!(said.contains("the file"), "{}", said);
            }
            Ok(rows) => for row in rows {
                prop_assert!(row.num_example_per_prompt >= 1);
                prop_assert!(row.label.is_none_or(|label| label[0] + label[1] == 1.0));
            }
        }
    }
}
