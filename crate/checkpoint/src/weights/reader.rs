//! Reads a safetensors file from pieces of any size, in file order: a file, a download, a blob.

use super::{Header, HeaderError, TensorInfo, header::PREFIX};

/// What a [`Reader`] finds.
pub trait TensorSink {
    /// What the sink refuses.
    type Error: From<HeaderError>;

    /// The header is complete; no tensor has come yet.
    fn header(&mut self, header: &Header) -> Result<(), Self::Error>;

    /// The next bytes of a tensor, `offset` bytes after its beginning.
    fn bytes(&mut self, tensor: &TensorInfo, offset: u64, bytes: &[u8]) -> Result<(), Self::Error>;

    /// A tensor is complete. Also called for a tensor without bytes.
    fn end(&mut self, tensor: &TensorInfo) -> Result<(), Self::Error>;
}

/// A safetensors file in the making. Holds the header and a few numbers, never a tensor.
#[derive(Debug)]
pub struct Reader {
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

impl Reader {
    /// Begins a file, of this many bytes where that is known: then a false header is refused before anything is done for it.
    pub fn new(length: Option<u64>) -> Self {
        Self { length, received: 0, state: State::Prefix(Vec::new()) }
    }

    /// Bytes taken so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The header, once it has come, with the byte after it.
    pub fn header(&self) -> Option<(&Header, u64)> {
        match &self.state {
            State::Tensors { header, file, .. } => Some((header, file - header.data)),
            _ => None,
        }
    }

    /// Goes on at a byte of the file at which a tensor begins (or the file ends), as if everything before had been pushed. Nothing happens
    /// before the header has come.
    pub fn skip_to(&mut self, position: u64) {
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
    pub fn push<S: TensorSink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        self.received += bytes.len() as u64;
        if let State::Prefix(prefix) = &mut self.state {
            let taken = split(&mut bytes, PREFIX - prefix.len());
            prefix.extend_from_slice(taken);
            if let Ok(prefix) = <[u8; PREFIX]>::try_from(prefix.as_slice()) {
                self.state = State::Json(Vec::new(), Header::json_length(prefix, self.length)?);
            }
        }
        if let State::Json(json, needed) = &mut self.state {
            let taken = split(&mut bytes, *needed - json.len());
            json.extend_from_slice(taken);
            if json.len() == *needed {
                let header = Header::parse(json, self.length)?;
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
                return Err(HeaderError::Length { expected: *file, found: self.received }.into());
            }
        }
        Ok(())
    }

    /// The file has no more bytes.
    ///
    /// # Errors
    ///
    /// When it ended too early.
    pub fn finish(self) -> Result<Header, HeaderError> {
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

/// Takes up to `count` bytes off the front.
fn split<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count.min(bytes.len()));
    *bytes = rest;
    taken
}
