//! Files of pairs: one prompt and one image per line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{
    fault::{self, Fault},
    images,
    text::counted,
};

/// A pair to score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Line number in the file, from 1.
    pub(super) number: u64,
    pub(super) prompt: String,
    pub(super) image: PathBuf,
}

const EXPECTED: &str = "expected `prompt` and `image`";

/// Maximum size of a file in bytes.
const LARGEST: u64 = 256 << 20;
/// Maximum number of pairs, whose prompts and embeddings are in memory.
const MOST: usize = 1_000_000;

/// The pairs of a file, and why each other line has none.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) lines: Vec<Line>,
    pub(super) faults: Vec<String>,
}

/// Reads JSON Lines (`.jsonl`, `.ndjson`), tab-separated (`.tsv`) or comma-separated values with a
/// header. Image paths are relative to the file.
pub(super) fn read(path: &Path) -> Result<Pairs, Fault> {
    let wrong = |reason: String| Fault::Input { path: path.display().to_string(), reason };
    let bytes = images::read_text(path, LARGEST).map_err(wrong)?;
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let mut pairs = match ending.as_str() {
        "jsonl" | "ndjson" => of_json(&bytes),
        "tsv" => of_columns(&bytes, b'\t'),
        _ => of_columns(&bytes, b','),
    }
    .map_err(wrong)?;
    if pairs.lines.is_empty() {
        let fault = pairs.faults.into_iter().next();
        return Err(wrong(
            fault.unwrap_or_else(|| format!("the file has no pairs; {EXPECTED} in each line")),
        ));
    }
    if pairs.lines.len() > MOST {
        return Err(wrong(format!("the file has more than {MOST} pairs; split it")));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    pairs.lines.iter_mut().for_each(|line| line.image = folder.join(&line.image));
    Ok(pairs)
}

fn of_json(bytes: &[u8]) -> Result<Pairs, String> {
    let lines = (1..).zip(bytes.split(|&byte| byte == b'\n'));
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let parsed = lines.take(MOST + 1).map(|(number, line)| {
        let Ok(Value::Object(object)) = serde_json::from_slice(line) else {
            return Err(format!("line {number} is not a JSON object; {EXPECTED}"));
        };
        let text = |name: &str| match object.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(format!("`{name}` in line {number} is not a string")),
            None => Err(format!("line {number} has no `{name}`; {EXPECTED}")),
        };
        Ok(Line { number, prompt: text("prompt")?, image: text("image")?.into() })
    });
    Ok(Pairs::of(parsed))
}

fn of_columns(bytes: &[u8], delimiter: u8) -> Result<Pairs, String> {
    // Spreadsheets write a byte-order mark, which is not part of the first name.
    let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(content);
    let header = reader.headers().map_err(|error| said(&error))?.clone();
    if header.is_empty() {
        return Ok(Pairs::of([]));
    }
    let column = |name: &str| {
        let found = header.iter().position(|header| header.trim() == name);
        found.ok_or_else(|| {
            let hint =
                if header.iter().any(|name| name.contains(';')) { ", separated by commas" } else { "" };
            format!("line 1 has no column `{name}`; {EXPECTED}{hint}")
        })
    };
    let (prompt, image) = (column("prompt")?, column("image")?);
    Ok(Pairs::of(reader.records().take(MOST + 1).map(|record| {
        let record = record.map_err(|error| said(&error))?;
        let number = record.position().map_or(0, csv::Position::line);
        let field = |at: usize| record.get(at).unwrap_or_default();
        Ok(Line { number, prompt: field(prompt).into(), image: field(image).into() })
    })))
}

impl Pairs {
    fn of(parsed: impl IntoIterator<Item = Result<Line, String>>) -> Self {
        let mut pairs = Self { lines: Vec::new(), faults: Vec::new() };
        for line in parsed {
            match line {
                Ok(line) => pairs.lines.push(line),
                Err(fault) => pairs.faults.push(fault),
            }
        }
        pairs
    }
}

/// A parser's error as a sentence.
pub(super) fn said(error: &csv::Error) -> String {
    let line = |position: &Option<csv::Position>| position.as_ref().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let fields = if *len == 1 { "field" } else { "fields" };
            format!("line {} has {len} {fields}; expected {expected_len}, as in line 1", line(pos))
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            format!("line {} is not UTF-8; save the file in that encoding", line(pos))
        }
        csv::ErrorKind::Io(error) => format!("the file cannot be read: {error}"),
        _ => "the file is not a table of comma-separated or tab-separated values".into(),
    }
}

/// Reports the lines that are no pairs.
pub(super) fn report_faults(file: &Path, faults: &[String], strict: bool) -> Result<(), Fault> {
    /// Maximum number of lines to list; the rest are counted.
    const LISTED: usize = 10;
    let fault = |reason: String| Fault::Input { path: file.display().to_string(), reason };
    if let (true, Some(first)) = (strict, faults.first()) {
        return Err(fault(first.clone()));
    }
    faults.iter().take(LISTED).for_each(|reason| fault::report(&fault(format!("skipped: {reason}"))));
    if let Some(more) = faults.len().checked_sub(LISTED).filter(|&more| more > 0) {
        fault::report(&fault(format!("skipped {}", counted(more, "more line"))));
    }
    Ok(())
}

/// Reports the lines without a prompt in one line.
pub(super) fn report_empty(file: &Path, empty: &[&Line], strict: bool) -> Result<(), Fault> {
    /// Maximum number of lines to list; the rest are counted.
    const LISTED: usize = 10;
    let numbers: Vec<String> = empty.iter().take(LISTED).map(|pair| pair.number.to_string()).collect();
    let more = empty.len() - numbers.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let numbers = numbers.join(", ");
    let path = file.display().to_string();
    let reason = match empty.len() {
        1 => format!("the prompt in line {numbers} is empty"),
        _ => format!("the prompts in lines {numbers}{more} are empty"),
    };
    if strict {
        return Err(Fault::Input { path, reason });
    }
    let skipped = counted(empty.len(), "pair");
    fault::report(&Fault::Input { path, reason: format!("skipped {skipped}: {reason}") });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_kinds_read_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let read_as = |name: &str, content: &str| {
            std::fs::write(folder.path().join(name), content).unwrap();
            read(&folder.path().join(name))
        };
        let expected = [
            Line { number: 2, prompt: "a fox, \"red\"".into(), image: folder.path().join("fox.png") },
            Line { number: 3, prompt: "snow".into(), image: folder.path().join("sub/snow.png") },
        ];
        let csv = "\u{feff}prompt,image,extra\n\"a fox, \"\"red\"\"\",fox.png,1\nsnow,sub/snow.png,2\n";
        assert_eq!(read_as("a.csv", csv).unwrap().lines, expected);
        let tsv = "image\tprompt\nfox.png\t\"a fox, \"\"red\"\"\"\nsub/snow.png\tsnow\n";
        assert_eq!(read_as("a.tsv", tsv).unwrap().lines, expected);
        let jsonl = "\n{\"prompt\": \"a fox, \\\"red\\\"\", \"image\": \"fox.png\"}\n{\"image\": \"sub/snow.png\", \"prompt\": \"snow\"}";
        assert_eq!(read_as("a.jsonl", jsonl).unwrap().lines, expected);

        let refused = |name: &str, content: &str| read_as(name, content).unwrap_err().to_string();
        for (name, content, expected) in [
            ("b.csv", "caption,path\na,b\n", "line 1 has no column `prompt`; expected `prompt` and `image`"),
            ("c.csv", "prompt,image\na\n", "line 2 has 1 field; expected 2, as in line 1"),
            ("d.csv", "prompt,image\n\"a\nb\",c,d\n", "line 2 has 3 fields; expected 2, as in line 1"),
            ("e.csv", "", "the file has no pairs; expected `prompt` and `image` in each line"),
            ("f.jsonl", "\n{}\n", "line 2 has no `prompt`; expected `prompt` and `image`"),
            ("g.jsonl", "{\"prompt\": null}\n", "`prompt` in line 1 is not a string"),
            ("h.jsonl", "{\"prompt\": \n", "line 1 is not a JSON object; expected `prompt` and `image`"),
        ] {
            assert!(refused(name, content).ends_with(expected), "{}", refused(name, content));
        }
        std::fs::write(folder.path().join("i.csv"), b"prompt,image\n\xe9,c\n").unwrap();
        let said = read(&folder.path().join("i.csv")).unwrap_err().to_string();
        assert!(said.ends_with("line 2 is not UTF-8; save the file in that encoding"), "{said}");
        assert!(read(&folder.path().join("gone.csv")).unwrap_err().to_string().contains("cannot be read"));
    }
}
