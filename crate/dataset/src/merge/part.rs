//! One Parquet file among the sources: on disk, or stored in a zip.

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

use super::{MergeError, SourceFault, lines::Lines};
use crate::Reader;

/// One Parquet file.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// What reports call it: its path, within its zip where it is in one.
    pub(super) name: String,
    /// Which of the sources it belongs to.
    pub(super) source: usize,
    /// Rows that its contribution's manifest claims.
    pub(super) rows: Option<u64>,
    /// Where it was made of lines: which.
    pub(super) lines: Lines,
    file: PathBuf,
    /// Where it lies in the file: first byte and length. All of it unless given.
    place: Option<(u64, u64)>,
    stamp: Option<(u64, SystemTime)>,
}

impl Part {
    pub(super) fn new(name: String, source: usize, file: PathBuf, place: Option<(u64, u64)>) -> Self {
        let stamp = stamp(&file);
        Self { name, source, rows: None, lines: Lines::default(), file, place, stamp }
    }

    /// Reads its footer.
    pub(super) fn open(&self) -> Result<Reader<Span>, SourceFault> {
        let unreadable = |error: std::io::Error| SourceFault::Unreadable {
            file: self.name.clone(),
            reason: error.to_string(),
        };
        let file = File::open(&self.file).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let (start, length) = self.place.unwrap_or((0, length));
        Ok(Reader::open(self.name.clone(), Span { file, start, length })?)
    }

    /// Opens it the second time.
    pub(super) fn reopen(&self) -> Result<Reader<Span>, MergeError> {
        let changed = || MergeError::Changed { file: self.name.clone() };
        if stamp(&self.file) != self.stamp {
            return Err(changed());
        }
        self.open().map_err(|_| changed())
    }
}

/// How long a file is, and when it was written.
fn stamp(file: &std::path::Path) -> Option<(u64, SystemTime)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// A stretch of a file that reads as one.
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
    /// A handle of its own at a place, and how much may be read from there.
    fn at(&self, offset: u64) -> Result<(File, u64), ParquetError> {
        let left = self.length.checked_sub(offset).ok_or_else(beyond)?;
        let mut file = self.file.try_clone().map_err(|error| ParquetError::General(error.to_string()))?;
        file.seek(SeekFrom::Start(self.start + offset))
            .map_err(|error| ParquetError::General(error.to_string()))?;
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
        // Before memory is taken for what a file claims.
        if length as u64 > left {
            return Err(beyond());
        }
        let mut bytes = Vec::with_capacity(length);
        let read = file.take(length as u64).read_to_end(&mut bytes);
        match read {
            Ok(found) if found == length => Ok(bytes.into()),
            Ok(_) => Err(beyond()),
            Err(error) => Err(ParquetError::General(error.to_string())),
        }
    }
}
