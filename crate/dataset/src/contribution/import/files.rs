//! The files of an import, their expected checksums, and the refused ones.

use std::collections::{BTreeMap, BTreeSet};

use super::archive::Entry;
use crate::contribution::{fault::FileFault, manifest::MANIFEST};

/// The kind of a data file, from its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Parquet,
    Lines,
}

/// The place of a file.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// The given file with this index.
    Whole(usize),
    /// A file in the zip with this index.
    Within(usize, Box<Entry>),
}

/// Files that belong together: those of a zip, or all given files that are not zips.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// The prefix of paths in messages.
    pub(super) name: String,
    pub(super) files: BTreeMap<String, Place>,
    /// The expected checksums by path, each with the name of the file that lists it.
    pub(super) sums: BTreeMap<String, Vec<(String, &'static str)>>,
    /// Files and folders (with a final slash) whose data are not read.
    pub(super) refused: BTreeSet<String>,
}

impl Group {
    /// Whether a file or one of its folders was refused.
    pub(super) fn is_refused(&self, path: &str) -> bool {
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..=at]);
        self.refused.contains(path)
            || self.refused.contains("")
            || folders.any(|folder| self.refused.contains(folder))
    }

    /// Adds an expected checksum. Returns whether it is the first one of a file that must be
    /// checked; `None` if there is no such file. Manifests are compared when they are read.
    pub(super) fn expect(&mut self, path: &str, sum: String, listed_in: &'static str) -> Option<bool> {
        if !self.files.contains_key(path) {
            return None;
        }
        let expected = self.sums.entry(path.to_owned()).or_default();
        expected.push((sum, listed_in));
        Some(expected.len() == 1 && path.rsplit('/').next() != Some(MANIFEST))
    }

    /// Compares the checksum of a file with the expected ones.
    pub(super) fn compare(&self, path: &str, found: String) -> Result<(), FileFault> {
        let mut expected = self.sums.get(path).into_iter().flatten();
        match expected.find(|(sum, _)| !found.eq_ignore_ascii_case(sum)) {
            None => Ok(()),
            Some((expected, listed_in)) => {
                Err(FileFault::Sum { found, listed_in, expected: expected.clone() })
            }
        }
    }
}

/// Whether the name of a file is its checksum, as for images. These are compared when they are
/// read.
pub(super) fn is_image_of(path: &str, sum: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_data = [".parquet", ".jsonl", ".ndjson"].iter().any(|ending| ends(name, ending));
    !is_data && name.split('.').next().is_some_and(|stem| stem.eq_ignore_ascii_case(sum))
}

/// The folder of a path with its final slash; empty if it has none.
pub(super) fn root(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

/// Whether a path has this extension, in upper or lower case.
pub(super) fn ends(path: &str, ending: &str) -> bool {
    let start = path.len().saturating_sub(ending.len());
    path.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}
