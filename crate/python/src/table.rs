//! The rows of a table as items, and scores as a table.

use std::{path::PathBuf, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Float32Array, RecordBatch, RecordBatchReader as _, StringArray, cast::AsArray,
    ffi_stream::RecordBatchStreamReader,
};
use arrow_schema::{DataType, Field, Schema};
use pyo3::prelude::*;

use crate::{
    arguments::Text,
    arrow::{self, Table},
    fault::Fault,
    image::{Encoded, Source},
    pipeline::Outcome,
    work::Item,
};

/// The items of a table.
pub(crate) struct Rows {
    reader: RecordBatchStreamReader,
    /// The place of the column of prompts, for scorers that read prompts.
    prompt: Option<usize>,
    image: usize,
    /// The current batch, and its next row.
    batch: Option<Batch>,
    row: usize,
}

struct Batch {
    prompts: Option<Column>,
    images: Column,
    rows: usize,
}

impl Rows {
    /// # Errors
    ///
    /// Fails if the table has no such column, or one of another type.
    pub(crate) fn new(
        reader: RecordBatchStreamReader,
        prompt: Option<&str>,
        image: &str,
    ) -> Result<Self, Fault> {
        let schema = reader.schema();
        let column = |name: &str, expected: &str, fits: fn(&DataType) -> bool| {
            let Some((at, field)) = schema.column_with_name(name) else {
                let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                let names = names.join(", ");
                return Err(Fault::argument(format!(
                    "the table has no column {name:?}; its columns are {names}"
                )));
            };
            if !fits(field.data_type()) {
                let found = field.data_type();
                return Err(Fault::argument(format!("the column {name:?} is {found}; expected {expected}")));
            }
            Ok(at)
        };
        let prompt = prompt.map(|name| column(name, "strings", is_text)).transpose()?;
        let image = column(image, "the bytes of images, or their paths", is_image)?;
        Ok(Self { reader, prompt, image, batch: None, row: 0 })
    }

    /// The item of the next row.
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<Item>> {
        loop {
            if let Some(batch) = &self.batch
                && self.row < batch.rows
            {
                let row = self.row;
                self.row += 1;
                return Ok(Some(batch.item(row)));
            }
            let Some(batch) = arrow::next(py, &mut self.reader)? else { return Ok(None) };
            self.row = 0;
            self.batch = Some(Batch {
                prompts: self.prompt.map(|column| Column::new(batch.column(column))),
                images: Column::new(batch.column(self.image)),
                rows: batch.num_rows(),
            });
        }
    }
}

impl Batch {
    fn item(&self, row: usize) -> Item {
        let prompt = match &self.prompts {
            None => Ok("".into()),
            Some(prompts) => {
                let found = prompts.place(row).and_then(|place| text(&prompts.values, place));
                found.map(Text::from).ok_or_else(|| Fault::new("empty-prompt", "the row has no prompt"))
            }
        };
        let found = self.images.place(row).and_then(|place| source(&self.images.values, place));
        Item { prompt, image: found.ok_or_else(|| Fault::new("not-found", "the row has no image")) }
    }
}

/// A column, whose values may be in a dictionary.
struct Column {
    array: ArrayRef,
    values: ArrayRef,
    /// The place of each row's value, if they are in a dictionary.
    keys: Option<Vec<usize>>,
}

impl Column {
    fn new(array: &ArrayRef) -> Self {
        let (values, keys) = match array.as_any_dictionary_opt() {
            Some(dictionary) if dictionary.values().is_empty() => {
                (Arc::clone(dictionary.values()), Some(Vec::new()))
            }
            Some(dictionary) => (Arc::clone(dictionary.values()), Some(dictionary.normalized_keys())),
            None => (Arc::clone(array), None),
        };
        Self { array: Arc::clone(array), values, keys }
    }

    /// The place of a row's value; `None` if the row has none.
    fn place(&self, row: usize) -> Option<usize> {
        let place = match &self.keys {
            _ if self.array.is_null(row) => return None,
            Some(keys) => *keys.get(row)?,
            None => row,
        };
        (!self.values.is_null(place)).then_some(place)
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_bytes(kind: &DataType) -> bool {
    matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// Bytes, paths, or Hugging Face's structs of `bytes` and `path`.
fn is_image(kind: &DataType) -> bool {
    match kind {
        DataType::Struct(fields) => {
            let of = |name: &str| fields.iter().find(|field| field.name() == name);
            of("bytes").is_some_and(|field| is_bytes(field.data_type()))
                && of("path").is_none_or(|field| is_text(field.data_type()))
        }
        DataType::Dictionary(_, values) => is_image(values),
        kind => is_bytes(kind) || is_text(kind),
    }
}

/// The text of a value that is not null.
fn text(array: &dyn Array, place: usize) -> Option<&str> {
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(place)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(place)),
        DataType::Utf8View => Some(array.as_string_view().value(place)),
        _ => None,
    }
}

/// The bytes of a value that is not null.
fn bytes(array: &dyn Array, place: usize) -> Option<&[u8]> {
    match array.data_type() {
        DataType::Binary => Some(array.as_binary::<i32>().value(place)),
        DataType::LargeBinary => Some(array.as_binary::<i64>().value(place)),
        DataType::BinaryView => Some(array.as_binary_view().value(place)),
        _ => None,
    }
}

/// The image of a value that is not null.
fn source(array: &ArrayRef, place: usize) -> Option<Source> {
    if let Some(pair) = array.as_struct_opt() {
        let of = |name: &str| {
            let column = Column::new(pair.column_by_name(name)?);
            column.place(place).and_then(|place| source(&column.values, place))
        };
        return of("bytes").or_else(|| of("path"));
    }
    if let Some(bytes) = bytes(array, place) {
        return Some(Source::Encoded(Encoded::Owned(bytes.to_vec())));
    }
    text(array, place).map(|path| Source::Path(PathBuf::from(path)))
}

/// The table of scores: `score`, null where there is none, and `error`, the reason.
pub(crate) fn scores(outcomes: &[Outcome<f32>]) -> Result<Table, Fault> {
    let score: Float32Array = outcomes.iter().map(|outcome| outcome.as_ref().ok().copied()).collect();
    let error: StringArray =
        outcomes.iter().map(|outcome| outcome.as_ref().err().map(|fault| fault.message.as_str())).collect();
    let schema = Schema::new(vec![
        Field::new("score", DataType::Float32, true),
        Field::new("error", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(score), Arc::new(error)];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).map_err(Fault::internal)?;
    Ok(Table::new(batch))
}
