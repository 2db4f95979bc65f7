//! Rows as JSON Lines: the columns by their names, without the images, which are separate files.

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value};

use super::{row::cell_fault, time};
use crate::{
    columns::{COLUMNS, Cell, Column, Draft, FILES, Presence, RECORD_VERSION},
    derive::{LabelSource, label},
    error::DatasetError,
    limits::Place,
    row::Row,
};
use pickscore_preferences::{Fields, RecordError};

/// The columns of a text file, in order.
pub(super) fn columns() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| !column.is_image() && column.is_written(false, true))
}

/// The value of a column as JSON.
pub(super) fn value(row: &Row, column: &Column) -> Value {
    match column.cell {
        Cell::Bool(get, _) => get(row).into(),
        Cell::Integer(get, _) => get(row).into(),
        Cell::Real(get, _) => get(row).into(),
        Cell::Time(get, _) => get(row).map(|time| time::written(time.div_euclid(1_000_000))).into(),
        Cell::Text(get, _) => column.text(get(row)).into(),
        Cell::Image(_) => Value::Null,
    }
}

/// A row and the paths of its images, which serialize as one line.
pub(super) struct Line<'a> {
    pub(super) row: &'a Row,
    pub(super) files: [&'a str; 2],
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in columns() {
            map.serialize_entry(column.name, &value(self.row, column))?;
        }
        for (name, file) in FILES.into_iter().zip(self.files) {
            map.serialize_entry(name, file)?;
        }
        map.end()
    }
}

/// Reads a line: the row without the bytes of its images, and the paths of the images if it has
/// any.
pub(crate) fn parse(file: &str, row: u64, line: &[u8]) -> Result<(Row, [Option<String>; 2]), DatasetError> {
    let line: Map<String, Value> = serde_json::from_slice(line).map_err(|source| DatasetError::Json {
        file: file.into(),
        row,
        source,
    })?;
    let place = &Place { file, row };
    let fields = Fields::of(&line);
    let mut draft = Draft::default();
    for column in columns() {
        read(&fields, column, &mut draft)
            .map_err(|error| cell_fault(column.name, error).at(place.file, place.row))?;
    }
    let Draft { mut row, has_label, labels } = draft;
    // Without `has_label`, a line with only one of the two labels has no label.
    let has_label = has_label.unwrap_or(labels.iter().all(Option::is_some));
    row.label = label(place, LabelSource::Both, Some(has_label), labels)?;
    row.collected.take_if(|_| fields.get(RECORD_VERSION).is_none());
    place.row(&row)?;
    let path = |name: &'static str| {
        let path = fields.text(name).map_err(|error| cell_fault(name, error).at(place.file, place.row))?;
        place.text(name, path.as_ref().map_or(0, String::len))?;
        Ok::<_, DatasetError>(path)
    };
    Ok((row, [path(FILES[0])?, path(FILES[1])?]))
}

/// Reads the value of a column, if the line has it.
fn read(fields: &Fields<'_>, column: &'static Column, draft: &mut Draft) -> Result<(), RecordError> {
    let name = column.name;
    let found = match column.cell {
        Cell::Bool(_, set) => fields.flag(name)?.map(|value| set(draft, value)),
        Cell::Integer(_, set) => fields.integer(name)?.map(|value| set(draft, value)),
        Cell::Real(_, set) => fields.number(name)?.map(|value| set(draft, value)),
        Cell::Time(_, set) => fields
            .word(name, time::read, "a time such as 2026-11-26T09:00:00.000Z")?
            .map(|value| set(draft, value)),
        Cell::Text(_, set) => fields.text(name)?.map(|value| set(draft, value)),
        Cell::Image(_) => None,
    };
    if found.is_none() && column.presence != Presence::Optional {
        let expected = if matches!(column.cell, Cell::Text(..)) { "a text" } else { "a number" };
        return Err(fields.wrong(name, expected));
    }
    Ok(())
}
