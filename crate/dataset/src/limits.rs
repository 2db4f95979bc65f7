//! Limits of a dataset, and checks of the values of a row.

use crate::{
    columns::{COLUMNS, Cell},
    error::{CellFault, DatasetError},
    row::Row,
};

/// Maximum number of rows of a row group.
pub const GROUP_ROWS: u64 = 1 << 20;
/// Maximum uncompressed size of a row group, in bytes. Reading one needs up to about twice as much
/// memory.
pub const GROUP_BYTES: u64 = 1 << 30;
/// Maximum size of a page after conversion from an encoding with shared prefixes, in bytes.
pub(super) const PAGE_BYTES: u64 = 256 << 20;
/// Maximum length of a text, in bytes.
pub const TEXT_BYTES: usize = 1 << 20;
/// Maximum size of an encoded image, in bytes.
pub const IMAGE_BYTES: usize = 64 << 20;
/// Maximum size of the footer of a file, in bytes. Those of Pick-a-Pic have a few hundred
/// kilobytes.
pub(super) const FOOTER_BYTES: u64 = 64 << 20;

/// The allowed labels.
const LABELS: &str = "0, 0.5 or 1 for each image, 1 together";

/// The file and number of a row, for errors.
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) row: u64,
}

impl Place<'_> {
    pub(super) fn wrong(&self, column: &'static str, found: String, expected: &'static str) -> DatasetError {
        CellFault::new(column, found, expected).at(self.file, self.row)
    }

    /// Checks the length of a text.
    pub(super) fn text(&self, column: &'static str, length: usize) -> Result<(), DatasetError> {
        let expected = "at most 1048576 bytes";
        (length <= TEXT_BYTES)
            .then_some(())
            .ok_or_else(|| self.wrong(column, format!("{length} bytes"), expected))
    }

    /// Checks the size of an encoded image.
    pub(super) fn image(&self, column: &'static str, length: usize) -> Result<(), DatasetError> {
        let expected = "at most 67108864 bytes";
        (length <= IMAGE_BYTES)
            .then_some(())
            .ok_or_else(|| self.wrong(column, format!("{length} bytes"), expected))
    }

    /// Checks a label.
    pub(super) fn label(&self, label: [f64; 2]) -> Result<(), DatasetError> {
        let known = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]].contains(&label);
        known.then_some(()).ok_or_else(|| {
            let column = if [0.0, 0.5, 1.0].contains(&label[0]) { "label_1" } else { "label_0" };
            self.wrong(column, format!("{} beside {}", label[0], label[1]), LABELS)
        })
    }

    /// Checks the number of rows with the same prompt.
    pub(super) fn examples(&self, count: i64) -> Result<(), DatasetError> {
        let wrong = || self.wrong("num_example_per_prompt", count.to_string(), "1 or more");
        (count >= 1).then_some(()).ok_or_else(wrong)
    }

    /// Checks a whole row.
    pub(super) fn row(&self, row: &Row) -> Result<(), DatasetError> {
        for column in &COLUMNS {
            match column.cell {
                Cell::Text(get, _) => self.text(column.name, get(row).map_or(0, str::len))?,
                Cell::Image(side) => self.image(column.name, row.images[side].bytes.len())?,
                _ => {}
            }
        }
        row.label.map_or(Ok(()), |label| self.label(label))?;
        self.examples(row.num_example_per_prompt)
    }
}
