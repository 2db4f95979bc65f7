//! Reads a safetensors file from pieces of any size, in file order.

use super::{FileError, Header, HeaderError, TensorSink, header::PREFIX};

/// A safetensors file that is being read. Holds the header and a few numbers, never a tensor.
#[derive(Debug)]
pub(super) struct Safetensors {
    length: Option<u64>,
    received: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Collecting the eight bytes of the length.
    Prefix(Vec<u8>),
    /// Collecting the JSON, this many bytes.
    Json(Vec<u8>, usize),
    /// Within tensor `next`, `offset` bytes after its beginning; the whole `file` has as many bytes.
    Tensors { header: Header, next: usize, offset: u64, file: u64 },
}

impl Safetensors {
    /// Begins a file, of this many bytes where that is known: then a false header is refused before anything is done for it.
    pub(super) fn new(length: Option<u64>) -> Self {
        Self { length, received: 0, state: State::Prefix(Vec::new()) }
    }

    /// The header, once it has come, with the byte after it.
    pub(super) fn header(&self) -> Option<(&Header, u64)> {
        match &self.state {
            State::Tensors { header, file, .. } => Some((header, file - header.data)),
            _ => None,
        }
    }

    /// Goes on at a byte of the file at which a tensor begins (or the file ends), as if everything before had been pushed. Nothing happens
    /// before the header has come.
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

    /// The file's next bytes.
    ///
    /// # Errors
    ///
    /// A header that cannot be believed, bytes after the last tensor, and what the sink refuses. Nothing may be pushed after.
    pub(super) fn push<S: TensorSink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
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

    /// The file has no more bytes.
    ///
    /// # Errors
    ///
    /// When it ended too early.
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

/// As what a sink returns.
fn fail<E: From<FileError>>(error: HeaderError) -> E {
    FileError::from(error).into()
}

/// Takes up to `count` bytes off the front.
fn split<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count.min(bytes.len()));
    *bytes = rest;
    taken
}
