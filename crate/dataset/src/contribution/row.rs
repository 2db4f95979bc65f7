//! Converts records to rows and back.

use serde_json::{Number, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    columns::{COLUMNS, Cell, Column, Draft, RECORD_VERSION as VERSION_COLUMN},
    error::CellFault,
    row::Row,
};
use pickscore_common::hexadecimal::hexadecimal;
use pickscore_preferences::{Label, RECORD_VERSION, Record, RecordError, Side};

/// Nanoseconds in a millisecond.
pub(crate) const MILLISECOND: i64 = 1_000_000;

/// The columns that have a field in a record, each with the object and the name of the field.
/// `side_0` is the side on which image 0 was shown.
fn fields(side_0: Side) -> impl Iterator<Item = (&'static Column, [&'static str; 2])> {
    COLUMNS.iter().filter_map(move |column| {
        let (within, name) = column.field?.split_once('.').unwrap_or(("", column.field?));
        let within = match within {
            "0" => side_0.name(),
            "1" => side_0.other().name(),
            within => within,
        };
        Some((column, [within, name]))
    })
}

/// The row of a record, without the bytes of its images. `examples` is the number of rows with the
/// same prompt, `index` the number of the row.
pub(super) fn row_of(record: &Record, examples: i64, index: i64) -> Row {
    let json = record.to_json();
    let mut draft = Draft::default();
    for (column, [within, name]) in fields(Side::Left) {
        let value = if within.is_empty() { &json[name] } else { &json[within][name] };
        match column.cell {
            Cell::Bool(_, set) => value.as_bool().map(|value| set(&mut draft, value)),
            Cell::Integer(_, set) => value.as_i64().map(|value| set(&mut draft, value)),
            Cell::Real(_, set) => value.as_f64().map(|value| set(&mut draft, value)),
            Cell::Text(_, set) => value.as_str().map(|value| set(&mut draft, value.into())),
            // Records store milliseconds, rows nanoseconds.
            Cell::Time(_, set) => {
                value.as_i64().map(|value| set(&mut draft, value.saturating_mul(MILLISECOND)))
            }
            Cell::Image(_) => None,
        };
    }
    let mut row = Row {
        label: record.label.map(Label::shares),
        best_image_uid: best(record),
        ranking_id: number(&record.uid),
        user_id: number(&record.rater_uid),
        num_example_per_prompt: examples,
        index,
        ..draft.row
    };
    let collected = row.collected.get_or_insert_default();
    collected.side_0 = Side::Left.name().into();
    collected.control = record.control.map(|side| CONTROLS[usize::from(side == Side::Right)].into());
    row
}

/// The values of `pickscore_control`: the image that everybody should prefer.
const CONTROLS: [&str; 2] = ["image_0", "image_1"];

/// `best_image_uid`: the uid of the preferred image, `tie`, or an empty string.
fn best(record: &Record) -> String {
    match (record.preferred(), record.label) {
        (Some(preferred), _) => preferred.into(),
        (None, Some(_)) => "tie".into(),
        (None, None) => String::new(),
    }
}

/// Derives a number from a uid, for the numeric columns of Pick-a-Pic. It has 53 bits, so that a
/// 64-bit float holds it exactly.
fn number(uid: &str) -> i64 {
    let hash = Sha256::digest(uid.as_bytes());
    let (start, _) = hash.split_at(8);
    let number = start.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    (number >> 11) as i64
}

/// Checks that the SHA-256 of an image is its uid. `column` is the column of the image.
pub(crate) fn check_image(column: &'static str, uid: &str, sum: &[u8]) -> Result<(), CellFault> {
    let found = hexadecimal(sum);
    if found == uid {
        return Ok(());
    }
    let found = format!("an image whose SHA-256 is {found}");
    Err(CellFault::new(column, found, format!("{uid:.70}")))
}

/// The record of a row that PickScore collected. `now` is the time in milliseconds since 1970.
pub(crate) fn record_of(row: &Row, now: i64) -> Result<Record, CellFault> {
    let Some(collected) = &row.collected else {
        let expected = "a version (`pickscore merge` takes such files)";
        return Err(CellFault::new(VERSION_COLUMN, "nothing, as in plain Pick-a-Pic".into(), expected));
    };
    let side = Side::of(&collected.side_0).ok_or_else(|| {
        let found = format!("{:.40?}", collected.side_0);
        CellFault::new("pickscore_side_0", found, "\"left\" or \"right\"")
    })?;
    if row.created_at % MILLISECOND != 0 {
        let found = format!("{} ns", row.created_at);
        return Err(CellFault::new("created_at", found, "whole milliseconds"));
    }
    let control = match collected.control.as_deref() {
        None => None,
        Some(control) if control == CONTROLS[0] => Some(side),
        Some(control) if control == CONTROLS[1] => Some(side.other()),
        Some(other) => {
            let expected = "\"image_0\" or \"image_1\"";
            return Err(CellFault::new("pickscore_control", format!("{other:.40?}"), expected));
        }
    };
    let shares =
        row.label.map(|[first, second]| if side == Side::Left { [first, second] } else { [second, first] });
    let mut json = json!({});
    for (column, [within, name]) in fields(side) {
        let value: Value = match column.cell {
            _ if name == "label" => shares.and_then(Label::of_shares).map(Label::name).into(),
            _ if name == "control" => control.map(Side::name).into(),
            Cell::Bool(get, _) => get(row).into(),
            Cell::Integer(get, _) => get(row).into(),
            Cell::Real(get, _) => get(row).map(finite).into(),
            Cell::Text(get, _) => get(row).into(),
            Cell::Time(get, _) => get(row).map(|time| time / MILLISECOND).into(),
            Cell::Image(_) => Value::Null,
        };
        match value {
            // A record without scorer has no object `scorer`.
            Value::Null => {}
            value if within.is_empty() => json[name] = value,
            value => json[within][name] = value,
        }
    }
    let record = Record::from_json(&json, now).map_err(|error| fault(error, side))?;
    if !row.best_image_uid.is_empty() && row.best_image_uid != best(&record) {
        let (found, expected) = (format!("{:.70?}", row.best_image_uid), best(&record));
        return Err(CellFault::new("best_image_uid", found, format!("{expected:?}, as the labels say")));
    }
    if !row.are_different {
        return Err(CellFault::new("are_different", "false".into(), "true, since the images differ"));
    }
    Ok(record)
}

/// A number as JSON. Infinity and NaN become a string, so that the reader refuses the field.
fn finite(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

/// Converts the error of a record to the fault of the column with the same field.
pub(crate) fn fault(error: RecordError, side_0: Side) -> CellFault {
    let named = |field: &str| {
        let (within, name) = field.split_once('.').unwrap_or(("", field));
        fields(side_0).find(|(_, parts)| *parts == [within, name])
    };
    let column = error.field().and_then(named);
    cell_fault(column.map_or(VERSION_COLUMN, |(column, _)| column.name), error)
}

/// Converts the error of a field to the fault of a column.
pub(crate) fn cell_fault(column: &'static str, error: RecordError) -> CellFault {
    match error {
        RecordError::Field { found, expected, .. } => CellFault::new(column, found, expected),
        RecordError::Absent { expected, .. } => CellFault::new(column, "nothing".into(), expected),
        RecordError::Version { found } => CellFault::new(column, found, format!("1 to {RECORD_VERSION}")),
        RecordError::NoRecord { reason } => CellFault::new(column, reason, "a record"),
    }
}
