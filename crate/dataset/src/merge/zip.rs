//! A contribution's zip, read with the importer's zip reader.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::Path,
    sync::Arc,
};

use pickscore_common::regular::open_regular;

use super::error::{SourceFault, unreadable};
use crate::contribution::{
    fault::EntryFault,
    import::{
        archive::{Archive, Entry, Halt, Limits},
        sparse::{Missing, Sparse},
    },
    manifest::{MANIFEST, shortened},
};

/// Maximum length of an unpacked file, in bytes.
const UNPACKED: u64 = 8 << 30;
/// Maximum compression ratio. Parquet is compressed already.
const RATIO: u64 = 200;
/// What a zip may contain.
const ZIP: Limits = Limits { files: 1_000_000, directory: 256 << 20 };

/// A zip on disk with a contribution.
pub(super) struct Zip<'a> {
    pub(super) path: &'a Path,
    /// Its path, for reports.
    name: String,
    /// The parts of the file that were read so far.
    in_memory: Arc<Sparse>,
    archive: Archive,
    entries: BTreeMap<String, Entry>,
    refused: BTreeMap<String, Arc<EntryFault>>,
    /// The folder of the contribution within the zip.
    prefix: String,
}

impl<'a> Zip<'a> {
    pub(super) fn open(path: &'a Path, name: String) -> Result<Self, SourceFault> {
        let length = path.metadata().map_err(|error| unreadable(&name, error))?.len();
        let in_memory = Arc::new(Sparse::new(length));
        let opened = fetching(path, &in_memory, &name, || Archive::open(&in_memory, &ZIP))?;
        let (archive, entries, refused) =
            opened.map_err(|source| SourceFault::Zip { file: name.clone(), source })?;
        let leads_out = |(entry, fault): &&(String, EntryFault)| {
            matches!(fault, EntryFault::Outside) && !entry.ends_with('/')
        };
        if let Some((entry, _)) = refused.iter().find(leads_out) {
            return Err(SourceFault::Path { file: name, entry: shortened(entry) });
        }
        // The contribution is in the folder of the manifest with the shortest path.
        let folders = entries.iter().filter_map(|entry| entry.path.strip_suffix(MANIFEST));
        let folders = folders.filter(|folder| folder.is_empty() || folder.ends_with('/'));
        let Some(prefix) = folders.min_by_key(|folder| folder.len()).map(str::to_owned) else {
            return Err(SourceFault::Missing { file: name, entry: MANIFEST.into() });
        };
        let entries = entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
        // The first fault of a path counts.
        let refused = refused.into_iter().rev().map(|(path, fault)| (path, Arc::new(fault))).collect();
        Ok(Self { path, name, in_memory, archive, entries, refused, prefix })
    }

    /// Finds a file of the contribution, and the range of its packed bytes.
    pub(super) fn find(&self, entry: &str) -> Result<(&Entry, Range<u64>), SourceFault> {
        let path = format!("{}{entry}", self.prefix);
        let file = || format!("{}/{entry}", self.name);
        let Some(found) = self.entries.get(&path) else {
            return Err(match self.refused.get(&path) {
                Some(fault) => SourceFault::Entry { file: file(), source: fault.clone() },
                None => SourceFault::Missing { file: self.name.clone(), entry: entry.to_owned() },
            });
        };
        let &Entry { packed, length: claimed, .. } = found;
        if claimed > UNPACKED.max(packed) || claimed / RATIO > packed {
            let expected = format!("at most {}", UNPACKED.min(packed.saturating_mul(RATIO)));
            return Err(SourceFault::Size { file: file(), found: claimed, unit: "bytes", expected });
        }
        let range = fetching(self.path, &self.in_memory, &self.name, || self.archive.range(found))?;
        self.in_memory.clear();
        let range = range.map_err(|fault| SourceFault::Entry { file: file(), source: fault.into() })?;
        Ok((found, range))
    }
}

/// Runs `work`, and reads each range of the file that it reports as missing.
fn fetching<T, F>(
    path: &Path,
    in_memory: &Sparse,
    name: &str,
    mut work: impl FnMut() -> Result<T, Halt<F>>,
) -> Result<Result<T, F>, SourceFault> {
    loop {
        match work() {
            Ok(done) => return Ok(Ok(done)),
            Err(Halt::Fault(fault)) => return Ok(Err(fault)),
            Err(Halt::Missing(Missing(range))) => {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                part_of(path, &range)
                    .and_then(|mut file| file.read_exact(&mut bytes))
                    .map_err(|error| unreadable(name, error))?;
                in_memory.add(range.start, bytes);
            }
        }
    }
}

/// Opens a range of a file. Each call opens the file again, so that several ranges can be read at
/// once.
pub(super) fn part_of(path: &Path, range: &Range<u64>) -> io::Result<io::Take<File>> {
    let mut file = open_regular(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    Ok(file.take(range.end - range.start))
}
