//! A folder with two models, for tests of `score --data`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};

use ::parquet::{
    data_type::{ByteArray, ByteArrayType},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use pickscore::dataset::table::{RowKey, ScoreTable, ScoredRows};
use pickscore_generate::{Convention, Dtype, write_directory};
use serde_json::{Value, json};

use crate::common::{SMALL, image};

/// Images of different sizes and contents.
pub const IMAGES: [&str; 4] = ["photo.png", "edges.png", "noise.png", "photo-75.jpg"];
pub const PROMPTS: [&str; 3] = ["a fox", "a wolf in the snow", "an apple"];

pub struct Workplace {
    folder: tempfile::TempDir,
}

impl Workplace {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, seed) in [("one", 5), ("two", 6)] {
            write_directory(&folder.path().join(name), SMALL, Convention::HuggingFace, seed, Dtype::F32, 1)
                .unwrap();
        }
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, models: &[&str], data: &[&Path], out: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.args(["score", "--device", "cpu"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        for model in models {
            command.arg("--model").arg(self.path(model));
        }
        command.arg("--data").args(data).arg("--out").arg(self.path(out)).args(more);
        command
    }

    pub fn json(&self, models: &[&str], data: &[&Path], out: &str, more: &[&str]) -> Value {
        let output = self.command(models, data, out, more).args(["--format", "json"]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What the command says about unusable input: one line, and an exit code.
    pub fn complaint(&self, data: &[&Path], out: &str, more: &[&str], code: i32) -> String {
        let output = self.command(&["one"], data, out, more).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        assert!(output.stdout.is_empty());
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        said(&output)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Copies an image of the fixtures.
    pub fn image(&self, name: &str, from: &str) -> PathBuf {
        self.write(name, fs::read(image(from)).unwrap())
    }

    /// A file of `rows` rows with encoded images.
    pub fn table(&self, name: &str, rows: usize) -> PathBuf {
        let path = self.path(name);
        let images: Vec<Vec<u8>> = IMAGES.iter().map(|name| fs::read(image(name)).unwrap()).collect();
        let values = (0..rows).map(|row| (PROMPTS[row % 3].to_owned(), images[row * 7 % 4].clone()));
        write_table(&path, &values.collect::<Vec<_>>());
        path
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Writes the columns `caption` and `image`, in row groups of 100 rows.
pub fn write_table(path: &Path, rows: &[(String, Vec<u8>)]) {
    let schema = "message m { optional binary caption (UTF8); optional binary image; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, properties).unwrap();
    for rows in rows.chunks(100) {
        let mut group = file.next_row_group().unwrap();
        let columns: [Vec<ByteArray>; 2] = [
            rows.iter().map(|row| row.0.as_str().into()).collect(),
            rows.iter().map(|row| row.1.clone().into()).collect(),
        ];
        for values in columns {
            let mut column = group.next_column().unwrap().unwrap();
            let levels = vec![1; values.len()];
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    file.close().unwrap();
}

/// The names of the Parquet files in a folder.
pub fn files(out: &Path) -> Vec<String> {
    let names = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".parquet")).collect();
    names.sort();
    names
}

/// All scores in a folder, by key. Fails if a row is there twice.
pub fn scores(out: &Path) -> BTreeMap<(String, i64), Vec<Result<f32, String>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(out).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "parquet") {
            continue;
        }
        let ScoredRows { keys, models } = ScoreTable::open(&path).unwrap().read().unwrap();
        for (at, key) in keys.into_iter().enumerate() {
            let of_row = models.iter().flat_map(|model| &model.images).map(|scores| scores[at].clone());
            let key = match key {
                RowKey::Place(file, row) => (file, row),
                RowKey::RankingId(id) => (String::new(), id),
                RowKey::None => panic!("{} has a row without a key", path.display()),
            };
            assert_eq!(found.insert(key, of_row.collect()), None);
        }
    }
    found
}

/// The scores of the same pairs by `score --pairs`.
pub fn reference(workplace: &Workplace, model: &str, pairs: &[(&str, PathBuf)]) -> Vec<f32> {
    let lines: Vec<String> =
        pairs.iter().map(|(prompt, image)| json!({"prompt": prompt, "image": image}).to_string()).collect();
    let file = workplace.path("reference.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(["score", "--device", "cpu", "--format", "json", "--model"]).arg(workplace.path(model));
    let output = command.arg("--pairs").arg(file).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["pairs"].as_array().unwrap().iter().map(|pair| pair["score"].as_f64().unwrap() as f32).collect()
}
