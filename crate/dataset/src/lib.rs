//! Preference pairs in Pick-a-Pic's schema, on disk: Parquet, read and written a row group at a time.
//!
//! [`Reader`] and [`Writer`] know no file system; [`DatasetFiles`] finds and opens files.

mod cells;
pub mod contribution;
mod derive;
mod error;
#[cfg(not(target_family = "wasm"))]
mod files;
mod group;
mod identity;
mod limits;
#[cfg(not(target_family = "wasm"))]
mod lz4;
#[cfg(all(feature = "merge", not(target_family = "wasm")))]
pub mod merge;
mod pages;
mod read;
mod row;
mod schema;
mod transcode;
mod unpacked;
mod values;
mod write;

pub use derive::{Derived, derived_line};
pub use error::DatasetError;
#[cfg(not(target_family = "wasm"))]
pub use files::{DatasetFiles, GroupId};
pub use limits::{GROUP_BYTES, GROUP_ROWS, IMAGE_BYTES, TEXT_BYTES};
pub use read::{Columns, Reader, RowGroup, SoundRows};
pub use row::{Collected, Row, RowImage};
pub use write::{WriteOptions, Writer};
