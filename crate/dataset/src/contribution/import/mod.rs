//! Reads contributions. Invalid files and rows are refused with a message; everything else is
//! imported.
//!
//! The importer requests ranges of bytes and returns records. It does not access a file system, and
//! reads a file of any size one row group at a time, on the main thread of a page or in a worker.

pub(crate) mod archive;
mod data;
mod files;
mod importer;
mod inflate;
mod lines;
mod refusal;
pub(crate) mod sparse;
mod tasks;

pub use importer::{ImportStep, Importer};
pub use refusal::Refusal;
