//! A file of pairs: one prompt and one image a line.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{fault::Fault, images};

/// A pair to score.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Line {
    pub(super) prompt: String,
    pub(super) image: PathBuf,
}

/// Reads JSON Lines (`.jsonl`, `.ndjson`), tab-separated (`.tsv`) or comma-separated values with a header. Images lie relative to the file.
pub(super) fn read(path: &Path) -> Result<Vec<Line>, Fault> {
    let wrong = |reason: String| Fault::Input { path: path.display().to_string(), reason };
    let bytes = images::read(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let expected = "expected `prompt` and `image`";
    let mut lines: Vec<Line> = if matches!(ending.as_str(), "jsonl" | "ndjson") {
        let lines = bytes.split(|&byte| byte == b'\n').enumerate();
        let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        let parsed = lines.map(|(at, line)| {
            serde_json::from_slice(line)
                .map_err(|error| wrong(format!("line {}: {error}; {expected}", at + 1)))
        });
        parsed.collect::<Result<_, _>>()?
    } else {
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(if ending == "tsv" { b'\t' } else { b',' });
        // A byte-order mark, as spreadsheets write it, is no part of the first name.
        let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let parsed = reader.from_reader(content).into_deserialize::<Line>().collect::<Result<_, _>>();
        parsed.map_err(|error| wrong(format!("{error}; {expected}")))?
    };
    if lines.is_empty() {
        return Err(wrong(format!("it holds no pairs; {expected} in each line")));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    lines.iter_mut().for_each(|line| line.image = folder.join(&line.image));
    Ok(lines)
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
            Line { prompt: "a fox, \"red\"".into(), image: folder.path().join("fox.png") },
            Line { prompt: "snow".into(), image: folder.path().join("sub/snow.png") },
        ];
        let csv = "\u{feff}prompt,image,extra\n\"a fox, \"\"red\"\"\",fox.png,1\nsnow,sub/snow.png,2\n";
        assert_eq!(read_as("a.csv", csv).unwrap(), expected);
        let tsv = "image\tprompt\nfox.png\t\"a fox, \"\"red\"\"\"\nsub/snow.png\tsnow\n";
        assert_eq!(read_as("a.tsv", tsv).unwrap(), expected);
        let jsonl = "{\"prompt\": \"a fox, \\\"red\\\"\", \"image\": \"fox.png\"}\n\n{\"image\": \"sub/snow.png\", \"prompt\": \"snow\"}";
        assert_eq!(read_as("a.jsonl", jsonl).unwrap(), expected);

        assert!(
            read_as("b.csv", "caption,path\na,b\n")
                .unwrap_err()
                .to_string()
                .contains("missing field `prompt`")
        );
        assert!(read_as("c.csv", "").unwrap_err().to_string().contains("holds no pairs"));
        assert!(read_as("d.jsonl", "{}\n").unwrap_err().to_string().contains("line 1: missing field"));
        assert!(read(&folder.path().join("gone.csv")).unwrap_err().to_string().contains("cannot be read"));
    }
}
