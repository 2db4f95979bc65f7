//! One output file: the scores of a range of rows.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::Arc,
};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{Type, TypePtr},
};

use crate::{
    error::BulkError,
    inputs::Input,
    plan::Job,
    states::{self, State},
};

/// The scores of a range of rows.
#[derive(Debug)]
pub(crate) struct Shard<'a> {
    pub(crate) key: Keys<'a>,
    /// The columns of each model.
    pub(crate) models: Vec<ModelScores<'a>>,
    /// What produced it: names with values.
    pub(crate) notes: Vec<(&'static str, String)>,
}

/// What identifies each row.
#[derive(Debug)]
pub(crate) enum Keys<'a> {
    RankingId(Vec<Option<i64>>),
    /// The input's name, and the numbers of the rows.
    Row(&'a str, Vec<i64>),
    /// All of these, because some rows have no id.
    Both(Vec<Option<i64>>, &'a str, Vec<i64>),
}

/// The scores of a model.
#[derive(Debug)]
pub(crate) struct ModelScores<'a> {
    /// The prefix of its columns; `None` for the only model.
    pub(crate) prefix: Option<&'a str>,
    /// For each image of a row, the rows' scores or why there is none.
    pub(crate) images: Vec<Vec<Result<f32, String>>>,
}

impl<'a> Keys<'a> {
    /// The keys of a range, whose rows have these ids if the input has any.
    pub(crate) fn new(input: &'a Input, job: &Job, ids: Vec<Option<i64>>) -> Self {
        let numbers = job.numbers().collect();
        match input.table.layout().has_ranking_id {
            true if ids.iter().all(Option::is_some) => Self::RankingId(ids),
            true => Self::Both(ids, &input.name, numbers),
            false => Self::Row(&input.name, numbers),
        }
    }

    fn ids(&self) -> Option<&[Option<i64>]> {
        match self {
            Self::RankingId(ids) | Self::Both(ids, ..) => Some(ids),
            Self::Row(..) => None,
        }
    }

    /// The input's name, and the numbers of the rows.
    fn places(&self) -> Option<(&'a str, &[i64])> {
        match self {
            Self::Row(name, rows) | Self::Both(_, name, rows) => Some((*name, rows)),
            Self::RankingId(_) => None,
        }
    }
}

/// The note of the input's name.
pub(crate) const INPUT: &str = "pickscore.input";
/// The note of the hash of the input's content.
pub(crate) const CONTENT: &str = "pickscore.content";
/// The note of the columns that were read.
pub(crate) const COLUMNS: &str = "pickscore.columns";

/// What is noted in the file of a range. `models` describes the models; the numbers are of the rows
/// without a score of some model, and without any.
pub(crate) fn notes(
    (input, job): (&Input, &Job),
    models: Vec<serde_json::Value>,
    states: &[State],
    (failed, unscored): (u64, u64),
) -> Result<Vec<(&'static str, String)>, BulkError> {
    let mut notes = vec![
        ("pickscore.version", env!("CARGO_PKG_VERSION").into()),
        ("pickscore.models", serde_json::Value::from(models).to_string()),
        (INPUT, input.name.clone()),
        (CONTENT, input.content()?.to_owned()),
        (COLUMNS, input.columns()),
        ("pickscore.rows", format!("{}..{}", job.rows.start, job.rows.end)),
        ("pickscore.failed", failed.to_string()),
        ("pickscore.unscored", unscored.to_string()),
    ];
    if states.iter().any(Option::is_some) {
        notes.push((states::NOTE, states::written(states)));
        notes.push((states::FOLDER, input.resolved_folder().to_owned()));
    }
    Ok(notes)
}

impl ModelScores<'_> {
    fn names(&self, stem: &str) -> impl Iterator<Item = String> {
        let prefix = self.prefix.map(|prefix| format!("{prefix}.")).unwrap_or_default();
        let several = self.images.len() > 1;
        let stem = stem.to_owned();
        (0..self.images.len()).map(move |image| {
            let number = if several { format!("_{image}") } else { String::new() };
            format!("{prefix}{stem}{number}")
        })
    }
}

impl Shard<'_> {
    /// Writes the file under another name, and renames it when it is complete.
    pub(crate) fn write(&self, path: &Path, aside: &Path) -> Result<(), BulkError> {
        let bytes = self.encoded()?;
        let written = File::create(aside).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        let renamed = written.and_then(|()| fs::rename(aside, path));
        renamed.map_err(|error| {
            let _ = fs::remove_file(aside);
            BulkError::write(path, error)
        })
    }

    fn encoded(&self) -> Result<Vec<u8>, BulkError> {
        let notes = self.notes.iter().map(|(name, value)| KeyValue::new((*name).to_owned(), value.clone()));
        let properties = WriterProperties::builder()
            .set_created_by(concat!("pickscore ", env!("CARGO_PKG_VERSION")).into())
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(notes.collect()));
        let mut file = SerializedFileWriter::new(Vec::new(), self.schema()?, Arc::new(properties.build()))?;
        let mut group = file.next_row_group()?;
        if let Some(ids) = self.key.ids() {
            column::<Int64Type>(&mut group, ids.iter().copied())?;
        }
        if let Some((name, rows)) = self.key.places() {
            let name = ByteArray::from(name);
            column::<ByteArrayType>(&mut group, rows.iter().map(|_| Some(name.clone())))?;
            column::<Int64Type>(&mut group, rows.iter().map(|&row| Some(row)))?;
        }
        for model in &self.models {
            for scores in &model.images {
                column::<FloatType>(&mut group, scores.iter().map(|score| score.as_ref().ok().copied()))?;
            }
            for scores in &model.images {
                let reason =
                    |score: &Result<f32, String>| score.as_ref().err().map(|e| ByteArray::from(e.as_str()));
                column::<ByteArrayType>(&mut group, scores.iter().map(reason))?;
            }
        }
        group.close()?;
        Ok(file.into_inner()?)
    }

    fn schema(&self) -> Result<TypePtr, ParquetError> {
        let text = Some(LogicalType::String);
        let mut fields = Vec::new();
        let mut add = |name: &str, physical, logical| -> Result<(), ParquetError> {
            let field = Type::primitive_type_builder(name, physical).with_logical_type(logical);
            fields.push(Arc::new(field.with_repetition(Repetition::OPTIONAL).build()?));
            Ok(())
        };
        if self.key.ids().is_some() {
            add("ranking_id", Physical::INT64, None)?;
        }
        if self.key.places().is_some() {
            add("file", Physical::BYTE_ARRAY, text.clone())?;
            add("row", Physical::INT64, None)?;
        }
        for model in &self.models {
            for name in model.names("score") {
                add(&name, Physical::FLOAT, None)?;
            }
            for name in model.names("error") {
                add(&name, Physical::BYTE_ARRAY, text.clone())?;
            }
        }
        Type::group_type_builder("schema").with_fields(fields).build().map(Arc::new)
    }
}

/// Writes the next column of nullable values.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("there are more columns than the schema has".into());
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    let values: Vec<Option<T::T>> = values.collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    writer.close()
}
