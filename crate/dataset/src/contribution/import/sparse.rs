//! A file of which only some ranges are in memory. A read of another range records it as missing,
//! so that the caller can fetch it and repeat the work.

use std::{
    io::{self, Read},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use parquet::{
    errors::ParquetError,
    file::reader::{ChunkReader, Length},
};
use rawzip::ReaderAt;

/// Missing ranges are extended to multiples of this many bytes.
const BLOCK: u64 = 64 << 10;

/// A range that must be fetched before the work can continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) Range<u64>);

/// A file of which only some ranges are in memory.
#[derive(Debug, Default)]
pub(crate) struct Sparse {
    length: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The start of each piece, and its bytes.
    pieces: Vec<(u64, Bytes)>,
    missing: Option<Range<u64>>,
}

impl Sparse {
    pub(crate) fn new(length: u64) -> Self {
        Self { length, state: Mutex::default() }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a piece.
    pub(crate) fn add(&self, start: u64, bytes: Vec<u8>) {
        self.state().pieces.push((start, bytes.into()));
    }

    /// Removes all pieces.
    pub(crate) fn clear(&self) {
        self.state().pieces.clear();
    }

    /// The bytes of a range, if one piece contains them.
    fn in_memory(&self, range: &Range<u64>) -> Option<Bytes> {
        if range.is_empty() {
            return Some(Bytes::new());
        }
        let state = self.state();
        state.pieces.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
            let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
            (to <= bytes.len() && from <= to).then(|| bytes.slice(from..to))
        })
    }

    /// The bytes of a range, or the range to fetch.
    pub(crate) fn get(&self, range: Range<u64>) -> Result<Bytes, Missing> {
        self.in_memory(&range).ok_or(Missing(range))
    }

    /// The bytes of a range. A range that is not in memory is recorded as missing.
    fn get_or_note(&self, range: Range<u64>) -> io::Result<Bytes> {
        if range.end > self.length || range.start > range.end {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "beyond the file's end"));
        }
        self.in_memory(&range).ok_or_else(|| {
            self.state().missing = Some(range);
            io::Error::other("not fetched yet")
        })
    }

    /// Takes the range that was recorded as missing, extended to whole blocks.
    pub(crate) fn take_missing(&self) -> Option<Missing> {
        let range = self.state().missing.take()?;
        let start = range.start - range.start % BLOCK;
        let end = range.end.saturating_add(BLOCK - 1) / BLOCK * BLOCK;
        Some(Missing(start..end.min(self.length)))
    }
}

impl ReaderAt for Sparse {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.length.saturating_sub(offset);
        let wanted = (buffer.len() as u64).min(left) as usize;
        if wanted == 0 {
            return Ok(0);
        }
        let bytes = self.get_or_note(offset..offset + wanted as u64)?;
        buffer[..wanted].copy_from_slice(&bytes);
        Ok(wanted)
    }
}

/// A file: a range of a [`Sparse`] file, or bytes in memory.
#[derive(Debug, Clone)]
pub(crate) enum Window {
    Part { file: Arc<Sparse>, range: Range<u64> },
    Memory(Bytes),
}

impl Window {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Part { range, .. } => range.end - range.start,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// The bytes of a range, or the range of the underlying file to fetch.
    pub(crate) fn get(&self, range: Range<u64>) -> Result<Bytes, Missing> {
        match self {
            Self::Part { file, range: part } => file.get(part.start + range.start..part.start + range.end),
            Self::Memory(bytes) => Ok(bytes.slice(range.start as usize..range.end as usize)),
        }
    }

    /// Removes the fetched pieces.
    pub(crate) fn clear(&self) {
        if let Self::Part { file, .. } = self {
            file.clear();
        }
    }

    fn part(&self, start: u64, length: u64) -> io::Result<Bytes> {
        let end = start.checked_add(length).filter(|&end| end <= self.length());
        let end = end.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "beyond the file's end"))?;
        match self {
            Self::Part { file, range } => file.get_or_note(range.start + start..range.start + end),
            Self::Memory(bytes) => Ok(bytes.slice(start as usize..end as usize)),
        }
    }
}

impl Length for Window {
    fn len(&self) -> u64 {
        self.length()
    }
}

impl ChunkReader for Window {
    type T = WindowReader;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(WindowReader { window: self.clone(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        Ok(self.part(start, length as u64)?)
    }
}

/// Reads from an offset.
#[derive(Debug)]
pub(crate) struct WindowReader {
    window: Window,
    at: u64,
}

impl Read for WindowReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = (buffer.len() as u64).min(self.window.length().saturating_sub(self.at));
        if wanted == 0 {
            return Ok(0);
        }
        // Callers often ask for more than they need: give them what is in memory.
        let bytes = match self.window.part(self.at, wanted) {
            Ok(bytes) => bytes,
            Err(error) => match &self.window {
                Window::Part { file, range } => file.rest_of(range.start + self.at, wanted).ok_or(error)?,
                Window::Memory(_) => return Err(error),
            },
        };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }
}

impl Sparse {
    /// Up to `most` bytes from `start` that are in memory.
    fn rest_of(&self, start: u64, most: u64) -> Option<Bytes> {
        let mut state = self.state();
        let found = state.pieces.iter().find_map(|(at, bytes)| {
            let from = usize::try_from(start.checked_sub(*at)?).ok().filter(|&from| from < bytes.len())?;
            let to = bytes.len().min(from.saturating_add(most as usize));
            Some(bytes.slice(from..to))
        })?;
        state.missing = None;
        Some(found)
    }
}
