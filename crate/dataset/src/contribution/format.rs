//! The file format of a contribution.

/// The file format of a contribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Parquet, which contains the images.
    Parquet,
    /// JSON Lines, with the images as separate files.
    JsonLines,
    /// CSV without images.
    Csv,
}

impl Format {
    /// `"parquet"`, `"jsonl"` or `"csv"`, which is also the file extension.
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
