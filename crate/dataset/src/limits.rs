//! How much a data set may claim, and which values a row may hold.

use super::{Collected, DatasetError, Row};

/// Most rows of a row group.
pub const GROUP_ROWS: u64 = 1 << 20;
/// Most bytes of a row group when uncompressed: what reading one may take in memory, about twice.
pub const GROUP_BYTES: u64 = 1 << 30;
/// Most bytes of a page whose encoding leaves out what texts share, once they are whole.
pub(super) const PAGE_BYTES: u64 = 256 << 20;
/// Most bytes of a text.
pub const TEXT_BYTES: usize = 1 << 20;
/// Most bytes of an encoded image.
pub const IMAGE_BYTES: usize = 64 << 20;
/// Most bytes of a file's own description at its end. Pick-a-Pic's have some hundred kilobytes.
pub(super) const FOOTER_BYTES: u64 = 64 << 20;

/// What a label may be.
const LABELS: &str = "0, 0.5 or 1 for each image, 1 together";

/// A row's place, for errors.
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) row: u64,
}

impl Place<'_> {
    pub(super) fn wrong(&self, column: &'static str, found: String, expected: &'static str) -> DatasetError {
        DatasetError::Cell { file: self.file.into(), row: self.row, column, found, expected }
    }

    /// A text that is not too long.
    pub(super) fn text(&self, column: &'static str, length: usize) -> Result<(), DatasetError> {
        let expected = "at most 1048576 bytes";
        (length <= TEXT_BYTES)
            .then_some(())
            .ok_or_else(|| self.wrong(column, format!("{length} bytes"), expected))
    }

    /// An encoded image that is not too large.
    pub(super) fn image(&self, column: &'static str, length: usize) -> Result<(), DatasetError> {
        let expected = "at most 67108864 bytes";
        (length <= IMAGE_BYTES)
            .then_some(())
            .ok_or_else(|| self.wrong(column, format!("{length} bytes"), expected))
    }

    /// A label that Pick-a-Pic's schema knows.
    pub(super) fn label(&self, label: [f64; 2]) -> Result<(), DatasetError> {
        let known = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]].contains(&label);
        known.then_some(()).ok_or_else(|| {
            let column = if [0.0, 0.5, 1.0].contains(&label[0]) { "label_1" } else { "label_0" };
            self.wrong(column, format!("{} beside {}", label[0], label[1]), LABELS)
        })
    }

    /// A count that one can divide by.
    pub(super) fn examples(&self, count: i64) -> Result<(), DatasetError> {
        let wrong = || self.wrong("num_example_per_prompt", count.to_string(), "1 or more");
        (count >= 1).then_some(()).ok_or_else(wrong)
    }

    /// All of these, and every text and image.
    pub(super) fn row(&self, row: &Row) -> Result<(), DatasetError> {
        for (column, text) in [
            ("caption", &row.caption),
            ("best_image_uid", &row.best_image_uid),
            ("image_0_uid", &row.images[0].uid),
            ("image_1_uid", &row.images[1].uid),
            ("image_0_url", &row.images[0].url),
            ("image_1_url", &row.images[1].url),
            ("model_0", &row.images[0].model),
            ("model_1", &row.images[1].model),
        ] {
            self.text(column, text.len())?;
        }
        if let Some(kind) = &row.kind {
            self.text("pickscore_kind", kind.len())?;
        }
        for (column, collected) in Collected::TEXTS.into_iter().zip(std::iter::repeat(&row.collected)) {
            let text = collected.as_ref().and_then(|collected| collected.text(column));
            self.text(column, text.map_or(0, String::len))?;
        }
        self.image("jpg_0", row.images[0].bytes.len())?;
        self.image("jpg_1", row.images[1].bytes.len())?;
        row.label.map_or(Ok(()), |label| self.label(label))?;
        self.examples(row.num_example_per_prompt)
    }
}
