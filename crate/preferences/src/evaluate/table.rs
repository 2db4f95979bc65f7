//! Formats tables for terminals and Markdown.

use std::fmt::Write as _;

pub(super) use pickscore_common::printable::printable;

/// A plain table. The first column is left-aligned, the others right-aligned.
pub(super) fn plain(cells: &[Vec<String>]) -> String {
    let columns = cells.first().map_or(0, Vec::len);
    let length = |cell: &String| cell.chars().count();
    let width = |column: usize| cells.iter().filter_map(|row| row.get(column)).map(length).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in cells {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let _ =
                if column == 0 { write!(line, "{cell:<width$}") } else { write!(line, "  {cell:>width$}") };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// A Markdown table.
pub(super) fn markdown(cells: &[Vec<String>]) -> String {
    let mut out = String::new();
    for (at, cells) in cells.iter().enumerate() {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if at == 0 {
            let _ = writeln!(out, "|---|{}", "---:|".repeat(cells.len() - 1));
        }
    }
    out
}
