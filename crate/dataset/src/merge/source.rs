//! A source of rows: a contribution, or a Parquet file.

use super::part::Part;

/// A source of rows.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path.
    pub(super) name: String,
    pub(super) kind: SourceKind,
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub(super) enum SourceKind {
    /// A contribution, with the title and licence of its manifest.
    Contribution { title: String, license: String },
    /// A Parquet file of any origin.
    Plain,
}
