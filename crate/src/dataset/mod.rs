//! Preference pairs in Pick-a-Pic's schema, on disk.

mod row;

pub use row::{Row, RowImage};
