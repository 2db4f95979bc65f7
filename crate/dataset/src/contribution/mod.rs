//! Contributions: records and their images as a dataset in the schema of Pick-a-Pic, with metadata.
//!
//! ```text
//! records, images one by one ─► Exporter ─► pieces of a zip, or of the files of a folder
//! bytes of such files, by range ─► Importer ─► records with their images, and refusals
//! ```
//!
//! `web/records/README.md` describes the layout and the columns. Exporter and importer hold at most
//! one row group of images in memory.

mod card;
mod counts;
mod croissant;
mod csv_table;
mod error;
mod export;
pub(crate) mod fault;
mod format;
pub(crate) mod import;
pub(crate) mod json_lines;
pub(crate) mod manifest;
mod packer;
mod plan;
pub(crate) mod row;
mod time;

pub use card::{Card, Consent};
pub use error::ExportError;
pub use export::{ExportOptions, Exported, Exporter};
pub use format::Format;
pub use import::{ImportStep, Importer, Refusal};
pub use packer::{Chunk, Packing, WrittenFile};
