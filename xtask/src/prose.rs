//! Checks the width of prose and comments.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use walkdir::WalkDir;

/// Maximum number of characters in a line.
const WIDTH: usize = 100;
/// Folders of dependencies and build results.
const SKIPPED: [&str; 7] = ["target", "node_modules", "dist", "pkg", "results", ".git", "__pycache__"];

/// Delimits a docstring in Python.
const QUOTES: &str = r#"""""#;

/// Checks every source file and document below the current folder.
///
/// # Errors
///
/// If a line of prose or a comment has more than 100 characters.
pub(crate) fn check() -> Result<()> {
    let folders = WalkDir::new(".").into_iter();
    let folders = folders.filter_entry(|entry| !SKIPPED.iter().any(|name| entry.file_name() == *name));
    let mut found = Vec::new();
    for entry in folders {
        let path = entry?.into_path();
        let Some(kind) = Kind::of(&path) else { continue };
        let content = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        found.extend(too_long(kind, &content).map(|line| (path.clone(), line)));
    }
    for (path, line) in &found {
        eprintln!("{}:{line}: more than {WIDTH} characters", path.display());
    }
    if !found.is_empty() {
        bail!("{} lines of prose or comments are too long", found.len());
    }
    Ok(())
}

/// The contents of a file, judging by its extension.
#[derive(Clone, Copy)]
enum Kind {
    Markdown,
    /// Source code whose comments start with one of these.
    Source(&'static [&'static str]),
    /// Comments and docstrings.
    Python,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "md" => Some(Self::Markdown),
            "rs" | "ts" | "mjs" | "js" | "css" | "wgsl" => Some(Self::Source(&["//", "/*", "* "])),
            "toml" | "sh" | "yml" => Some(Self::Source(&["#"])),
            "py" => Some(Self::Python),
            _ => None,
        }
    }
}

/// The numbers of the lines that are too long. Tables, headings, HTML and code in Markdown may
/// exceed the limit, and so may a line without a place to break.
fn too_long(kind: Kind, content: &str) -> impl Iterator<Item = usize> {
    let mut is_code = false;
    // Whether the open triple-quoted string, if there is one, is a docstring.
    let mut open = None;
    (1..)
        .zip(content.lines())
        .filter(move |(_, line)| {
            let text = line.trim_start();
            let text = match kind {
                Kind::Markdown => text,
                Kind::Python => {
                    let is_docstring = open.unwrap_or(text.starts_with(QUOTES));
                    if line.matches(QUOTES).count() % 2 == 1 {
                        open = if open.is_some() { None } else { Some(is_docstring) };
                    }
                    if !is_docstring && !text.starts_with('#') {
                        return false;
                    }
                    text
                }
                Kind::Source(starts) => match starts.iter().find_map(|start| text.strip_prefix(start)) {
                    Some(text) => text.trim_start_matches(['/', '!', '*']).trim_start(),
                    None => return false,
                },
            };
            if text.starts_with("```") {
                is_code = !is_code;
            }
            let is_free =
                text.starts_with(['|', '<']) || matches!(kind, Kind::Markdown if text.starts_with('#'));
            !is_code && !is_free && line.chars().count() > WIDTH && text.contains(' ')
        })
        .map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_prose_is_found_and_long_code_is_not() {
        let long = "word ".repeat(21);
        let lines = |kind, text: &str| too_long(kind, &text.replace("LONG", &long)).collect::<Vec<_>>();
        let markdown = "LONG\n| LONG |\n# LONG\n```\nLONG\n```\n- LONG\n";
        assert_eq!(lines(Kind::Markdown, markdown), [1, 7]);
        let rust = Kind::Source(&["//", "/*", "* "]);
        assert_eq!(lines(rust, "/// LONG\nlet a = \"LONG\";\n    * LONG\n//! | LONG |\n"), [1, 3]);
        assert_eq!(lines(Kind::Source(&["#"]), "a = 1 # LONG\n# LONG\n"), [2]);
        let python = "# LONG\nf('LONG')\n'''LONG\nLONG\n'''\na = '''LONG\nLONG'''\n".replace('\'', "\"");
        assert_eq!(lines(Kind::Python, &python), [1, 3, 4]);
        assert!(lines(rust, &format!("// {}", "x".repeat(200))).is_empty());
    }
}
