//! Contributions: records and their images as files that trainers of Pick-a-Pic read, with what is to be known about them.
//!
//! ```text
//! records, images one by one ─► Exporter ─► pieces of a zip, or of the files of a folder
//! bytes of such files, by range ─► Importer ─► records with their images, and what was refused
//! ```
//!
//! `web/records/README.md` has the layout and the columns. Neither holds more than a row group of images.

mod card;
mod counts;
mod croissant;
mod csv_table;
mod error;
mod export;
mod import;
pub(super) mod json_lines;
pub(super) mod manifest;
mod packer;
mod plan;
pub(super) mod row;
mod time;

pub use card::{Card, Consent};
pub use error::ExportError;
pub use export::{ExportOptions, Exported, Exporter};
pub use import::{ImportStep, Importer, Refusal};
pub use packer::{Chunk, Packing, WrittenFile};

/// What a contribution's data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Parquet with the images in it.
    Parquet,
    /// JSON Lines with the images beside it.
    JsonLines,
    /// CSV without images.
    Csv,
}

impl Format {
    /// `"parquet"`, `"jsonl"` or `"csv"`: also how its files end.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// The format of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Parquet, Self::JsonLines, Self::Csv].into_iter().find(|format| format.name() == name)
    }
}
