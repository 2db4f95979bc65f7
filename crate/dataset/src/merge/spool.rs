//! Sorts rows on disk (a bucket sort): each row is appended to the file of its range of the order,
//! and the files are then read one after the other.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::{decide::Kept, error::MergeError, fingerprint::Fingerprint, target::failed};
use crate::row::Row;

/// Approximate size of a file, in bytes.
const BUCKET: u64 = 32 << 20;
/// Maximum number of files. Each has a buffer.
const FILES: u64 = 512;
/// Size of the buffer of a file, in bytes. All buffers together have at most 32 MB.
const BUFFER: usize = 64 << 10;
/// Maximum size of a file that is read into memory as a whole, in bytes. In a larger file each row
/// is read separately.
const AT_ONCE: u64 = 128 << 20;

/// The files.
pub(super) struct Spool {
    folder: PathBuf,
    buckets: Vec<Bucket>,
}

#[derive(Default)]
struct Bucket {
    buffer: Vec<u8>,
    written: u64,
    rows: Vec<Place>,
}

/// The place of a row in its file.
#[derive(Clone, Copy)]
struct Place {
    order: Fingerprint,
    start: u64,
    length: u32,
    kept: u32,
}

impl Spool {
    /// Prepares for about this many bytes.
    pub(super) fn new(folder: PathBuf, bytes: u64) -> Self {
        let count = bytes.div_ceil(BUCKET).clamp(1, FILES);
        Self { folder, buckets: (0..count).map(|_| Bucket::default()).collect() }
    }

    fn path(&self, bucket: usize) -> PathBuf {
        self.folder.join(format!("{bucket}.rows"))
    }

    /// Adds a row. `index` is its index in the list of kept rows.
    pub(super) fn write(&mut self, row: &Row, kept: &Kept, index: usize) -> Result<(), MergeError> {
        let start = u32::from_be_bytes([kept.order[0], kept.order[1], kept.order[2], kept.order[3]]);
        let at = ((u64::from(start) * self.buckets.len() as u64) >> 32) as usize;
        let path = self.path(at);
        let bucket = &mut self.buckets[at];
        let before = bucket.buffer.len();
        bucket.buffer = postcard::to_extend(row, std::mem::take(&mut bucket.buffer))
            .map_err(|error| failed(&path, io::Error::other(error)))?;
        let length = (bucket.buffer.len() - before) as u32;
        let start = bucket.written + before as u64;
        bucket.rows.push(Place { order: kept.order, start, length, kept: index as u32 });
        if bucket.buffer.len() >= BUFFER { bucket.flush(&path) } else { Ok(()) }
    }

    /// Passes all rows in order to `take`, each with its index, and removes the files.
    pub(super) fn read(
        mut self,
        take: &mut dyn FnMut(Row, usize) -> Result<(), MergeError>,
    ) -> Result<(), MergeError> {
        for at in 0..self.buckets.len() {
            let path = self.path(at);
            let mut bucket = std::mem::take(&mut self.buckets[at]);
            bucket.rows.sort_unstable_by_key(|place| (place.order, place.start));
            if bucket.written == 0 {
                // Everything is still in the buffer.
                for place in &bucket.rows {
                    let bytes = &bucket.buffer[place.start as usize..][..place.length as usize];
                    take(row_of(bytes, &path)?, place.kept as usize)?;
                }
                continue;
            }
            bucket.flush(&path)?;
            let mut file = File::open(&path).map_err(|error| failed(&path, error))?;
            let mut all = Vec::new();
            if bucket.written <= AT_ONCE {
                file.read_to_end(&mut all).map_err(|error| failed(&path, error))?;
            }
            let mut one = Vec::new();
            for place in &bucket.rows {
                let length = place.length as usize;
                let bytes = if bucket.written <= AT_ONCE {
                    all.get(place.start as usize..).and_then(|rest| rest.get(..length)).unwrap_or_default()
                } else {
                    one.resize(length, 0);
                    file.seek(SeekFrom::Start(place.start)).map_err(|error| failed(&path, error))?;
                    file.read_exact(&mut one).map_err(|error| failed(&path, error))?;
                    &one
                };
                take(row_of(bytes, &path)?, place.kept as usize)?;
            }
            fs::remove_file(&path).map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }
}

fn row_of(bytes: &[u8], path: &Path) -> Result<Row, MergeError> {
    postcard::from_bytes(bytes).map_err(|error| failed(path, io::Error::other(error)))
}

impl Bucket {
    fn flush(&mut self, path: &PathBuf) -> Result<(), MergeError> {
        // The file is opened for each write, because the number of open files is limited.
        let mut file =
            OpenOptions::new().create(true).append(true).open(path).map_err(|error| failed(path, error))?;
        file.write_all(&self.buffer).map_err(|error| failed(path, error))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
