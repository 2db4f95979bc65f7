//! Rows on their way into another order, on disk: written one by one into as many files as the order has stretches, then read stretch by stretch.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write as _},
    path::PathBuf,
};

use super::{
    MergeError,
    decide::Kept,
    fingerprint::{Fingerprint, read_row, write_row},
    target::failed,
};
use crate::Row;

/// Bytes of a file, about.
const STRETCH: u64 = 32 << 20;
/// Most files: each is opened for every write, and has a buffer.
const FILES: u64 = 512;
/// Bytes that a file's buffer holds, all of them together 32 MB.
const BUFFER: usize = 64 << 10;
/// Bytes of a file that is read into memory at once. In a larger one rows are looked up.
const AT_ONCE: u64 = 128 << 20;

/// Files for stretches of the order.
pub(super) struct Spool {
    folder: PathBuf,
    stretches: Vec<Stretch>,
}

#[derive(Default)]
struct Stretch {
    buffer: Vec<u8>,
    written: u64,
    rows: Vec<Place>,
}

/// Where a row is.
#[derive(Clone, Copy)]
struct Place {
    order: Fingerprint,
    start: u64,
    length: u32,
    kept: u32,
}

impl Spool {
    /// For about so many bytes.
    pub(super) fn new(folder: PathBuf, bytes: u64) -> Self {
        let count = bytes.div_ceil(STRETCH).clamp(1, FILES);
        Self { folder, stretches: (0..count).map(|_| Stretch::default()).collect() }
    }

    fn path(&self, stretch: usize) -> PathBuf {
        self.folder.join(format!("{stretch}.rows"))
    }

    /// Takes a row, number `index` of what is kept.
    pub(super) fn write(&mut self, row: &Row, kept: &Kept, index: usize) -> Result<(), MergeError> {
        let start = u32::from_be_bytes([kept.order[0], kept.order[1], kept.order[2], kept.order[3]]);
        let at = ((u64::from(start) * self.stretches.len() as u64) >> 32) as usize;
        let path = self.path(at);
        let stretch = &mut self.stretches[at];
        let before = stretch.buffer.len();
        write_row(row, true, &mut stretch.buffer).map_err(|error| failed(&path, &error))?;
        let length = (stretch.buffer.len() - before) as u32;
        let start = stretch.written + before as u64;
        stretch.rows.push(Place { order: kept.order, start, length, kept: index as u32 });
        if stretch.buffer.len() >= BUFFER { stretch.flush(&path) } else { Ok(()) }
    }

    /// Hands over all rows in order, each with its number, and removes the files.
    pub(super) fn read(
        mut self,
        take: &mut dyn FnMut(Row, usize) -> Result<(), MergeError>,
    ) -> Result<(), MergeError> {
        for at in 0..self.stretches.len() {
            let path = self.path(at);
            let mut stretch = std::mem::take(&mut self.stretches[at]);
            stretch.rows.sort_unstable_by_key(|place| (place.order, place.start));
            if stretch.written == 0 {
                // Small enough never to have seen the disk.
                for place in &stretch.rows {
                    let mut bytes = &stretch.buffer[place.start as usize..][..place.length as usize];
                    take(read_row(&mut bytes).map_err(|error| failed(&path, &error))?, place.kept as usize)?;
                }
                continue;
            }
            stretch.flush(&path)?;
            let mut file = File::open(&path).map_err(|error| failed(&path, &error))?;
            let mut all = Vec::new();
            if stretch.written <= AT_ONCE {
                file.read_to_end(&mut all).map_err(|error| failed(&path, &error))?;
            }
            let mut one = Vec::new();
            for place in &stretch.rows {
                let length = place.length as usize;
                let mut bytes = if stretch.written <= AT_ONCE {
                    all.get(place.start as usize..).and_then(|rest| rest.get(..length)).unwrap_or_default()
                } else {
                    one.resize(length, 0);
                    file.seek(SeekFrom::Start(place.start)).map_err(|error| failed(&path, &error))?;
                    file.read_exact(&mut one).map_err(|error| failed(&path, &error))?;
                    &one
                };
                take(read_row(&mut bytes).map_err(|error| failed(&path, &error))?, place.kept as usize)?;
            }
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }
}

impl Stretch {
    fn flush(&mut self, path: &PathBuf) -> Result<(), MergeError> {
        // Opened anew each time, since a process may not have as many files open.
        let mut file =
            OpenOptions::new().create(true).append(true).open(path).map_err(|error| failed(path, &error))?;
        file.write_all(&self.buffer).map_err(|error| failed(path, &error))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
