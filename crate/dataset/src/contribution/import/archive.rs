//! Reads the directory of a zip. Paths must be unique and stay within the zip.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder, ZipLocator};

use super::sparse::{Missing, Sparse};
use crate::contribution::{
    fault::{EntryFault, ZipFault},
    manifest::is_within,
};

/// Limits of a zip.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Maximum number of files.
    pub(crate) files: usize,
    /// Maximum size of its directory, in bytes.
    pub(crate) directory: u64,
}

/// Expected size of a local header without its path, in bytes: 30, and extra fields.
const HEADER: u64 = 128;

/// A zip with its directory.
#[derive(Debug)]
pub(crate) struct Archive {
    zip: ZipArchive<Arc<Sparse>>,
}

/// A file within a zip.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) is_deflated: bool,
    /// Its claimed unpacked length, in bytes.
    pub(crate) length: u64,
    /// Its packed length, in bytes.
    pub(crate) packed: u64,
    /// The likely range of its local header and bytes, which is fetched at once.
    pub(crate) likely: Range<u64>,
    wayfinder: ZipArchiveEntryWayfinder,
}

/// Why something cannot be read.
#[derive(Debug)]
pub(crate) enum Halt<F, M = Missing> {
    /// A range must be fetched first.
    Missing(M),
    /// It is invalid.
    Fault(F),
}

impl<F> Halt<F> {
    /// The range that was missing, or else the fault.
    fn of(file: &Sparse, fault: F) -> Self {
        file.take_missing().map_or(Self::Fault(fault), Self::Missing)
    }
}

impl<F> From<Missing> for Halt<F> {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

/// The archive, its valid files, and the faults of the others.
pub(crate) type Opened = (Archive, Vec<Entry>, Vec<(String, EntryFault)>);

impl Archive {
    /// Reads the directory. Folders are left out.
    pub(crate) fn open(file: &Arc<Sparse>, limits: &Limits) -> Result<Opened, Halt<ZipFault>> {
        let &Limits { files: most, directory: longest } = limits;
        let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
        let located = ZipLocator::new().locate_in_reader(file.clone(), &mut buffer, file.length());
        let zip = match located {
            Ok(zip) => zip,
            Err((_, error)) => return Err(Halt::of(file, ZipFault::NoZip(error))),
        };
        // The locator ignores some failed reads.
        if let Some(missing) = file.take_missing() {
            return Err(Halt::Missing(missing));
        }
        if zip.entries_hint() > most as u64 {
            return Err(Halt::Fault(ZipFault::Claims { claimed: zip.entries_hint(), most }));
        }
        let length = zip.eocd_offset().saturating_sub(zip.directory_offset());
        if length > longest {
            return Err(Halt::Fault(ZipFault::Directory { found: length, most: longest }));
        }
        // The directory is fetched as a whole. In small pieces it would be parsed again after each.
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
                Err(error) => return Err(Halt::of(file, ZipFault::Damaged(error))),
            };
            if entries.len() + refused.len() == most {
                return Err(Halt::Fault(ZipFault::Files { most }));
            }
            let raw = record.file_path();
            let name: String = String::from_utf8_lossy(raw.as_bytes()).chars().take(120).collect();
            let Some(path) = inside(raw.as_bytes()) else {
                refused.push((name, EntryFault::Outside));
                continue;
            };
            if record.is_dir() {
                continue;
            }
            if !seen.insert(path.to_owned()) {
                refused.push((name, EntryFault::Twice));
                continue;
            }
            let is_deflated = match record.compression_method() {
                CompressionMethod::STORE => false,
                CompressionMethod::DEFLATE => true,
                other => {
                    refused.push((name, EntryFault::Method(other)));
                    continue;
                }
            };
            if record.flags().is_encrypted() {
                refused.push((name, EntryFault::Encrypted));
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

    /// The range of the packed bytes of a file.
    pub(crate) fn range(&self, entry: &Entry) -> Result<Range<u64>, Halt<EntryFault>> {
        let file = self.zip.get_ref();
        let Entry { length, packed, is_deflated, wayfinder, .. } = *entry;
        let found = self.zip.get_entry(wayfinder);
        let found = found.map_err(|error| Halt::of(file, EntryFault::Damaged(error)))?;
        let (start, end) = found.compressed_data_range();
        let fits = end <= file.length() && start <= end && end - start == packed;
        if !fits {
            return Err(Halt::Fault(EntryFault::Beyond { packed }));
        }
        if !is_deflated && length != packed {
            return Err(Halt::Fault(EntryFault::Stored { length, packed }));
        }
        Ok(start..end)
    }
}

/// A path, if it is valid UTF-8 and stays within the zip. Folders end with a slash.
fn inside(raw: &[u8]) -> Option<&str> {
    let path = std::str::from_utf8(raw).ok()?;
    is_within(path.strip_suffix('/').unwrap_or(path)).then_some(path)
}
