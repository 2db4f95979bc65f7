//! Finds the sources at the given paths.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use pickscore_common::regular::open_regular;

use super::{
    contribution,
    error::{MergeError, SourceFault},
    options::MergeOptions,
    part::Part,
    report::Refused,
    source::{Source, SourceKind},
    target::Target,
    watch::{Watch, tell},
};
use crate::contribution::manifest::MANIFEST;

/// Maximum number of files.
const FILES: usize = 100_000;
/// Maximum depth of nested folders.
const DEPTH: usize = 8;

/// The sources, and the files that were refused.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) sources: Vec<Source>,
    pub(super) refused: Vec<Refused>,
}

/// A path that may be a source.
enum Candidate {
    Contribution(PathBuf),
    Zip(PathBuf),
    Parquet(PathBuf),
}

/// Finds contributions (folders with a manifest, zips) and other Parquet files in all folders, and
/// verifies the checksums of contributions.
pub(super) fn find<P: AsRef<Path>>(
    paths: &[P],
    target: &Target,
    options: &MergeOptions,
    watch: Watch<'_>,
) -> Result<Sources, MergeError> {
    let mut found = Sources { sources: Vec::new(), refused: Vec::new() };
    let mut candidates: Vec<Candidate> = Vec::new();
    for path in paths {
        let before = candidates.len();
        let outcome = collect(path.as_ref(), 0, &mut candidates).and_then(|()| {
            let folder = path.as_ref().display().to_string();
            (candidates.len() > before).then_some(()).ok_or(SourceFault::Empty { folder })
        });
        if let Err(fault) = outcome {
            candidates.truncate(before);
            found.refuse(path.as_ref().display().to_string(), fault, options)?;
        }
    }
    candidates.sort_by(|one, other| one.path().cmp(other.path()));
    // A path that was given twice is one source.
    candidates.dedup_by(|one, other| one.path() == other.path());
    for (at, candidate) in candidates.iter().enumerate() {
        tell(watch, "verifying", at as u64, candidates.len() as u64)?;
        let source = found.sources.len();
        let opened = match candidate {
            Candidate::Contribution(folder) => contribution::of_folder(folder, source, &target.scratch()),
            Candidate::Zip(path) => contribution::of_zip(path, source, &target.scratch()),
            Candidate::Parquet(path) => {
                let name = path.display().to_string();
                let parts = vec![Part::new(name.clone(), source, path.clone(), None)];
                Ok(Source { name, kind: SourceKind::Plain, parts })
            }
        };
        match opened {
            Ok(source) => found.sources.push(source),
            Err(fault) => found.refuse(candidate.path().display().to_string(), fault, options)?,
        }
    }
    Ok(found)
}

impl Candidate {
    fn path(&self) -> &Path {
        match self {
            Self::Contribution(path) | Self::Zip(path) | Self::Parquet(path) => path,
        }
    }
}

impl Sources {
    fn refuse(&mut self, path: String, fault: SourceFault, options: &MergeOptions) -> Result<(), MergeError> {
        if options.strict {
            return Err(MergeError::Strict(fault.into()));
        }
        self.refused.push(Refused { path, reason: fault.to_string() });
        Ok(())
    }
}

/// Adds the candidates at a path and in the folders below it.
fn collect(path: &Path, depth: usize, found: &mut Vec<Candidate>) -> Result<(), SourceFault> {
    let unreadable =
        |source: std::io::Error| SourceFault::Unreadable { file: path.display().to_string(), source };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_dir() {
        let candidate = kind_of(path).map_err(unreadable)?;
        // Other files in a folder are ignored; a file that was given by name must be a source.
        if candidate.is_none() && depth == 0 {
            return Err(SourceFault::Unknown { file: path.display().to_string() });
        }
        found.extend(candidate);
    } else if path.join(MANIFEST).is_file() {
        found.push(Candidate::Contribution(path.to_path_buf()));
    } else {
        let too_many =
            || SourceFault::TooMany { folder: path.display().to_string(), limit: FILES, depth: DEPTH };
        if depth == DEPTH {
            return Err(too_many());
        }
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            // A symbolic link could lead back to a folder above.
            let linked = entry.file_type().map_err(unreadable)?.is_symlink();
            if !linked && !entry.file_name().to_string_lossy().starts_with('.') {
                entries.push(entry.path());
            }
            if entries.len() > FILES {
                return Err(too_many());
            }
        }
        entries.sort();
        for entry in entries {
            collect(&entry, depth + 1, found)?;
        }
        if found.len() > FILES {
            return Err(too_many());
        }
    }
    Ok(())
}

/// The kind of a file, from its extension or else its first bytes.
fn kind_of(path: &Path) -> std::io::Result<Option<Candidate>> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("zip") => return Ok(Some(Candidate::Zip(path.to_path_buf()))),
        Some("parquet") => return Ok(Some(Candidate::Parquet(path.to_path_buf()))),
        _ => {}
    }
    let mut start = [0; 4];
    let mut file = open_regular(path)?;
    let mut read = 0;
    while read < 4 {
        match file.read(&mut start[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(match &start[..read] {
        b"PAR1" => Some(Candidate::Parquet(path.to_path_buf())),
        b"PK\x03\x04" => Some(Candidate::Zip(path.to_path_buf())),
        _ => None,
    })
}
