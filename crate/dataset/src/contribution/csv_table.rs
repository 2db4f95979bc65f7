//! Rows as CSV, for spreadsheets: without images, and with nothing that a spreadsheet would run.

use serde_json::Value;

use super::json_lines::{cell, columns};
use crate::Row;

/// What a spreadsheet takes for the beginning of a formula, or for a character to pass over before one. The last four are the wide forms that
/// East Asian versions take for the same.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// The header line.
pub(super) fn header() -> Vec<u8> {
    line(columns().map(|column| column.name.to_owned()))
}

/// The line of a row.
pub(super) fn row(row: &Row) -> Vec<u8> {
    line(columns().map(|column| match cell(row, column.name) {
        Value::Null => String::new(),
        Value::String(text) => guarded(text),
        // Numbers of ours may begin with a minus; nobody has put them there.
        other => other.to_string(),
    }))
}

/// A text that no spreadsheet takes for a formula: an apostrophe before it makes it a text, in all of them.
fn guarded(text: String) -> String {
    let looks_like_one = text.trim_start_matches([' ', '\n', '\u{a0}', '\u{3000}']).starts_with(FORMULA);
    if looks_like_one { format!("'{text}") } else { text }
}

fn line(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    // Neither can fail: there is one record, and it goes into memory.
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
