//! Finds the columns of a file and determines how their values are stored.

use std::{collections::BTreeMap, sync::Arc};

use parquet::{
    basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical},
    errors::ParquetError,
    schema::types::{ColumnDescriptor, SchemaDescriptor, Type, TypePtr},
};

use crate::{
    columns::{COLUMNS, Cell, Column, Presence},
    error::DatasetError,
};

/// A column of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Its index in the file.
    pub(super) index: usize,
    /// The definition level of a value that is not null.
    pub(super) present: i16,
    /// The storage type of its values.
    pub(super) form: Form,
    /// Whether it is the field `bytes` of an image struct.
    pub(super) in_struct: bool,
}

/// The storage type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    /// A 32-bit integer.
    Int32 {
        signed: bool,
    },
    /// A 64-bit integer.
    Int64 {
        signed: bool,
    },
    /// A time as nanoseconds of the day and Julian day, as written by Spark and Impala.
    Int96,
    /// A time as a 64-bit integer, in units of this many nanoseconds.
    Time {
        unit: i64,
    },
    /// Days since 1970.
    Date,
    /// A 16-bit float.
    Half,
    Float,
    Double,
    /// A decimal: an integer divided by a power of ten, in 32 bits, 64 bits or bytes.
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
    /// A UUID of 16 bytes.
    Uuid,
}

/// The columns of the schema that a file has.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout(BTreeMap<&'static str, (&'static Column, Leaf)>);

impl Layout {
    /// Finds the columns in any order. Other columns are ignored.
    pub(super) fn of(file: &str, schema: &SchemaDescriptor) -> Result<Self, DatasetError> {
        let mut found = BTreeMap::new();
        for (index, leaf) in schema.columns().iter().enumerate() {
            let path: Vec<&str> = leaf.path().parts().iter().map(String::as_str).collect();
            let Some(column) = COLUMNS.iter().find(|column| path.first() == Some(&column.name)) else {
                continue;
            };
            // pandas writes this type for a column of nulls.
            if matches!(leaf.logical_type_ref(), Some(LogicalType::Unknown))
                && column.presence != Presence::Needed
            {
                continue;
            }
            // Hugging Face's `Image` is a struct with the bytes and a path, which is ignored.
            match path[1..] {
                [] => {}
                ["bytes"] if column.is_image() => {}
                ["path"] if column.is_image() => continue,
                _ if leaf.max_rep_level() > 0 => return Err(wrong(file, column, "a list".into())),
                _ => return Err(wrong(file, column, "nested".into())),
            }
            let form = fitting(column, leaf).map_err(|found| wrong(file, column, found))?;
            let leaf = Leaf { index, present: leaf.max_def_level(), form, in_struct: path.len() > 1 };
            if found.insert(column.name, (column, leaf)).is_some() {
                return Err(wrong(file, column, "a duplicate".into()));
            }
        }
        let missing = COLUMNS.iter().filter(|column| column.presence == Presence::Needed);
        let missing = missing.map(|column| column.name).filter(|name| !found.contains_key(name));
        let mut columns: Vec<&'static str> = missing.collect();
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

    /// The column with this name in the file.
    pub(super) fn leaf(&self, name: &str) -> Option<Leaf> {
        self.column(name).map(|(_, leaf)| leaf)
    }

    /// The column with this name in the schema and in the file.
    pub(super) fn column(&self, name: &str) -> Option<(&'static Column, Leaf)> {
        self.0.get(name).copied()
    }

    /// All columns of the schema that the file has.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static Column, Leaf)> + '_ {
        self.0.values().copied()
    }
}

fn wrong(file: &str, column: &'static Column, found: String) -> DatasetError {
    let expected = match column.cell {
        Cell::Bool(..) => "bool, or numbers that are 0 or 1",
        Cell::Text(..) => "string",
        Cell::Time(..) => "timestamp or date",
        Cell::Image(_) => "binary, or a struct with binary `bytes`",
        Cell::Real(..) => "a number: float, integer, decimal or bool",
        Cell::Integer(..) => "whole numbers",
    };
    DatasetError::ColumnType { file: file.into(), column: column.name, expected, found }
}

/// The storage type of a column, or a description of its type if it does not fit.
fn fitting(column: &Column, leaf: &ColumnDescriptor) -> Result<Form, String> {
    if leaf.max_rep_level() > 0 {
        return Err("a list".into());
    }
    let logical = leaf.logical_type_ref();
    // Older files have only the converted type.
    let converted = leaf.converted_type();
    let annotated = logical.is_some() || converted != ConvertedType::NONE;
    let text = matches!(logical, Some(LogicalType::String)) || converted == ConvertedType::UTF8;
    let form = match (column.cell, leaf.physical_type()) {
        (Cell::Text(..), Physical::BYTE_ARRAY) if text => Some(Form::Bytes),
        (Cell::Text(..), Physical::FIXED_LEN_BYTE_ARRAY)
            if matches!(logical, Some(LogicalType::Uuid)) && leaf.type_length() == 16 =>
        {
            Some(Form::Uuid)
        }
        (Cell::Image(_), Physical::BYTE_ARRAY) if !annotated => Some(Form::Bytes),
        (Cell::Time(..), Physical::INT64) => unit(logical, converted).map(|unit| Form::Time { unit }),
        (Cell::Time(..), Physical::INT96) => Some(Form::Int96),
        (Cell::Time(..), Physical::INT32) => (converted == ConvertedType::DATE).then_some(Form::Date),
        (Cell::Bool(..) | Cell::Real(..) | Cell::Integer(..), _) => number(leaf),
        _ => None,
    };
    form.ok_or_else(|| described(leaf, text))
}

/// The unit of a timestamp, in nanoseconds.
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

/// The storage type of a numeric column; `None` for others.
pub(super) fn number(leaf: &ColumnDescriptor) -> Option<Form> {
    let (logical, converted) = (leaf.logical_type_ref(), leaf.converted_type());
    // A larger scale is not useful for labels.
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

/// The name of a column's type for errors.
fn described(leaf: &ColumnDescriptor, text: bool) -> String {
    // Readers of Parquet know these names, and not those of the format.
    let stored = match leaf.physical_type() {
        _ if text => "string".into(),
        Physical::BYTE_ARRAY => "binary".into(),
        Physical::FIXED_LEN_BYTE_ARRAY => format!("binary of fixed length {}", leaf.type_length()),
        Physical::BOOLEAN => "bool".into(),
        physical => physical.to_string().to_lowercase(),
    };
    match leaf.logical_type_ref() {
        Some(logical) if !text && leaf.physical_type() != Physical::BOOLEAN => {
            format!("{stored} ({logical:?})")
        }
        _ => stored,
    }
}

/// The schema of written files. All columns are nullable, as in files of pandas.
pub(super) fn schema(kind: bool, collected: bool) -> Result<TypePtr, ParquetError> {
    let columns = COLUMNS.iter().filter(|column| column.is_written(kind, collected));
    let fields = columns.map(|column| {
        let (physical, logical) = match column.cell {
            Cell::Bool(..) => (Physical::BOOLEAN, None),
            Cell::Text(..) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Cell::Time(..) => (Physical::INT64, Some(LogicalType::timestamp(false, TimeUnit::NANOS))),
            Cell::Image(_) => (Physical::BYTE_ARRAY, None),
            Cell::Real(..) => (Physical::DOUBLE, None),
            Cell::Integer(..) => (Physical::INT64, None),
        };
        let field = Type::primitive_type_builder(column.name, physical);
        field.with_logical_type(logical).with_repetition(Repetition::OPTIONAL).build().map(Arc::new)
    });
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("schema").with_fields(fields).build().map(Arc::new)
}
