//! Reads and writes `contribution.json` and `SHA256SUMS`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{card::Card, counts::Counts, format::Format, packer::WrittenFile, time};

/// The file name of the manifest.
pub(crate) const MANIFEST: &str = "contribution.json";
/// The file name of the checksums.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// Maximum size of either file, in bytes. Each listed file takes about a hundred bytes.
pub(crate) const TEXT: u64 = 16 << 20;
/// The value of `format`.
const FORMAT: &str = "pickscore-contribution";
/// The version that is written and read.
const VERSION: u64 = 1;
/// Maximum length of a path, in bytes.
const PATH: usize = 1024;

/// The fields of a manifest that are read.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "used by the merge"))]
    #[serde(default)]
    pub(crate) title: String,
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "used by the merge"))]
    #[serde(default)]
    pub(crate) license: String,
    /// The name of the file format.
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "used by the merge"))]
    #[serde(default)]
    pub(crate) data: String,
    pub(crate) files: Vec<Listed>,
}

/// A file in the manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) path: String,
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "used by the merge"))]
    pub(crate) bytes: u64,
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "used by the merge"))]
    #[serde(default)]
    pub(crate) rows: u64,
    pub(crate) sha256: String,
}

/// Why a manifest or a list of checksums is invalid. The message follows the name of the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    /// It is not JSON, or has other fields.
    #[error("it is not a manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// It has another format.
    #[error("`format` is {found}; expected \"{FORMAT}\"")]
    Format { found: String },
    /// Its version is unknown.
    #[error("`version` is {found}; this program reads version {VERSION}")]
    Version { found: String },
    /// A path leads out of the contribution.
    #[error("it names the file {entry:?}; expected a path within the contribution")]
    Path { entry: String },
    /// It lists no data.
    #[cfg(feature = "merge")]
    #[error("it lists no Parquet or JSON Lines")]
    NoData,
    /// The list is not UTF-8.
    #[error("it is not text in UTF-8")]
    NoText,
    /// A line is invalid.
    #[error("line {line} is not a checksum and a path")]
    NoSum { line: usize },
    /// A path occurs twice.
    #[error("line {line} repeats a path")]
    Twice { line: usize },
}

impl Manifest {
    /// Reads a manifest and checks its paths.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let value: Value = serde_json::from_slice(bytes)?;
        let found = |name: &str| shortened(&value[name].to_string());
        if value["format"] != FORMAT {
            return Err(ManifestError::Format { found: found("format") });
        }
        if value["version"] != VERSION {
            return Err(ManifestError::Version { found: found("version") });
        }
        let manifest: Self = serde_json::from_value(value)?;
        match manifest.files.iter().find(|listed| !is_within(&listed.path)) {
            Some(listed) => Err(ManifestError::Path { entry: shortened(&listed.path) }),
            None => Ok(manifest),
        }
    }
}

/// Reads checksums by path. A line is a checksum, a space, a space or `*`, and a path.
pub(crate) fn read_sums(text: &[u8]) -> Result<BTreeMap<String, String>, ManifestError> {
    let text = std::str::from_utf8(text).map_err(|_| ManifestError::NoText)?;
    let mut found = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let parts = line.split_once(' ').and_then(|(sum, path)| {
            Some((sum, path.strip_prefix([' ', '*'])?)).filter(|(sum, _)| sum.len() == 64)
        });
        let (sum, path) = parts.ok_or(ManifestError::NoSum { line: at + 1 })?;
        if found.insert(path.to_owned(), sum.to_owned()).is_some() {
            return Err(ManifestError::Twice { line: at + 1 });
        }
    }
    Ok(found)
}

/// Whether a path stays within its folder, on every operating system.
pub(crate) fn is_within(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.len() <= PATH && !path.contains(['\\', ':', '\0']) && path.split('/').all(plain)
}

/// The beginning of a text, for a message.
pub(crate) fn shortened(text: &str) -> String {
    let mut start: String = text.chars().take(80).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

/// The manifest of the written files.
pub(super) fn manifest(
    card: &Card,
    format: Format,
    counts: &Counts,
    files: &[WrittenFile],
    app_version: &str,
    now: i64,
) -> String {
    let scorers: Vec<Value> =
        counts.scorers.iter().map(|(name, version)| json!({ "name": name, "version": version })).collect();
    let files: Vec<Value> = files
        .iter()
        .map(|file| json!({ "path": file.path, "bytes": file.bytes, "rows": file.rows, "sha256": file.sha256 }))
        .collect();
    let manifest = json!({
        "format": FORMAT,
        "version": VERSION,
        "created_at": time::written(now),
        "title": card.title,
        "description": card.description,
        "license": card.license,
        "consent": { "version": card.consent.version, "text": card.consent.text },
        "collection": card.collection,
        "languages": card.languages,
        "app_version": app_version,
        "data": format.name(),
        "counts": counts.json(),
        "raters": counts.raters,
        "sessions": counts.sessions,
        "modes": counts.modes,
        "scorers": scorers,
        "scores_visible": counts.scores_visible(),
        "files": files,
    });
    format!("{manifest:#}\n")
}

/// The checksums of files in the format of `sha256sum --check`.
pub(super) fn sums(files: &[WrittenFile]) -> String {
    files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_within() {
        for good in ["a", "data/train-00000-of-00001.parquet", "ü/…"] {
            assert!(is_within(good), "{good}");
        }
        for bad in ["", "/a", "a/", "../a", "a/../b", "./a", "a//b", "C:/a", "a\\b", "..", "a\0b"] {
            assert!(!is_within(bad), "{bad}");
        }
        assert!(!is_within(&"x".repeat(1025)));
    }

    #[test]
    fn sums_are_read_as_sha256sum_writes_them() {
        let sum = "0123456789abcdef".repeat(4);
        let text = format!("{sum}  a/b c.parquet\n{sum} *d\n\n");
        let found = read_sums(text.as_bytes()).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a/b c.parquet", "d"]);
        for (bad, expected) in [
            (format!("{sum}\n"), "line 1 is not a checksum and a path"),
            (format!("{sum}  a\n{sum}  a\n"), "line 2 repeats a path"),
            ("12  a\n".into(), "line 1 is not a checksum and a path"),
        ] {
            assert_eq!(read_sums(bad.as_bytes()).unwrap_err().to_string(), expected);
        }
        assert!(read_sums(&[0xff]).is_err());
    }
}
