//! Datasets of preference pairs in the schema of Pick-a-Pic: Parquet files, contributions and
//! merging.
//!
//! [`Reader`] and [`Writer`] process one row group at a time and do not access a file system.
//! [`DatasetFiles`] finds and opens files.

mod cells;
mod columns;
pub mod contribution;
mod decoder;
mod derive;
mod encodings;
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
mod parquet_file;
mod read;
mod row;
mod schema;
#[cfg(not(target_family = "wasm"))]
pub mod table;
mod transcode;
mod unpacked;
mod values;
mod write;

pub use columns::Columns;
pub use derive::{Derived, derived_line};
pub use error::{Cause, DatasetError};
#[cfg(not(target_family = "wasm"))]
pub use files::{DatasetFiles, GroupId};
pub use limits::{GROUP_BYTES, GROUP_ROWS, IMAGE_BYTES, TEXT_BYTES};
pub use read::{Reader, RowGroup, SoundRows};
pub use row::{Collected, Row, RowImage};
pub use write::{WriteOptions, Writer};
