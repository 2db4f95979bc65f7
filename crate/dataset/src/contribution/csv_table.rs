//! Rows as CSV for spreadsheets, without images and without formulas.

use serde_json::Value;

use super::json_lines::{columns, value};
use crate::row::Row;

/// The characters with which a formula can begin. The last four are full-width forms, which East
/// Asian versions of spreadsheets accept.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// The header line.
pub(super) fn header() -> Vec<u8> {
    line(columns().map(|column| column.name.to_owned()))
}

/// The line of a row.
pub(super) fn row(row: &Row) -> Vec<u8> {
    line(columns().map(|column| match value(row, column) {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        // Negative numbers are not formulas.
        other => other.to_string(),
    }))
}

/// Prefixes a text that looks like a formula with an apostrophe, which makes it a text in every
/// spreadsheet.
fn guarded(text: String) -> String {
    let looks_like_one = text.trim_start_matches([' ', '\n', '\u{a0}', '\u{3000}']).starts_with(FORMULA);
    if looks_like_one { format!("'{text}") } else { text }
}

fn line(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells.map(String::into_bytes));
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_texts() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            (" =1", "' =1"),
            ("\n=1", "'\n=1"),
            ("＝1+1", "'＝1+1"),
            ("a = b", "a = b"),
            ("a fox", "a fox"),
            ("", ""),
        ] {
            assert_eq!(guarded(text.into()), expected);
        }
    }
}
