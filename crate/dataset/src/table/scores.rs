//! Scores of a dataset: the files that `pickscore score --data` writes.

use std::{collections::BTreeMap, fs::File, path::Path};

use parquet::{
    basic::Type as Physical,
    data_type::{FloatType, Int64Type},
};
use pickscore_common::regular::open_regular;

use super::{
    TableColumns,
    parquet::{Stored, is_text, stored, texts},
};
use crate::{
    decoder::{GroupDecoder, Part},
    error::DatasetError,
    files::unreadable,
    limits::GROUP_BYTES,
    parquet_file::{ParquetFile, contained},
    schema::Form,
};

/// A file with a row of scores for each row of a dataset.
#[derive(Debug)]
pub struct ScoreTable {
    file: ParquetFile<File>,
    ranking_id: Option<Stored>,
    place: Option<[Stored; 2]>,
    models: Vec<Columns>,
}

/// The columns of a model in the file.
#[derive(Debug)]
struct Columns {
    /// The text before their names; `None` for the only model.
    prefix: Option<String>,
    scores: Vec<Stored>,
    errors: Vec<Option<Stored>>,
}

/// What identifies a row of the dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKey {
    /// Pick-a-Pic's number.
    RankingId(i64),
    /// A file and the number of the row in it.
    Place(String, i64),
    /// Nothing: the number is null.
    None,
}

/// The scores of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelColumns {
    /// The model's name; `None` for the only model.
    pub model: Option<String>,
    /// For each image of a row, the rows' scores or why there is none.
    pub images: Vec<Vec<Result<f32, String>>>,
}

/// The rows of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredRows {
    /// What identifies each row.
    pub keys: Vec<RowKey>,
    /// The scores of each model.
    pub models: Vec<ModelColumns>,
}

impl ScoreTable {
    /// Opens a file and finds its columns.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or has no scores or no key.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let source = open_regular(path).map_err(|error| unreadable(path, error))?;
        let file = ParquetFile::open_any(path.display().to_string(), source)?;
        let schema = file.metadata.file_metadata().schema_descr();
        let find = |name: &str, physical: Physical, form: Form| {
            let mut columns = schema.columns().iter().enumerate();
            let found = columns.find(|(_, leaf)| leaf.path().parts() == [name]);
            let (index, leaf) = found.filter(|(_, leaf)| leaf.physical_type() == physical)?;
            (physical != Physical::BYTE_ARRAY || is_text(leaf)).then_some(())?;
            stored(&file, name, index, leaf, form).ok()
        };
        let number = |name: &str| find(name, Physical::INT64, Form::Int64 { signed: true });
        let text = |name: &str| find(name, Physical::BYTE_ARRAY, Form::Bytes);
        let ranking_id = number(TableColumns::RANKING_ID);
        let place = text("file").zip(number("row")).map(<[Stored; 2]>::from);
        let mut models: Vec<Columns> = Vec::new();
        let names: Vec<&str> = schema.root_schema().get_fields().iter().map(|field| field.name()).collect();
        for name in &names {
            // A model's name may have dots.
            let (prefix, last) =
                name.rsplit_once('.').map_or((None, *name), |(prefix, last)| (Some(prefix), last));
            if !matches!(last, "score" | "score_0" | "score_1") {
                continue;
            }
            let Some(score) = find(name, Physical::FLOAT, Form::Float) else { continue };
            let of = |stem: &str| {
                format!("{}{stem}", prefix.map(|prefix| format!("{prefix}.")).unwrap_or_default())
            };
            let error = text(&of(&last.replace("score", "error")));
            let known = models.iter_mut().find(|model| model.prefix.as_deref() == prefix);
            match known {
                Some(model) => {
                    model.scores.push(score);
                    model.errors.push(error);
                }
                None => {
                    let prefix = prefix.map(str::to_owned);
                    models.push(Columns { prefix, scores: vec![score], errors: vec![error] });
                }
            }
        }
        let columns = || names.iter().map(|name| (*name).to_owned()).collect();
        let missing = |wanted: &str| {
            Err(DatasetError::NoColumn { file: file.name.clone(), wanted: wanted.into(), columns: columns() })
        };
        if models.is_empty() {
            return missing("of scores, such as `score_0`");
        }
        if ranking_id.is_none() && place.is_none() {
            return missing("`ranking_id`, nor `file` and `row`");
        }
        Ok(Self { file, ranking_id, place, models })
    }

    /// The names of the models; `None` for the only one.
    pub fn models(&self) -> impl Iterator<Item = Option<&str>> {
        self.models.iter().map(|model| model.prefix.as_deref())
    }

    /// What the writer noted in the file under a name.
    pub fn note(&self, name: &str) -> Option<&str> {
        let notes = self.file.metadata.file_metadata().key_value_metadata()?;
        notes.iter().find(|note| note.key == name)?.value.as_deref()
    }

    /// Reads all rows, in order.
    ///
    /// # Errors
    ///
    /// If the file is damaged, or has too many rows.
    pub fn read(&self) -> Result<ScoredRows, DatasetError> {
        let models = self.models.iter().map(|model| ModelColumns {
            model: model.prefix.clone(),
            images: vec![Vec::new(); model.scores.len()],
        });
        let mut found = ScoredRows { keys: Vec::new(), models: models.collect() };
        for (group, claimed) in self.file.metadata.row_groups().iter().enumerate() {
            let mut decoder = GroupDecoder {
                file: &self.file,
                part: Part { group, skip: 0 },
                rows: usize::try_from(claimed.num_rows()).unwrap_or_default(),
                first: found.keys.len() as u64,
                left: GROUP_BYTES,
                uncompressed: GROUP_BYTES,
                lenient: false,
                faults: BTreeMap::new(),
            };
            contained(&self.file.name, || self.group(&mut decoder, &mut found))?;
        }
        Ok(found)
    }

    fn group(
        &self,
        decoder: &mut GroupDecoder<'_, File>,
        found: &mut ScoredRows,
    ) -> Result<(), DatasetError> {
        let first = found.keys.len();
        let claimed = decoder.rows as u64;
        // Each value takes at least a bit in the file.
        let length = parquet::file::reader::Length::len(&*self.file.source);
        if claimed > length.saturating_mul(64) {
            let (file, group, limit) =
                (self.file.name.clone(), decoder.part.group, length.saturating_mul(64));
            return Err(DatasetError::Group { file, group, found: claimed, unit: "rows", limit });
        }
        found.keys.resize(first + decoder.rows, RowKey::None);
        let keys = &mut found.keys;
        if let Some(Stored { name, leaf }) = self.ranking_id {
            decoder.column::<Int64Type>(name, leaf, &mut |_, at, value| {
                keys[first + at] = value.map_or(RowKey::None, RowKey::RankingId);
                Ok(())
            })?;
        }
        if let Some([file, Stored { name, leaf }]) = self.place {
            texts(decoder, file, &mut |at, text| {
                if keys[first + at] == RowKey::None {
                    keys[first + at] = RowKey::Place(text.unwrap_or_default(), 0);
                }
            })?;
            decoder.column::<Int64Type>(name, leaf, &mut |_, at, value| {
                if let (RowKey::Place(_, row), Some(value)) = (&mut keys[first + at], value) {
                    *row = value;
                }
                Ok(())
            })?;
        }
        for (columns, model) in self.models.iter().zip(&mut found.models) {
            for ((score, error), found) in columns.scores.iter().zip(&columns.errors).zip(&mut model.images) {
                found.resize(first + decoder.rows, Err("there is no score".into()));
                if let Some(error) = *error {
                    texts(decoder, error, &mut |at, reason| {
                        found[first + at] = Err(reason.unwrap_or_else(|e| e))
                    })?;
                }
                decoder.column::<FloatType>(score.name, score.leaf, &mut |_, at, value| {
                    if let Some(value) = value {
                        found[first + at] = Ok(value);
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
