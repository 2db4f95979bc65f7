//! What a zip holds: paths that stay inside, each once.

use std::{collections::BTreeSet, sync::Arc};

use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder, ZipLocator};

use super::sparse::{Missing, Sparse};
use crate::contribution::manifest::is_within;

/// Most files of a zip.
const MOST: usize = 200_000;
/// Most bytes of its directory.
const DIRECTORY: u64 = 32 << 20;
/// Bytes of a file's own header but for its path: 30, and what programs add.
const HEADER: u64 = 128;

/// A zip whose directory was read.
#[derive(Debug)]
pub(super) struct Archive {
    zip: ZipArchive<Arc<Sparse>>,
}

/// A file within a zip.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) is_deflated: bool,
    /// How long it claims to be when it is unpacked.
    pub(super) length: u64,
    /// How long it is packed.
    pub(super) packed: u64,
    /// Where it is likely to be with its header: what is fetched at once.
    pub(super) likely: std::ops::Range<u64>,
    wayfinder: ZipArchiveEntryWayfinder,
}

/// Why something cannot be read now.
#[derive(Debug)]
pub(super) enum Halt {
    /// It is not at hand yet.
    Missing(Missing),
    /// It is damaged.
    Damaged(String),
}

impl From<Missing> for Halt {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

/// The archive, its files, and what is wrong with each of the others.
pub(super) type Opened = (Archive, Vec<Entry>, Vec<(String, String)>);

impl Archive {
    /// Reads the directory. What is not one of a zip's files, such as a folder, is left out.
    pub(super) fn open(file: &Arc<Sparse>) -> Result<Opened, Halt> {
        let halt = |reason: String| match file.take_missing() {
            Some(missing) => Halt::Missing(missing),
            None => Halt::Damaged(reason),
        };
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let located = ZipLocator::new().locate_in_reader(file.clone(), &mut buffer, file.length());
        let zip = match located {
            Ok(zip) => zip,
            Err((_, error)) => return Err(halt(format!("it is no zip, or its end is missing ({error})"))),
        };
        // The locator passes over what it cannot read yet where it only looks.
        if let Some(missing) = file.take_missing() {
            return Err(Halt::Missing(missing));
        }
        if zip.entries_hint() > MOST as u64 {
            return Err(Halt::Damaged(format!(
                "it claims {} files; expected at most {MOST}",
                zip.entries_hint()
            )));
        }
        let length = zip.eocd_offset().saturating_sub(zip.directory_offset());
        if length > DIRECTORY {
            return Err(Halt::Damaged(format!(
                "its directory has {length} bytes; expected at most {DIRECTORY}"
            )));
        }
        // All of it at once: what is at hand in small pieces would be looked through again for each.
        let directory = zip.directory_offset()..zip.eocd_offset();
        if directory.start <= directory.end && directory.end <= file.length() {
            file.get(directory)?;
        }
        let (mut entries, mut refused, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut listed = zip.entries(&mut buffer);
        loop {
            let record = match listed.next_entry() {
                Ok(Some(record)) => record,
                Ok(None) => break,
                Err(error) => return Err(halt(format!("its directory is damaged ({error})"))),
            };
            if entries.len() + refused.len() == MOST {
                return Err(Halt::Damaged(format!("it has more than {MOST} files")));
            }
            let raw = record.file_path();
            let name: String = String::from_utf8_lossy(raw.as_bytes()).chars().take(120).collect();
            let Some(path) = inside(raw.as_bytes()) else {
                refused.push((name, "is a path that leads out of the zip, or is none".into()));
                continue;
            };
            if record.is_dir() {
                continue;
            }
            if !seen.insert(path.to_owned()) {
                refused.push((name, "is there twice; the first is taken".into()));
                continue;
            }
            let is_deflated = match record.compression_method() {
                CompressionMethod::STORE => false,
                CompressionMethod::DEFLATE => true,
                other => {
                    refused.push((name, format!("is packed in a way that is not read ({other:?})")));
                    continue;
                }
            };
            if record.flags().is_encrypted() {
                refused.push((name, "is encrypted".into()));
                continue;
            }
            let (length, packed) = (record.uncompressed_size_hint(), record.compressed_size_hint());
            let start = record.local_header_offset().min(file.length());
            let end = start.saturating_add(packed).saturating_add(HEADER + path.len() as u64);
            let likely = start..end.min(file.length());
            entries.push(Entry {
                path: path.to_owned(),
                is_deflated,
                length,
                packed,
                likely,
                wayfinder: record.wayfinder(),
            });
        }
        Ok((Self { zip }, entries, refused))
    }

    /// Where the packed bytes of a file are.
    pub(super) fn range(&self, entry: &Entry) -> Result<std::ops::Range<u64>, Halt> {
        let file = self.zip.get_ref();
        let halt = |reason: String| match file.take_missing() {
            Some(missing) => Halt::Missing(missing),
            None => Halt::Damaged(reason),
        };
        let found = self.zip.get_entry(entry.wayfinder);
        let (start, end) =
            found.map_err(|error| halt(format!("is damaged ({error})")))?.compressed_data_range();
        let fits = end <= file.length() && start <= end && end - start == entry.packed;
        if !fits {
            return Err(Halt::Damaged(format!("claims {} bytes, more than the zip has", entry.packed)));
        }
        if !entry.is_deflated && entry.length != entry.packed {
            let (length, packed) = (entry.length, entry.packed);
            return Err(Halt::Damaged(format!("claims {length} bytes and is stored in {packed}")));
        }
        Ok(start..end)
    }
}

/// A path as text, where it stays inside. Folders end with a slash.
fn inside(raw: &[u8]) -> Option<&str> {
    let path = std::str::from_utf8(raw).ok()?;
    is_within(path.strip_suffix('/').unwrap_or(path)).then_some(path)
}
