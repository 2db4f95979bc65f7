//! Writes files to a zip or one after the other, in pieces, and computes their checksums.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions, write::StreamWriter};

use super::{error::ExportError, time};
use pickscore_common::hexadecimal::hexadecimal;

/// Minimum size of a piece, in bytes.
const PIECE: usize = 1 << 20;

/// Whether files are written to a zip or separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// One zip without compression, because images and Parquet are compressed already. It is
    /// written sequentially, so the target can be a stream.
    Zip,
    /// Separate files.
    Folder,
}

/// A piece of the output. A zip consists of bytes only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chunk {
    /// The start of a file with this path.
    Open(String),
    /// Bytes of the file, or of the zip.
    Bytes(Vec<u8>),
    /// The end of the file.
    Close,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Its path within the contribution.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Number of rows.
    pub rows: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// A buffer that one owner writes and another one takes from.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    /// Takes everything that was written since the last call.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn length(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes files to a zip or one after the other.
pub(super) struct Packer {
    /// Bytes of the zip, or of the open file.
    pipe: Pipe,
    zip: Option<ZipWriter<StreamWriter<Pipe>>>,
    options: SimpleFileOptions,
    chunks: Vec<Chunk>,
    open: Option<(WrittenFile, Sha256)>,
    /// The finished files.
    pub(super) files: Vec<WrittenFile>,
    /// Number of bytes in all pieces so far.
    pub(super) bytes: u64,
}

impl Packer {
    /// `now` is the modification time of files in a zip.
    pub(super) fn new(packing: Packing, now: i64) -> Self {
        let pipe = Pipe::default();
        let zip = (packing == Packing::Zip).then(|| ZipWriter::new_stream(pipe.clone()));
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(date_time(now));
        Self { pipe, zip, options, chunks: Vec::new(), open: None, files: Vec::new(), bytes: 0 }
    }

    /// Starts a file.
    pub(super) fn open(&mut self, path: &str) -> Result<(), ExportError> {
        match &mut self.zip {
            Some(zip) => zip.start_file(path, self.options)?,
            None => self.chunks.push(Chunk::Open(path.into())),
        }
        let file = WrittenFile { path: path.into(), bytes: 0, rows: 0, sha256: String::new() };
        self.open = Some((file, Sha256::new()));
        Ok(())
    }

    /// Writes to the open file.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        let (file, hash) = self.open.as_mut().ok_or(ExportError::Order { reason: "no file is open" })?;
        hash.update(bytes);
        file.bytes += bytes.len() as u64;
        match &mut self.zip {
            Some(zip) => zip.write_all(bytes)?,
            None => self.pipe.write_all(bytes)?,
        }
        if self.pipe.length() >= PIECE {
            self.hand_out();
        }
        Ok(())
    }

    /// Ends the open file, which has this many rows.
    pub(super) fn close(&mut self, rows: u64) -> Result<(), ExportError> {
        let (mut file, hash) = self.open.take().ok_or(ExportError::Order { reason: "no file is open" })?;
        file.rows = rows;
        file.sha256 = hexadecimal(&hash.finalize());
        self.files.push(file);
        if self.zip.is_none() {
            self.hand_out();
            self.chunks.push(Chunk::Close);
        }
        Ok(())
    }

    /// Writes a whole file.
    pub(super) fn whole(&mut self, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
        self.open(path)?;
        self.write(bytes)?;
        self.close(0)
    }

    /// Ends the zip.
    pub(super) fn finish(&mut self) -> Result<(), ExportError> {
        if let Some(zip) = self.zip.take() {
            zip.finish()?;
        }
        self.hand_out();
        Ok(())
    }

    /// Takes the pieces since the last call.
    pub(super) fn take(&mut self) -> Vec<Chunk> {
        std::mem::take(&mut self.chunks)
    }

    fn hand_out(&mut self) {
        let bytes = self.pipe.take();
        if !bytes.is_empty() {
            self.bytes += bytes.len() as u64;
            self.chunks.push(Chunk::Bytes(bytes));
        }
    }
}

/// A time in the format of zips; the first possible one if it is out of their range.
fn date_time(milliseconds: i64) -> DateTime {
    let of = |at: ::time::OffsetDateTime| {
        let year = u16::try_from(at.year()).ok()?;
        DateTime::from_date_and_time(year, at.month().into(), at.day(), at.hour(), at.minute(), at.second())
            .ok()
    };
    time::utc(milliseconds).and_then(of).unwrap_or_default()
}
