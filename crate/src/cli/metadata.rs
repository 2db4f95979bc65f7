//! `pickscore metadata`

use std::{
    io::{self, Write},
    path::Path,
};

use serde_json::{Map, Value, json};

use super::{
    arguments::{MetadataArguments, MetadataFormat},
    fault::{self, Fault},
    images, load,
    output::{Unread, printable},
    score::line,
};
use crate::metadata::Metadata;

pub(super) fn run(arguments: &MetadataArguments) -> Result<(), Fault> {
    let files = images::list(&arguments.images)?;
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for file in &files {
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
        return Err(Fault::Nothing { reason: format!("none of the {} files could be read", files.len()) });
    }
    Ok(())
}

/// What a file says about how its image was made. `None` where it says nothing in a known form.
///
/// # Errors
///
/// When the file cannot be read.
pub(super) fn of(file: &Path) -> Result<Option<Metadata>, String> {
    Ok(Metadata::of(&load::read(file)?))
}

/// One image as JSON: its path, then every field, null where the file says nothing.
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
