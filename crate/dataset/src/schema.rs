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
    column("label_0", Kind::Real, false),
    column("label_1", Kind::Real, false),
    column("model_0", Kind::Text, false),
    column("model_1", Kind::Text, false),
    column("ranking_id", Kind::Integer, false),
    column("user_id", Kind::Integer, false),
    column("num_example_per_prompt", Kind::Integer, false),
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
    /// How values are stored.
    pub(super) form: Form,
    /// Whether it is the `bytes` of a struct of an image's bytes and path.
    pub(super) in_struct: bool,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    /// 32 bits, signed or not.
    Int32 {
        signed: bool,
    },
    /// 64 bits, signed or not.
    Int64 {
        signed: bool,
    },
    /// Nanoseconds of a day and the day, as Spark and Impala write times.
    Int96,
    /// 64 bits times so many nanoseconds.
    Time {
        unit: i64,
    },
    /// Days since 1970.
    Date,
    /// 16 bits.
    Half,
    Float,
    Double,
    /// A whole number over a power of ten: in 32 or 64 bits, or in so many bytes.
    Decimal32 {
        scale: u32,
    },
    Decimal64 {
        scale: u32,
    },
    DecimalBytes {
        scale: u32,
    },
    /// Texts and images.
    Bytes,
    /// 16 bytes that are written with hyphens.
    Uuid,
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
            // What pandas writes for a column of nothing but None.
            if matches!(leaf.logical_type_ref(), Some(LogicalType::Unknown)) && !column.needed {
                continue;
            }
            // Hugging Face's `Image` is a struct of the bytes and a path, of which only the bytes are read.
            match path[1..] {
                [] => {}
                ["bytes"] if column.kind == Kind::Image => {}
                ["path"] if column.kind == Kind::Image => continue,
                _ if leaf.max_rep_level() > 0 => return Err(wrong(file, column, "a list".into())),
                _ => return Err(wrong(file, column, "nested".into())),
            }
            let form = fitting(column, leaf).map_err(|found| wrong(file, column, found))?;
            let leaf = Leaf { index, present: leaf.max_def_level(), form, in_struct: path.len() > 1 };
            if found.insert(column.name, (column, leaf)).is_some() {
                return Err(wrong(file, column, "there twice".into()));
            }
        }
        let missing = COLUMNS.iter().filter(|column| column.needed && !found.contains_key(column.name));
        let mut columns: Vec<&'static str> = missing.map(|column| column.name).collect();
        let uids = ["best_image_uid", "image_0_uid", "image_1_uid"];
        let has_label = ["label_0", "label_1"].iter().any(|name| found.contains_key(name));
        if !has_label && !uids.iter().all(|name| found.contains_key(name)) {
            columns.push("label_0");
        }
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
        Kind::Bool => "bool, or numbers that are 0 or 1",
        Kind::Text => "string",
        Kind::Time => "timestamp or date",
        Kind::Image => "binary, or a struct with binary `bytes`",
        Kind::Real => "a number: float, integer, decimal or bool",
        Kind::Integer => "whole numbers",
    };
    DatasetError::ColumnType { file: file.into(), column: column.name, expected, found }
}

/// How the file stores the values of this column of the schema, or what it has instead.
fn fitting(column: Column, leaf: &ColumnDescriptor) -> Result<Form, String> {
    if leaf.max_rep_level() > 0 {
        return Err("a list".into());
    }
    let logical = leaf.logical_type_ref();
    // Files of Parquet's first version have the older annotation alone.
    let converted = leaf.converted_type();
    let annotated = logical.is_some() || converted != ConvertedType::NONE;
    let text = matches!(logical, Some(LogicalType::String)) || converted == ConvertedType::UTF8;
    let form = match (column.kind, leaf.physical_type()) {
        (Kind::Text, Physical::BYTE_ARRAY) if text => Some(Form::Bytes),
        (Kind::Text, Physical::FIXED_LEN_BYTE_ARRAY)
            if matches!(logical, Some(LogicalType::Uuid)) && leaf.type_length() == 16 =>
        {
            Some(Form::Uuid)
        }
        (Kind::Image, Physical::BYTE_ARRAY) if !annotated => Some(Form::Bytes),
        (Kind::Time, Physical::INT64) => unit(logical, converted).map(|unit| Form::Time { unit }),
        (Kind::Time, Physical::INT96) => Some(Form::Int96),
        (Kind::Time, Physical::INT32) => (converted == ConvertedType::DATE).then_some(Form::Date),
        (Kind::Bool | Kind::Real | Kind::Integer, _) => number(leaf),
        _ => None,
    };
    form.ok_or_else(|| described(leaf, text))
}

/// A timestamp's unit in nanoseconds.
fn unit(logical: Option<&LogicalType>, converted: ConvertedType) -> Option<i64> {
    match (logical, converted) {
        (Some(LogicalType::Timestamp(timestamp)), _) => Some(match timestamp.unit {
            TimeUnit::MILLIS => 1_000_000,
            TimeUnit::MICROS => 1000,
            TimeUnit::NANOS => 1,
        }),
        (None, ConvertedType::TIMESTAMP_MILLIS) => Some(1_000_000),
        (None, ConvertedType::TIMESTAMP_MICROS) => Some(1000),
        _ => None,
    }
}

/// How a column stores numbers, where it has some.
fn number(leaf: &ColumnDescriptor) -> Option<Form> {
    let (logical, converted) = (leaf.logical_type_ref(), leaf.converted_type());
    // More digits than these are in no label.
    let scale = || u32::try_from(leaf.type_scale()).ok().filter(|&scale| scale <= 18);
    let decimal = matches!(logical, Some(LogicalType::Decimal(_)))
        || (logical.is_none() && converted == ConvertedType::DECIMAL);
    let signed = match logical {
        Some(LogicalType::Integer(integer)) => Some(integer.is_signed),
        Some(_) => None,
        None => match converted {
            ConvertedType::NONE
            | ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64 => Some(true),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Some(false),
            _ => None,
        },
    };
    match leaf.physical_type() {
        Physical::BOOLEAN => Some(Form::Bool),
        Physical::FLOAT => Some(Form::Float),
        Physical::DOUBLE => Some(Form::Double),
        Physical::INT32 if decimal => scale().map(|scale| Form::Decimal32 { scale }),
        Physical::INT64 if decimal => scale().map(|scale| Form::Decimal64 { scale }),
        Physical::INT32 => signed.map(|signed| Form::Int32 { signed }),
        Physical::INT64 => signed.map(|signed| Form::Int64 { signed }),
        Physical::FIXED_LEN_BYTE_ARRAY if decimal && (1..=16).contains(&leaf.type_length()) => {
            scale().map(|scale| Form::DecimalBytes { scale })
        }
        Physical::FIXED_LEN_BYTE_ARRAY
            if matches!(logical, Some(LogicalType::Float16)) && leaf.type_length() == 2 =>
        {
            Some(Form::Half)
        }
        _ => None,
    }
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
