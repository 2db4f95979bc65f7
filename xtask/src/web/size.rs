//! Download sizes and their limits.

use std::{fs, io::Write as _, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process::root;

/// Maximum bytes after brotli, by the beginning of the file's name.
const LIMITS: [(&str, usize); 6] = [
    ("engine-gpu.", 3_500_000),
    ("engine-cpu.", 895_000),
    ("engine-decoder.", 200_000),
    ("pickscore.js", 15_000),
    ("records.js", 15_000),
    ("records.", 700_000),
];

/// Prints each file of the library with its size, and fails if one is too large.
pub(crate) fn report() -> Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["dist/lib", "dist/assets"] {
        let entries = fs::read_dir(root().join(folder)).with_context(|| format!("{folder} is not there"))?;
        files.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()));
    }
    files.sort();
    let mut large = Vec::new();
    eprintln!("{:<40} {:>12} {:>12}", "file", "bytes", "brotli");
    for path in files {
        let bytes = fs::read(&path)?;
        let name = path.strip_prefix(root().join("dist")).unwrap_or(&path).display().to_string();
        let small = brotli(&bytes)?;
        eprintln!("{name:<40} {:>12} {small:>12}", bytes.len());
        let plain = name.rsplit('/').next().unwrap_or(&name);
        let limit = LIMITS.iter().find(|(start, _)| plain.starts_with(start));
        large.extend(
            limit
                .filter(|(_, most)| small > *most)
                .map(|(_, most)| format!("{name} has {small}, at most {most}")),
        );
    }
    if large.is_empty() { Ok(()) } else { bail!("too large in brotli: {}", large.join("; ")) }
}

/// Bytes after brotli at the quality that hosts use for immutable files.
fn brotli(bytes: &[u8]) -> Result<usize> {
    // Quality 11 takes a minute for 25 MB and gives 6 % less; the limits hold without it.
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 9, 24);
    writer.write_all(bytes)?;
    Ok(writer.into_inner().len())
}
