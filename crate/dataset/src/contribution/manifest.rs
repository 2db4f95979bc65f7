//! `contribution.json` and `SHA256SUMS`: what a contribution says about itself to programs, written and read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Card, Format, WrittenFile, counts::Counts, time};

/// What the manifest is called.
pub(crate) const MANIFEST: &str = "contribution.json";
/// What the sums are called.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// Most bytes of either. A hundred bytes a file.
pub(crate) const TEXT: u64 = 16 << 20;
/// What `format` says.
const FORMAT: &str = "pickscore-contribution";
/// The version that is written.
const VERSION: u64 = 1;
/// Longest path.
const PATH: usize = 1024;

/// A manifest, as far as it is needed to read what it lists.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "a merged data set tells it"))]
    #[serde(default)]
    pub(crate) title: String,
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "a merged data set tells it"))]
    #[serde(default)]
    pub(crate) license: String,
    /// What the data are, by the name of their format.
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "a merge has no use for CSV"))]
    #[serde(default)]
    pub(crate) data: String,
    pub(crate) files: Vec<Listed>,
}

/// A file of the manifest.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    pub(crate) path: String,
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "the sum says it too"))]
    pub(crate) bytes: u64,
    #[cfg_attr(
        not(feature = "merge"),
        expect(dead_code, reason = "rows are counted before they are merged")
    )]
    #[serde(default)]
    pub(crate) rows: u64,
    pub(crate) sha256: String,
}

/// Why something is no manifest, or none that can be followed; to come after its name and a colon.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    /// It is something else.
    #[error("it is no manifest: {0}")]
    Json(#[from] serde_json::Error),
    /// It is another program's.
    #[error("`format` is {found}; expected \"{FORMAT}\"")]
    Format { found: String },
    /// It is of a time to come.
    #[error("`version` is {found}; this program reads version {VERSION}")]
    Version { found: String },
    /// It leads elsewhere.
    #[error("it names the file {entry:?}; expected a path within the contribution")]
    Path { entry: String },
}

impl Manifest {
    /// Reads a manifest of any version that there was, whose paths stay within.
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

/// The sums of paths: lines of a sum, a space, a space or `*`, and a path.
pub(crate) fn read_sums(text: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not text in UTF-8".to_owned())?;
    let mut found = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let parts = line.split_once(' ').and_then(|(sum, path)| {
            Some((sum, path.strip_prefix([' ', '*'])?)).filter(|(sum, _)| sum.len() == 64)
        });
        let (sum, path) = parts.ok_or_else(|| format!("line {} is no sum and path", at + 1))?;
        if found.insert(path.to_owned(), sum.to_owned()).is_some() {
            return Err(format!("line {} has a path for the second time", at + 1));
        }
    }
    Ok(found)
}

/// Whether a path stays within its folder, on every system.
pub(crate) fn is_within(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.len() <= PATH && !path.contains(['\\', ':', '\0']) && path.split('/').all(plain)
}

/// A text from outside, short enough for a sentence.
pub(crate) fn shortened(text: &str) -> String {
    let mut start: String = text.chars().take(80).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

/// The manifest of the files that are written.
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

/// The sums of files, as `sha256sum --check` reads them.
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
            (format!("{sum}\n"), "line 1 is no sum and path"),
            (format!("{sum}  a\n{sum}  a\n"), "line 2 has a path for the second time"),
            ("12  a\n".into(), "line 1 is no sum and path"),
        ] {
            assert_eq!(read_sums(bad.as_bytes()).unwrap_err(), expected);
        }
        assert!(read_sums(&[0xff]).is_err());
    }
}
