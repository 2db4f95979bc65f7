//! Scores that `pickscore score --data` has written, in the place of a model.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{fault::Fault, load};
use crate::{
    bulk,
    dataset::table::{RowKey, ScoreTable, ScoredRows},
    score::Scorer,
};

/// The files of a folder, and the models whose scores they have.
pub(super) struct StoredScores {
    folder: PathBuf,
    files: Vec<PathBuf>,
    pub(super) models: Vec<StoredModel>,
}

/// A model of stored scores.
pub(super) struct StoredModel {
    pub(super) name: String,
    pub(super) scorer: &'static Scorer,
    /// The prefix of its columns; `None` for the only model.
    prefix: Option<String>,
}

/// What a file says of a model.
#[derive(Deserialize)]
struct Noted {
    model: String,
    scorer: String,
}

/// The scores of a model: by `ranking_id`, and by file and row.
#[derive(Default)]
pub(super) struct ByKey {
    by_ranking: HashMap<i64, Pair>,
    /// By the name of a file, its rows.
    by_place: HashMap<String, HashMap<i64, Pair>>,
}

/// The scores of a row's two images, or why one has none.
type Pair = Result<[f32; 2], Box<str>>;

impl StoredScores {
    /// Finds the files of a folder.
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let wrong = |reason: String| Fault::Input { path: folder.display().to_string(), reason };
        let entries = fs::read_dir(folder).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
        let paths = entries.flatten().map(|entry| entry.path());
        let is_scores = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet");
        let mut files: Vec<PathBuf> = paths.filter(is_scores).collect();
        // In a folder with other tables, those of `score --data` are known by their names.
        if files.iter().any(|file| bulk::is_result(file)) {
            files.retain(|file| bulk::is_result(file));
        }
        files.sort();
        let Some(first) = files.first() else {
            return Err(wrong(
                "it contains no Parquet files; expected those of `pickscore score --data`".into(),
            ));
        };
        let table = ScoreTable::open(first)?;
        let noted = table.note("pickscore.models").unwrap_or_default();
        let noted: Vec<Noted> = serde_json::from_str(noted).unwrap_or_default();
        let model = |prefix: Option<&str>| {
            let noted = noted.iter().find(|noted| prefix.is_none_or(|prefix| noted.model == prefix));
            let name = prefix.or(noted.map(|noted| noted.model.as_str())).unwrap_or("scores").to_owned();
            let scorer = noted.and_then(|noted| Scorer::named(&noted.scorer)).unwrap_or(Scorer::CLIP);
            StoredModel { name, scorer, prefix: prefix.map(str::to_owned) }
        };
        let models = table.models().map(model).collect();
        Ok(Self { folder: folder.to_owned(), files, models })
    }

    /// Reads the scores of a model.
    pub(super) fn read(&self, model: &StoredModel) -> Result<ByKey, Fault> {
        let bar = load::bar("{msg} {wide_bar} {pos}/{len}");
        bar.set_message("Scores");
        bar.set_length(self.files.len() as u64);
        let mut found = ByKey::default();
        for file in &self.files {
            let wrong = |reason: String| Fault::Input { path: file.display().to_string(), reason };
            let ScoredRows { keys, models } = ScoreTable::open(file)?.read()?;
            let columns =
                models.into_iter().find(|columns| columns.model == model.prefix).ok_or_else(|| {
                    let (model, folder) = (&model.name, self.folder.display());
                    wrong(format!("it has no scores of {model}, as others in {folder} have"))
                })?;
            let [left, right] = <[Vec<_>; 2]>::try_from(columns.images)
                .map_err(|_| wrong("it has scores of one image per row; a pair has two".into()))?;
            for ((key, left), right) in keys.into_iter().zip(left).zip(right) {
                let pair = match (left, right) {
                    (Ok(left), Ok(right)) => Ok([left, right]),
                    (Err(reason), _) => Err(format!("image `jpg_0`: {reason}").into()),
                    (_, Err(reason)) => Err(format!("image `jpg_1`: {reason}").into()),
                };
                let (name, before) = match key {
                    RowKey::RankingId(id) => (id.to_string(), found.by_ranking.insert(id, pair.clone())),
                    RowKey::Place(name, row) => {
                        let rows = found.by_place.entry(name).or_default();
                        (row.to_string(), rows.insert(row, pair.clone()))
                    }
                    RowKey::None => continue,
                };
                if before.is_some_and(|before| before != pair) {
                    let reason = format!("row {name} has other scores in another file of the folder");
                    return Err(wrong(reason));
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(found)
    }
}

impl ByKey {
    /// The scores of a row: by its `ranking_id`, or by its file and its number there.
    pub(super) fn get(&self, ranking_id: i64, file: &Path, row: u64) -> Result<[f32; 2], String> {
        let by_place = || {
            let named = self.by_place.iter().filter(|(name, _)| file.ends_with(name));
            let (_, rows) = named.max_by_key(|(name, _)| name.len())?;
            rows.get(&i64::try_from(row).ok()?)
        };
        // Among rows with numbers, those without have a place.
        let found = by_place().or_else(|| self.by_ranking.get(&ranking_id));
        match found {
            Some(Ok(scores)) => Ok(*scores),
            Some(Err(reason)) => Err(reason.to_string()),
            None => Err("the folder of --scores has no scores of it".into()),
        }
    }
}
