//! Contributions.

use pickscore_dataset::contribution as library;
use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// The file format of a contribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Tsify)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Parquet,
    Jsonl,
    Csv,
}

/// What the visitor agreed to.
#[derive(Debug, Clone, Deserialize, Tsify)]
pub struct Consent {
    /// The full text.
    pub text: String,
    /// The version of the text.
    pub version: String,
}

/// The content of the data card.
#[derive(Debug, Clone, Deserialize, Tsify)]
pub struct Card {
    /// Name of the dataset: one line.
    pub title: String,
    /// The visitor's description of it.
    #[serde(default)]
    #[tsify(optional)]
    pub description: Option<String>,
    /// The licence that the visitor chose, as an identifier of Hugging Face: `"cc0-1.0"`,
    /// `"cc-by-4.0"`, …
    pub license: String,
    pub consent: Consent,
    /// How the pairs were collected.
    #[serde(default)]
    #[tsify(optional)]
    pub collection: Option<String>,
    /// Languages of the prompts, as ISO 639-1 codes.
    #[serde(default)]
    pub languages: Vec<String>,
}

/// A record that is not in the export.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct LeftOut {
    pub uid: String,
    /// Why: an image is missing, or a field is invalid.
    pub reason: String,
}

/// A file of a contribution.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct WrittenFile {
    pub path: String,
    pub bytes: u64,
    /// Number of rows; 0 if it has none.
    pub rows: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// What was exported.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Exported {
    /// A suggested file name: `pickscore-2026-11-26-1200-pairs.zip`.
    pub name: String,
    /// Number of records.
    pub records: u64,
    /// Bytes of the zip, or of all files.
    pub bytes: u64,
    pub files: Vec<WrittenFile>,
}

/// Something that was not imported.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Refusal {
    /// The file, for example `contribution.zip/data/train-00000-of-00001.parquet`.
    pub file: String,
    /// The row, from 0, if it is about one. Lines of JSON Lines are rows.
    pub row: Option<u64>,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// The reason: one sentence.
    pub message: String,
}

/// Everything that was not imported.
#[derive(Debug, Clone, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// At most 1,000 refusals.
    pub refused: Vec<Refusal>,
    /// Number of all refusals.
    pub refused_count: u64,
}

impl From<Card> for library::Card {
    fn from(card: Card) -> Self {
        let Card { title, description, license, consent, collection, languages } = card;
        let Consent { text, version } = consent;
        let consent = library::Consent { text, version };
        Self { title, description, license, consent, collection, languages }
    }
}

impl From<library::WrittenFile> for WrittenFile {
    fn from(library::WrittenFile { path, bytes, rows, sha256 }: library::WrittenFile) -> Self {
        Self { path, bytes, rows, sha256 }
    }
}

impl From<library::Exported> for Exported {
    fn from(library::Exported { name, records, bytes, files }: library::Exported) -> Self {
        Self { name, records, bytes, files: files.into_iter().map(WrittenFile::from).collect() }
    }
}

impl From<library::Refusal> for Refusal {
    fn from(library::Refusal { file, row, column, message }: library::Refusal) -> Self {
        Self { file, row, column, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_the_names_of_the_library() {
        for format in [Format::Parquet, Format::Jsonl, Format::Csv] {
            let name = serde_json::to_value(format).unwrap();
            let found = library::Format::of(name.as_str().unwrap()).unwrap();
            let same = match found {
                library::Format::Parquet => Format::Parquet,
                library::Format::JsonLines => Format::Jsonl,
                library::Format::Csv => Format::Csv,
            };
            assert_eq!(same, format);
        }
    }
}
