//! Pick-a-Pic's columns, and whether a file has them.

use std::{collections::BTreeMap, sync::Arc};

use parquet::{
    basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical},
    errors::ParquetError,
    schema::types::{ColumnDescriptor, SchemaDescriptor, Type, TypePtr},
};

use super::DatasetError;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Text,
    Time,
    Image,
    Real,
    Integer,
}

/// A column of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether a file without it is refused.
    needed: bool,
}

const fn column(name: &'static str, kind: Kind, needed: bool) -> Column {
    Column { name, kind, needed }
}

/// The published columns in the published order, and ours after them.
pub(super) const COLUMNS: [Column; 35] = [
    column("are_different", Kind::Bool, false),
    column("best_image_uid", Kind::Text, false),
    column("caption", Kind::Text, true),
    column("created_at", Kind::Time, false),
    column("has_label", Kind::Bool, false),
    column("image_0_uid", Kind::Text, false),
    column("image_0_url", Kind::Text, false),
    column("image_1_uid", Kind::Text, false),
    column("image_1_url", Kind::Text, false),
    column("jpg_0", Kind::Image, true),
    column("jpg_1", Kind::Image, true),
    column("label_0", Kind::Real, true),
    column("label_1", Kind::Real, true),
    column("model_0", Kind::Text, false),
    column("model_1", Kind::Text, false),
    column("ranking_id", Kind::Integer, false),
    column("user_id", Kind::Integer, false),
    column("num_example_per_prompt", Kind::Integer, true),
    column("__index_level_0__", Kind::Integer, false),
    column(KIND, Kind::Text, false),
    column(RECORD_VERSION, Kind::Integer, false),
    column("pickscore_uid", Kind::Text, false),
    column("pickscore_session_uid", Kind::Text, false),
    column("pickscore_rater_uid", Kind::Text, false),
    column("pickscore_side_0", Kind::Text, false),
    column("pickscore_mode", Kind::Text, false),
    column("pickscore_control", Kind::Text, false),
    column("pickscore_retest_of", Kind::Text, false),
    column("pickscore_seconds", Kind::Real, false),
    column("pickscore_scores_visible", Kind::Bool, false),
    column("pickscore_scorer", Kind::Text, false),
    column("pickscore_scorer_version", Kind::Text, false),
    column("pickscore_score_0", Kind::Real, false),
    column("pickscore_score_1", Kind::Real, false),
    column("pickscore_app_version", Kind::Text, false),
];

/// Our own column of made data sets.
pub(super) const KIND: &str = "pickscore_kind";
/// The column that says that a row has the others of ours, those of [`super::Collected`].
pub(super) const RECORD_VERSION: &str = "pickscore_record_version";

impl Column {
    /// Whether a file has the column: Pick-a-Pic's always, ours where they were asked for.
    pub(super) fn is_written(&self, kind: bool, collected: bool) -> bool {
        match self.name {
            KIND => kind,
            name => collected || !name.starts_with("pickscore_"),
        }
    }
}

/// A column within a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Which of the file's columns it is.
    pub(super) index: usize,
    /// The definition level of a value that is there.
    pub(super) present: i16,
    /// What a number is multiplied by: a timestamp's unit in nanoseconds, else 1.
    pub(super) unit: i64,
    /// Whether a number has 32 bits only.
    pub(super) narrow: bool,
}

/// Where a file has each column of the schema.
#[derive(Debug, Clone)]
pub(super) struct Layout(BTreeMap<&'static str, (Column, Leaf)>);

impl Layout {
    /// Finds the columns, in whatever order they are; others are ignored.
    pub(super) fn of(file: &str, schema: &SchemaDescriptor) -> Result<Self, DatasetError> {
        let mut found = BTreeMap::new();
        for (index, leaf) in schema.columns().iter().enumerate() {
            let path: Vec<&str> = leaf.path().parts().iter().map(String::as_str).collect();
            let Some(&column) = COLUMNS.iter().find(|column| path.first() == Some(&column.name)) else {
                continue;
            };
            // Hugging Face's `Image` is a struct of the bytes and a path, of which only the bytes are read.
            // What pandas writes for a column of nothing but None.
            if matches!(leaf.logical_type_ref(), Some(LogicalType::Unknown)) && !column.needed {
                continue;
            }
            match path[1..] {
                [] => {}
                ["bytes"] if column.kind == Kind::Image => {}
                ["path"] if column.kind == Kind::Image => continue,
                _ => return Err(wrong(file, column, "nested".into())),
            }
            let leaf = fitting(column, index, leaf).map_err(|found| wrong(file, column, found))?;
            if found.insert(column.name, (column, leaf)).is_some() {
                return Err(wrong(file, column, "there twice".into()));
            }
        }
        let missing = COLUMNS.iter().filter(|column| column.needed && !found.contains_key(column.name));
        let columns: Vec<&'static str> = missing.map(|column| column.name).collect();
        if columns.is_empty() {
            Ok(Self(found))
        } else {
            Err(DatasetError::MissingColumns { file: file.into(), columns })
        }
    }

    /// Where a column is, if anywhere.
    pub(super) fn leaf(&self, name: &str) -> Option<Leaf> {
        self.0.get(name).map(|&(_, leaf)| leaf)
    }

    /// All that were found.
    pub(super) fn columns(&self) -> impl Iterator<Item = (Column, Leaf)> + '_ {
        self.0.values().copied()
    }
}

fn wrong(file: &str, column: Column, found: String) -> DatasetError {
    let expected = match column.kind {
        Kind::Bool => "bool",
        Kind::Text => "string",
        Kind::Time => "timestamp in ms, us or ns",
        Kind::Image => "binary, or a struct with binary `bytes`",
        Kind::Real => "double",
        Kind::Integer => "int64",
    };
    DatasetError::ColumnType { file: file.into(), column: column.name, expected, found }
}

/// The file's column as this column of the schema, or what it is instead.
fn fitting(column: Column, index: usize, leaf: &ColumnDescriptor) -> Result<Leaf, String> {
    if leaf.max_rep_level() > 0 {
        return Err("a list".into());
    }
    let logical = leaf.logical_type_ref();
    // Files of Parquet's first version have the older annotation alone.
    let converted = leaf.converted_type();
    let annotated = logical.is_some() || converted != ConvertedType::NONE;
    let text = matches!(logical, Some(LogicalType::String)) || converted == ConvertedType::UTF8;
    let signed = match logical {
        Some(LogicalType::Integer(integer)) => integer.is_signed,
        Some(_) => false,
        None => !annotated || matches!(converted.to_string().as_str(), "INT_32" | "INT_64"),
    };
    let unit = match (logical, converted) {
        (Some(LogicalType::Timestamp(timestamp)), _) => Some(match timestamp.unit {
            TimeUnit::MILLIS => 1_000_000,
            TimeUnit::MICROS => 1000,
            TimeUnit::NANOS => 1,
        }),
        (None, ConvertedType::TIMESTAMP_MILLIS) => Some(1_000_000),
        (None, ConvertedType::TIMESTAMP_MICROS) => Some(1000),
        _ => None,
    };
    let unit = match (column.kind, leaf.physical_type()) {
        (Kind::Bool, Physical::BOOLEAN) => Some(1),
        (Kind::Text, Physical::BYTE_ARRAY) if text => Some(1),
        (Kind::Image, Physical::BYTE_ARRAY) if !annotated => Some(1),
        (Kind::Time, Physical::INT64) => unit,
        (Kind::Real, Physical::DOUBLE | Physical::FLOAT) => Some(1),
        (Kind::Integer, Physical::INT64 | Physical::INT32) if signed => Some(1),
        _ => None,
    };
    let narrow = matches!(leaf.physical_type(), Physical::FLOAT | Physical::INT32);
    let leaf_of = |unit| Leaf { index, present: leaf.max_def_level(), unit, narrow };
    unit.map(leaf_of).ok_or_else(|| described(leaf, text))
}

/// A column's type as people name it.
fn described(leaf: &ColumnDescriptor, text: bool) -> String {
    match (leaf.physical_type(), leaf.logical_type_ref()) {
        _ if text => "string".into(),
        (Physical::BYTE_ARRAY, None) => "binary".into(),
        (Physical::BOOLEAN, _) => "bool".into(),
        (physical, None) => physical.to_string().to_lowercase(),
        (physical, Some(logical)) => format!("{} ({logical:?})", physical.to_string().to_lowercase()),
    }
}

/// The schema to write: every column may be null, as pandas writes it.
pub(super) fn schema(kind: bool, collected: bool) -> Result<TypePtr, ParquetError> {
    let columns = COLUMNS.iter().filter(|column| column.is_written(kind, collected));
    let fields = columns.map(|column| {
        let (physical, logical) = match column.kind {
            Kind::Bool => (Physical::BOOLEAN, None),
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(false, TimeUnit::NANOS))),
            Kind::Image => (Physical::BYTE_ARRAY, None),
            Kind::Real => (Physical::DOUBLE, None),
            Kind::Integer => (Physical::INT64, None),
        };
        let field = Type::primitive_type_builder(column.name, physical);
        field.with_logical_type(logical).with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
    });
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("schema").with_fields(fields).build().map(Arc::new)
}
