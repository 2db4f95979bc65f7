//! `pickscore metadata`

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::{
    fault::{self, Fault},
    images::{self, Wanted},
    output::{Unread, line},
    text::{none_of, printable},
};
use crate::{
    files,
    metadata::Metadata,
    pixels::{Format, PixelError},
};

/// Show the prompt, seed, model and settings that generators wrote into images.
#[derive(Debug, Args)]
pub(super) struct MetadataArguments {
    /// Image files, folders (searched recursively) or patterns such as `renders/*.png`.
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = MetadataFormat::Table)]
    format: MetadataFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MetadataFormat {
    /// Human-readable text.
    Table,
    /// One JSON document, in input order.
    Json,
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
}

/// The fields of a CSV file, after `path`.
const FIELDS: [&str; 11] = [
    "generator",
    "prompt",
    "negative_prompt",
    "seed",
    "model",
    "steps",
    "guidance",
    "sampler",
    "scheduler",
    "width",
    "height",
];

pub(super) fn run(arguments: &MetadataArguments) -> Result<(), Fault> {
    let listed = images::list(&arguments.images, Wanted::Metadata)?;
    listed.report_unread(false)?;
    let given = listed.files.len() + listed.unread.len();
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for Unread { path, error } in listed.unread {
        errors.push(Unread::told(path, error, arguments.format == MetadataFormat::Jsonl)?);
    }
    for file in &listed.files {
        let path = file.display().to_string();
        match of(file) {
            Ok(found) => {
                let entry = entry(&path, found)?;
                if arguments.format == MetadataFormat::Jsonl {
                    line(&entry)?;
                }
                entries.push(entry);
            }
            Err(error) => {
                fault::report(&Fault::Input { path: path.clone(), reason: error.clone() });
                errors.push(Unread::told(path, error, arguments.format == MetadataFormat::Jsonl)?);
            }
        }
    }
    let nothing = entries.is_empty();
    let mut out = io::stdout().lock();
    match arguments.format {
        MetadataFormat::Jsonl => {}
        MetadataFormat::Table => write_table(&mut out, &entries)?,
        MetadataFormat::Csv if nothing => {}
        MetadataFormat::Csv => write_csv(out, &entries)?,
        MetadataFormat::Json => {
            let mut document = json!({ "images": entries });
            if !errors.is_empty() {
                document["errors"] = serde_json::to_value(&errors)?;
            }
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
    }
    if nothing {
        return Err(Fault::Nothing { reason: none_of(given, "file", "read") });
    }
    Ok(())
}

/// Reads a file's generation data. `None` if it has none in a known form.
///
/// # Errors
///
/// If the file cannot be read or is not an image.
pub(super) fn of(file: &Path) -> Result<Option<Metadata>, String> {
    let bytes = files::read(file).map_err(|error| error.to_string())?;
    if let Some(found) = Metadata::of(&bytes) {
        return Ok(Some(found));
    }
    match Format::of(&bytes) {
        // Their pixels cannot be decoded, but their Exif data can be read.
        Ok(_) | Err(PixelError::Convertible { found: "AVIF" | "HEIC", .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// One image as JSON: its path, then every field, null if the file does not say.
fn entry(path: &str, found: Option<Metadata>) -> Result<Map<String, Value>, Fault> {
    let is_known = found.is_some();
    let mut entry = Map::from_iter([("path".to_owned(), path.into())]);
    if let Value::Object(fields) = serde_json::to_value(found.unwrap_or_default())? {
        entry.extend(fields);
    }
    if !is_known {
        entry.insert("generator".into(), Value::Null);
    }
    Ok(entry)
}

fn write_csv(out: impl Write, entries: &[Map<String, Value>]) -> Result<(), Fault> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(["path"].iter().chain(&FIELDS))?;
    for entry in entries {
        let text = |name: &&str| match entry.get(*name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        out.write_record(["path"].iter().chain(&FIELDS).map(text))?;
    }
    Ok(out.flush()?)
}

fn write_table(out: &mut impl Write, entries: &[Map<String, Value>]) -> io::Result<()> {
    for (index, entry) in entries.iter().enumerate() {
        let text = |name: &str| match entry.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(printable(text)),
            other => Some(other.to_string()),
        };
        let gap = if index > 0 { "\n" } else { "" };
        let generator = text("generator").unwrap_or_else(|| "no generation data".into());
        writeln!(out, "{gap}{}  ({generator})", text("path").unwrap_or_default())?;
        let size = text("width").zip(text("height")).map(|(width, height)| format!("{width} × {height}"));
        for (name, value) in [
            ("prompt", text("prompt")),
            ("negative", text("negative_prompt")),
            ("model", text("model")),
            ("seed", text("seed")),
            ("steps", text("steps")),
            ("guidance", text("guidance")),
            ("sampler", text("sampler")),
            ("scheduler", text("scheduler")),
            ("size", size),
        ] {
            if let Some(value) = value {
                writeln!(out, "  {name:9}  {value}")?;
            }
        }
    }
    Ok(())
}
