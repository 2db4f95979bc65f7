//! `contribution.json` and `SHA256SUMS`: what a contribution says about itself to programs.

use serde_json::{Value, json};

use super::{Card, Format, WrittenFile, counts::Counts, time};

/// What `format` says.
pub(in crate::dataset) const FORMAT: &str = "pickscore-contribution";
/// The version that is written.
pub(super) const VERSION: u64 = 1;

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

/// Whether a manifest is one whose data can be read; else what is wrong, to come after its name.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("is no JSON: {error}"))?;
    if value["format"] != FORMAT {
        let found: String = value["format"].to_string().chars().take(40).collect();
        return Err(format!("has {found} as its format; expected \"{FORMAT}\""));
    }
    let version = value["version"].as_u64();
    if version.is_some_and(|version| (1..=VERSION).contains(&version)) {
        return Ok(());
    }
    let found: String = value["version"].to_string().chars().take(40).collect();
    Err(format!("is of version {found}; this program reads versions 1 to {VERSION}"))
}
