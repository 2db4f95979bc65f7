//! The data card of a contribution: its `README.md`.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{counts::Counts, error::ExportError, format::Format, time};

/// Maximum length of a title, a licence and a consent version, in characters.
const NAME: usize = 200;
/// Maximum length of a description, a consent and a collection method, in bytes.
const TEXT: usize = 64 << 10;
/// Maximum number of languages.
const LANGUAGES: usize = 100;

/// The visitor's information about a contribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The name of the dataset: one line.
    pub title: String,
    /// A description of the dataset.
    #[serde(default)]
    pub description: Option<String>,
    /// The licence, as an identifier of Hugging Face: `cc0-1.0`.
    pub license: String,
    /// What the visitor agreed to.
    pub consent: Consent,
    /// How the pairs were collected.
    #[serde(default)]
    pub collection: Option<String>,
    /// Languages of the prompts, as ISO 639 codes.
    #[serde(default)]
    pub languages: Vec<String>,
}

/// The text that the visitor agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The full text.
    pub text: String,
    /// The version of the text.
    pub version: String,
}

impl Card {
    pub(super) fn check(&self) -> Result<(), ExportError> {
        line("title", &self.title)?;
        line("consent.version", &self.consent.version)?;
        text("consent.text", Some(&self.consent.text))?;
        text("description", self.description.as_deref())?;
        text("collection", self.collection.as_deref())?;
        if self.consent.text.trim().is_empty() {
            return Err(wrong("consent.text", "empty".into(), "what the visitor agreed to"));
        }
        let letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        if self.license.is_empty() || self.license.len() > NAME || !self.license.bytes().all(letter) {
            let found = format!("{:.40?}", self.license);
            return Err(wrong("license", found, "a licence as Hugging Face writes it, such as cc0-1.0"));
        }
        let is_code = |code: &String| {
            (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase())
        };
        if self.languages.len() > LANGUAGES || !self.languages.iter().all(is_code) {
            return Err(wrong("languages", "another list".into(), "ISO 639 codes such as en"));
        }
        Ok(())
    }

    /// The card as `README.md`: metadata in YAML, followed by Markdown.
    pub(super) fn markdown(&self, format: Format, counts: &Counts, app_version: &str, now: i64) -> String {
        let mut out = String::from("---\n");
        // A JSON string is also a YAML string.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let _ = writeln!(out, "license: {}\npretty_name: {}", quoted(&self.license), quoted(&self.title));
        if !self.languages.is_empty() {
            out += "language:\n";
            self.languages.iter().for_each(|code| {
                let _ = writeln!(out, "- {}", quoted(code));
            });
        }
        out += "task_categories:\n- text-to-image\ntags:\n- human-preferences\n- pick-a-pic\n- pickscore\n";
        let _ = writeln!(out, "size_categories:\n- {}", size(counts.records));
        let _ = writeln!(
            out,
            "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*.{}\n---\n",
            format.name()
        );
        let _ = writeln!(out, "# {}\n", markdown_line(&self.title));
        if let Some(description) = &self.description {
            let _ = writeln!(out, "{}\n", quote(description));
        }
        out += "Preferences between two images of the same prompt, in the columns of Pick-a-Pic (arXiv 2305.01569) and those of PickScore.\n\n";
        out += "| | |\n|---|---|\n";
        for (what, number) in [
            ("pairs", counts.records),
            ("with a label", counts.labelled),
            ("ties among them", counts.ties),
            ("skipped", counts.skipped),
            ("control pairs", counts.controls),
            ("asked again", counts.retests),
            ("prompts", counts.prompts),
            ("images", counts.images),
            ("raters", counts.raters.len() as u64),
            ("visits", counts.sessions),
        ] {
            let _ = writeln!(out, "| {what} | {number} |");
        }
        let _ = writeln!(out, "\n## Licence\n\n`{}`", self.license);
        let _ = writeln!(
            out,
            "\n## Consent\n\nEach rater agreed to this text, version `{}`, before exporting:\n\n{}",
            self.consent.version.replace('`', "'"),
            quote(&self.consent.text)
        );
        out += "\n## How it was collected\n\n";
        if let Some(collection) = &self.collection {
            let _ = writeln!(out, "{}\n", quote(collection));
        }
        out += "The pairs were judged in the rater's own browser. Images and answers left it only in this contribution. The sides were random. ";
        let _ = writeln!(
            out,
            "Modes of pair selection: {}.",
            counts.modes.iter().copied().collect::<Vec<_>>().join(", ")
        );
        let scores = match counts.scores_visible() {
            "never" => "No scores were visible before the answers.",
            "always" => "Scores were visible before all answers.",
            _ => "Scores were visible before some of the answers: see the column `pickscore_scores_visible`.",
        };
        let _ = writeln!(out, "{scores}");
        if counts.scorers.is_empty() {
            out += "There are no scores.\n";
        } else {
            out += "Scorers: ";
            let names = counts.scorers.iter().map(|(name, version)| {
                format!("`{}` (`{}`)", name.replace('`', "'"), version.replace('`', "'"))
            });
            let _ = writeln!(out, "{}.", names.collect::<Vec<_>>().join(", "));
        }
        let _ = writeln!(
            out,
            "\n## Files\n\nWritten by pickscore, page version `{}`, on {}. `contribution.json` lists them with their SHA-256, `sha256sum --check \
             SHA256SUMS` checks them, `croissant.json` describes the columns.",
            app_version.replace('`', "'"),
            time::day(now)
        );
        out += "\n```python\nfrom datasets import load_dataset\n\npairs = load_dataset(\"path/to/this/folder\", split=\"train\")\n```\n";
        out
    }
}

/// The size category of Hugging Face.
fn size(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    }
}

/// A text for a heading, without markup.
fn markdown_line(text: &str) -> String {
    text.replace(['`', '<', '['], " ").trim().to_owned()
}

/// A text as a block quote, without HTML tags.
fn quote(text: &str) -> String {
    let lines =
        text.trim().lines().map(|line| format!("> {}", line.replace('<', "&lt;")).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn line(field: &'static str, text: &str) -> Result<(), ExportError> {
    let fits = !text.trim().is_empty() && text.chars().count() <= NAME && !text.chars().any(char::is_control);
    fits.then_some(()).ok_or_else(|| wrong(field, format!("{text:.40?}"), "one line of 1 to 200 characters"))
}

fn text(field: &'static str, text: Option<&str>) -> Result<(), ExportError> {
    let length = text.map_or(0, str::len);
    let fits = length <= TEXT;
    fits.then_some(()).ok_or_else(|| wrong(field, format!("{length} bytes long"), "at most 65536 bytes"))
}

fn wrong(field: &'static str, found: String, expected: &'static str) -> ExportError {
    ExportError::Card { field, found, expected }
}
