//! A Parquet file of a source: a file on disk, or stored without compression in a zip.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::PathBuf,
    time::SystemTime,
};

use bytes::Bytes;
use parquet::{
    errors::ParquetError,
    file::reader::{ChunkReader, Length},
};

use pickscore_common::regular::open_regular;

use super::{
    error::{MergeError, SourceFault},
    lines::Lines,
};
use crate::read::Reader;

/// A Parquet file of a source.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Its path for reports, which includes the path of its zip.
    pub(super) name: String,
    /// The index of its source.
    pub(super) source: usize,
    /// Number of rows according to the manifest.
    pub(super) rows: Option<u64>,
    /// The lines from which the file was converted, if any.
    pub(super) lines: Lines,
    file: PathBuf,
    /// The range of the file in `file` as start and length, in bytes; `None` for the whole file.
    place: Option<(u64, u64)>,
    stamp: Option<(u64, SystemTime)>,
}

impl Part {
    pub(super) fn new(name: String, source: usize, file: PathBuf, place: Option<(u64, u64)>) -> Self {
        let stamp = stamp(&file);
        Self { name, source, rows: None, lines: Lines::default(), file, place, stamp }
    }

    /// Opens the file and reads its footer.
    pub(super) fn open(&self) -> Result<Reader<Span>, SourceFault> {
        let unreadable = |source: std::io::Error| SourceFault::Unreadable { file: self.name.clone(), source };
        let file = open_regular(&self.file).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let (start, length) = self.place.unwrap_or((0, length));
        Ok(Reader::open(self.name.clone(), Span { file, start, length })?)
    }

    /// Opens the file again, if it has not changed.
    pub(super) fn reopen(&self) -> Result<Reader<Span>, MergeError> {
        let changed = || MergeError::Changed { file: self.name.clone() };
        if stamp(&self.file) != self.stamp {
            return Err(changed());
        }
        self.open().map_err(|_| changed())
    }
}

/// The length and modification time of a file.
fn stamp(file: &std::path::Path) -> Option<(u64, SystemTime)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// A range of a file that is read as a file.
#[derive(Debug)]
pub(super) struct Span {
    file: File,
    start: u64,
    length: u64,
}

impl Length for Span {
    fn len(&self) -> u64 {
        self.length
    }
}

impl Span {
    /// A new handle at an offset, and the number of bytes that follow.
    fn at(&self, offset: u64) -> Result<(File, u64), ParquetError> {
        let left = self.length.checked_sub(offset).ok_or_else(beyond)?;
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(self.start + offset))?;
        Ok((file, left))
    }
}

fn beyond() -> ParquetError {
    ParquetError::EOF("it claims bytes beyond its end".into())
}

impl ChunkReader for Span {
    type T = BufReader<std::io::Take<File>>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let (file, left) = self.at(start)?;
        Ok(BufReader::new(file.take(left)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let (file, left) = self.at(start)?;
        // Checked before memory is allocated for a length that the file claims.
        if length as u64 > left {
            return Err(beyond());
        }
        let mut bytes = Vec::with_capacity(length);
        if file.take(length as u64).read_to_end(&mut bytes)? < length {
            return Err(beyond());
        }
        Ok(bytes.into())
    }
}
