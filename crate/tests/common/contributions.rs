//! Contributions as the page writes them, made for tests.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::{
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use pickscore::{
    dataset::{Collected, Row, RowImage, WriteOptions, Writer},
    preference::image_uid,
};
use serde_json::{Value, json};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Where a contribution's pairs are.
pub const DATA: &str = "data/train-00000-of-00001.parquet";

/// A pair as the page collects it: two images named by letters, shown in this order.
pub fn collected(rater: &str, prompt: &str, images: [&str; 2], label: Option<[f64; 2]>, at: i64) -> Row {
    let uid = image_uid(format!("{rater}{prompt}{images:?}{label:?}{at}").as_bytes());
    Row {
        collected: Some(Collected {
            record_version: 1,
            uid: uid[..32].into(),
            session_uid: "session-1".into(),
            rater_uid: rater.into(),
            side_0: "left".into(),
            mode: "winner-stays".into(),
            app_version: "0.1.0".into(),
            ..Collected::default()
        }),
        user_id: i64::from(u32::from_str_radix(&image_uid(rater.as_bytes())[..7], 16).unwrap()),
        ranking_id: i64::from(u32::from_str_radix(&uid[..7], 16).unwrap()),
        ..plain(0, prompt, images, label, at)
    }
}

/// The same pair of other images.
pub fn showing(mut row: Row, images: [Vec<u8>; 2]) -> Row {
    let won = row.images.iter().position(|image| image.uid == row.best_image_uid);
    for (shown, bytes) in row.images.iter_mut().zip(images) {
        shown.uid = image_uid(&bytes);
        shown.bytes = bytes;
    }
    if let Some(won) = won {
        row.best_image_uid = row.images[won].uid.clone();
    }
    row
}

/// A pair as Pick-a-Pic has it.
pub fn plain(user: i64, prompt: &str, images: [&str; 2], label: Option<[f64; 2]>, at: i64) -> Row {
    let image = |name: &str| {
        let bytes = format!("image {name}").into_bytes();
        RowImage { uid: image_uid(&bytes), url: String::new(), model: format!("model {}", name.len()), bytes }
    };
    let images = images.map(image);
    let best = match label {
        Some([1.0, _]) => images[0].uid.clone(),
        Some([0.0, _]) => images[1].uid.clone(),
        Some(_) => "tie".into(),
        None => String::new(),
    };
    Row {
        caption: prompt.into(),
        images,
        label,
        best_image_uid: best,
        are_different: true,
        created_at: 1_760_000_000_000_000_000 + at * 1_000_000,
        ranking_id: at,
        user_id: user,
        num_example_per_prompt: 1,
        index: 0,
        kind: None,
        collected: None,
    }
}

/// Sets the preferred image anew, after images were changed.
pub fn set_best(row: &mut Row) {
    row.best_image_uid = match row.label {
        Some([1.0, _]) => row.images[0].uid.clone(),
        Some([0.0, _]) => row.images[1].uid.clone(),
        Some(_) => "tie".into(),
        None => String::new(),
    };
}

/// The rows as a Parquet file.
pub fn parquet(rows: &[Row]) -> Vec<u8> {
    let collected = rows.iter().any(|row| row.collected.is_some());
    let options = WriteOptions { group_rows: 7, collected, ..WriteOptions::default() };
    let mut writer = Writer::create(Vec::new(), options).unwrap();
    rows.iter().for_each(|row| writer.write(row).unwrap());
    writer.finish().unwrap()
}

/// A contribution's files, before anything is done to them.
pub struct Contribution {
    pub manifest: Value,
    pub data: Vec<u8>,
    /// Whether sums are made of what is there in the end, so that only what a test changes is
    /// wrong.
    pub honest: bool,
}

impl Contribution {
    pub fn new(rows: &[Row]) -> Self {
        let data = parquet(rows);
        let manifest = json!({
            "format": "pickscore-contribution",
            "version": 1,
            "created_at": "2026-11-26T09:00:00.000Z",
            "title": "Foxes | and *owls*",
            "description": "",
            "license": "cc0-1.0",
            "consent": { "version": "1", "text": "yes" },
            "collection": "with the page",
            "app_version": "0.1.0",
            "data": "parquet",
            "counts": {},
            "raters": [],
            "sessions": 1,
            "modes": ["winner-stays"],
            "scorers": [],
            "scores_visible": "never",
            "files": [{ "path": DATA, "bytes": data.len(), "rows": rows.len(), "sha256": image_uid(&data) }]
        });
        Self { manifest, data, honest: true }
    }

    /// The files by their paths.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let manifest = serde_json::to_vec_pretty(&self.manifest).unwrap();
        let sums =
            format!("{}  contribution.json\n{}  {DATA}\n", image_uid(&manifest), image_uid(&self.data));
        vec![
            (DATA.into(), self.data.clone()),
            ("contribution.json".into(), manifest),
            ("SHA256SUMS".into(), sums.into_bytes()),
        ]
    }

    pub fn write_folder(&self, folder: &Path) {
        write_files(folder, &self.files());
    }

    /// As a zip, with all its files in a folder of this name, stored or compressed.
    pub fn zip(&self, prefix: &str, method: CompressionMethod) -> Vec<u8> {
        zipped(&self.files(), prefix, method)
    }
}

/// The files of a contribution in JSON Lines with its images beside it.
pub fn json_lines(rows: &[Row]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut lines = String::new();
    for row in rows {
        let collected = row.collected.as_ref().unwrap();
        let at = time::OffsetDateTime::from_unix_timestamp_nanos(row.created_at.into()).unwrap();
        let (date, clock) = (at.date(), at.time());
        let mut line = json!({
            "are_different": row.are_different,
            "best_image_uid": row.best_image_uid,
            "caption": row.caption,
            "created_at": format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                date.year(), u8::from(date.month()), date.day(), clock.hour(), clock.minute(), clock.second(), clock.millisecond()
            ),
            "has_label": row.label.is_some(),
            "label_0": row.label.map(|label| label[0]),
            "label_1": row.label.map(|label| label[1]),
            "ranking_id": row.ranking_id,
            "user_id": row.user_id,
            "num_example_per_prompt": row.num_example_per_prompt,
            "pickscore_record_version": collected.record_version,
            "pickscore_uid": collected.uid,
            "pickscore_session_uid": collected.session_uid,
            "pickscore_rater_uid": collected.rater_uid,
            "pickscore_side_0": collected.side_0,
            "pickscore_mode": collected.mode,
            "pickscore_scores_visible": collected.scores_visible,
            "pickscore_app_version": collected.app_version,
        });
        for (side, image) in row.images.iter().enumerate() {
            let path = format!("images/{}.png", image.uid);
            line[format!("image_{side}_uid")] = image.uid.as_str().into();
            line[format!("model_{side}")] = image.model.as_str().into();
            line[format!("pickscore_file_{side}")] = path.as_str().into();
            if !files.iter().any(|(known, _)| *known == path) {
                files.push((path, image.bytes.clone()));
            }
        }
        lines += &format!("{line}\n");
    }
    files.push(("data/train-00000-of-00001.jsonl".into(), lines.into_bytes()));
    let listed: Vec<Value> = files
        .iter()
        .map(|(path, bytes)| {
            let rows = if path.ends_with(".jsonl") { rows.len() } else { 0 };
            json!({ "path": path, "bytes": bytes.len(), "rows": rows, "sha256": image_uid(bytes) })
        })
        .collect();
    let mut manifest = Contribution::new(&[]).manifest;
    (manifest["data"], manifest["files"]) = ("jsonl".into(), listed.into());
    files.push(("contribution.json".into(), manifest.to_string().into_bytes()));
    let sums: String = files.iter().map(|(path, bytes)| format!("{}  {path}\n", image_uid(bytes))).collect();
    files.push(("SHA256SUMS".into(), sums.into_bytes()));
    files
}

pub fn write_files(folder: &Path, files: &[(String, Vec<u8>)]) {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

pub fn zipped(files: &[(String, Vec<u8>)], prefix: &str, method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{prefix}{path}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Writes a file and gives its path.
pub fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}
