//! Reads a safetensors file from pieces of any size, in file order.

use super::{
    header::{Header, HeaderError, PREFIX},
    sink::{Erased, Stopped, fail},
};

/// Reads a safetensors file. Holds the header, but no tensors.
#[derive(Debug)]
pub(super) struct Safetensors {
    length: Option<u64>,
    received: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Reading the 8-byte length.
    Prefix(Vec<u8>),
    /// Reading the JSON, with its length.
    Json(Vec<u8>, usize),
    /// Reading tensor `next` at `offset`. `file` is the size of the file in bytes.
    Tensors { header: Header, next: usize, offset: u64, file: u64 },
}

impl Safetensors {
    /// Starts a file. If its `length` in bytes is known, a wrong header is rejected before anything
    /// is allocated for it.
    pub(super) fn new(length: Option<u64>) -> Self {
        Self { length, received: 0, state: State::Prefix(Vec::new()) }
    }

    /// The header and the offset after it, once it has been read.
    pub(super) fn header(&self) -> Option<(&Header, u64)> {
        match &self.state {
            State::Tensors { header, file, .. } => Some((header, file - header.data)),
            _ => None,
        }
    }

    /// Continues at the start of a tensor or the end of the file, as if all bytes before it had
    /// been pushed. Has no effect before the header has been read.
    pub(super) fn skip_to(&mut self, position: u64) {
        if let State::Tensors { header, next, offset, file } = &mut self.state {
            let mut begin = *file - header.data;
            (*next, *offset) = (0, 0);
            for tensor in &header.tensors {
                if begin >= position {
                    break;
                }
                begin += tensor.bytes;
                *next += 1;
            }
            self.received = begin;
        }
    }

    /// Pushes the next bytes of the file.
    ///
    /// # Errors
    ///
    /// Returns an error for an invalid header, for bytes after the last tensor, and if the sink
    /// returns one. Nothing may be pushed after an error.
    pub(super) fn push(&mut self, mut bytes: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
        self.received += bytes.len() as u64;
        if let State::Prefix(prefix) = &mut self.state {
            let taken = split(&mut bytes, PREFIX - prefix.len());
            prefix.extend_from_slice(taken);
            if let Ok(prefix) = <[u8; PREFIX]>::try_from(prefix.as_slice()) {
                self.state = State::Json(Vec::new(), Header::json_length(prefix, self.length).map_err(fail)?);
            }
        }
        if let State::Json(json, needed) = &mut self.state {
            let taken = split(&mut bytes, *needed - json.len());
            json.extend_from_slice(taken);
            if json.len() == *needed {
                let header = Header::parse(json, self.length).map_err(fail)?;
                sink.header(&header)?;
                let file = header.data.saturating_add((PREFIX + json.len()) as u64);
                self.state = State::Tensors { header, next: 0, offset: 0, file };
            }
        }
        if let State::Tensors { header, next, offset, file } = &mut self.state {
            while let Some(tensor) = header.tensors.get(*next) {
                let rest = tensor.bytes - *offset;
                let taken = split(&mut bytes, usize::try_from(rest).unwrap_or(usize::MAX));
                if !taken.is_empty() {
                    sink.bytes(tensor, *offset, taken)?;
                    *offset += taken.len() as u64;
                }
                if *offset < tensor.bytes {
                    break;
                }
                sink.end(tensor)?;
                (*next, *offset) = (*next + 1, 0);
            }
            if !bytes.is_empty() {
                return Err(fail(HeaderError::Length { expected: *file, found: self.received }));
            }
        }
        Ok(())
    }

    /// Ends the file and returns its header.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is truncated.
    pub(super) fn finish(self) -> Result<Header, HeaderError> {
        match self.state {
            State::Tensors { header, next, file, .. } if next < header.tensors.len() => {
                Err(HeaderError::Length { expected: file, found: self.received })
            }
            State::Tensors { header, .. } => Ok(header),
            State::Prefix(_) => Err(HeaderError::TooShort { found: self.received }),
            State::Json(_, needed) => {
                Err(HeaderError::PastEnd { end: (PREFIX + needed) as u64, length: self.received })
            }
        }
    }
}

/// Splits up to `count` bytes off the front.
fn split<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count.min(bytes.len()));
    *bytes = rest;
    taken
}
