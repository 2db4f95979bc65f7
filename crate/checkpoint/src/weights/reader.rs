//! Reads a checkpoint's file from pieces of any size, in file order: a file, a download, a blob. Which form it has is recognised by its
//! first bytes, whatever it is called.

use super::{
    ForeignFile, Header, HeaderError, PassedOver, TensorInfo, TorchError,
    foreign::ENOUGH,
    header::{LONGEST, PREFIX},
    safetensors::Safetensors,
    torch::Torch,
};

/// What a [`Reader`] finds.
pub trait TensorSink {
    /// What the sink refuses.
    type Error: From<FileError>;

    /// The names and shapes of all tensors are known; no tensor has come yet.
    fn header(&mut self, header: &Header) -> Result<(), Self::Error>;

    /// The next bytes of a tensor, `offset` bytes after its beginning: little-endian, row-major. A tensor comes whole before the next
    /// begins; in a PyTorch file not in the header's order.
    fn bytes(&mut self, tensor: &TensorInfo, offset: u64, bytes: &[u8]) -> Result<(), Self::Error>;

    /// A tensor is complete. Also called for a tensor without bytes.
    fn end(&mut self, tensor: &TensorInfo) -> Result<(), Self::Error>;
}

/// Takes names and shapes, no numbers.
pub(super) struct NamesOnly;

impl TensorSink for NamesOnly {
    type Error = FileError;

    fn header(&mut self, _: &Header) -> Result<(), FileError> {
        Ok(())
    }

    fn bytes(&mut self, _: &TensorInfo, _: u64, _: &[u8]) -> Result<(), FileError> {
        Ok(())
    }

    fn end(&mut self, _: &TensorInfo) -> Result<(), FileError> {
        Ok(())
    }
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A damaged safetensors file, or a file of which nothing is known.
    #[error(transparent)]
    Safetensors(#[from] HeaderError),
    /// A damaged PyTorch file, or one with something that is not read.
    #[error(transparent)]
    Torch(Box<TorchError>),
    /// A file of another kind.
    #[error(transparent)]
    Foreign(#[from] ForeignFile),
}

impl From<TorchError> for FileError {
    fn from(error: TorchError) -> Self {
        Self::Torch(Box::new(error))
    }
}

/// A file that is being read: safetensors, or PyTorch's zip or legacy form.
///
/// Holds what describes the tensors and, of a PyTorch file, those tensors that share a storage or are strided, one storage at a time.
#[derive(Debug)]
pub struct Reader {
    length: Option<u64>,
    received: u64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Collecting the first bytes.
    Unknown(Vec<u8>),
    Safetensors(Safetensors),
    Torch(Torch),
}

impl Reader {
    /// Begins a file, of this many bytes where that is known: then false sizes are refused before anything is done for them.
    pub fn new(length: Option<u64>) -> Self {
        Self { length, received: 0, form: Form::Unknown(Vec::new()) }
    }

    /// Bytes taken so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The tensors, once their names and shapes have come.
    pub fn header(&self) -> Option<&Header> {
        match &self.form {
            Form::Unknown(_) => None,
            Form::Safetensors(file) => file.header().map(|(header, _)| header),
            Form::Torch(file) => file.header(),
        }
    }

    /// Where a safetensors file's first tensor begins, once its header has come. `None` for a PyTorch file, which has no such byte: it is
    /// always read from its beginning.
    pub fn data_start(&self) -> Option<u64> {
        match &self.form {
            Form::Safetensors(file) => file.header().map(|(_, start)| start),
            _ => None,
        }
    }

    /// What a PyTorch file holds besides the tensors, once their names and shapes have come.
    pub fn passed_over(&self) -> &[PassedOver] {
        match &self.form {
            Form::Torch(file) => file.passed_over(),
            _ => &[],
        }
    }

    /// Goes on at a byte of a safetensors file at which a tensor begins (or the file ends), as if everything before had been pushed. Nothing
    /// happens before the header has come, and in a PyTorch file.
    pub fn skip_to(&mut self, position: u64) {
        if let Form::Safetensors(file) = &mut self.form {
            file.skip_to(position);
        }
    }

    /// The file's next bytes.
    ///
    /// # Errors
    ///
    /// When the file is of no known form, cannot be believed or goes on after its end, and what the sink refuses. Nothing may be pushed
    /// after.
    pub fn push<S: TensorSink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        self.received += bytes.len() as u64;
        match &mut self.form {
            Form::Safetensors(file) => file.push(bytes, sink),
            Form::Torch(file) => file.push(bytes, sink),
            Form::Unknown(first) => {
                // As few as tell, so that a long piece is not copied.
                let taken = ENOUGH.saturating_sub(first.len()).min(bytes.len());
                first.extend_from_slice(&bytes[..taken]);
                let known = recognise(first, self.length)?;
                let Some(form) = known else { return Ok(()) };
                let Form::Unknown(first) = std::mem::replace(&mut self.form, form) else { return Ok(()) };
                self.begin(&first, sink)?;
                match &mut self.form {
                    Form::Safetensors(file) => file.push(&bytes[taken..], sink),
                    Form::Torch(file) => file.push(&bytes[taken..], sink),
                    Form::Unknown(_) => Ok(()),
                }
            }
        }
    }

    /// Gives the recognised form the bytes that it was recognised by.
    fn begin<S: TensorSink>(&mut self, first: &[u8], sink: &mut S) -> Result<(), S::Error> {
        match &mut self.form {
            Form::Safetensors(file) => file.push(first, sink),
            Form::Torch(file) => file.push(first, sink),
            Form::Unknown(_) => Ok(()),
        }
    }

    /// The file has no more bytes.
    ///
    /// # Errors
    ///
    /// When it ended too early, or was too short to be recognised.
    pub fn finish(self) -> Result<Header, FileError> {
        match self.form {
            Form::Safetensors(file) => Ok(file.finish()?),
            Form::Torch(file) => Ok(file.finish()?),
            Form::Unknown(first) => match Torch::recognise(&first, self.length) {
                Some(mut torch) => {
                    torch.push(&first, &mut NamesOnly)?;
                    torch.finish()?;
                    // So short a file has no tensors.
                    Err(TorchError::NoTensors { found: Vec::new() }.into())
                }
                None => Err(unknown(&first, self.length)),
            },
        }
    }
}

/// The form of a file that begins so; `None` while more bytes are needed to tell.
fn recognise(first: &[u8], length: Option<u64>) -> Result<Option<Form>, FileError> {
    let Ok(prefix) = <[u8; PREFIX]>::try_from(first.get(..PREFIX).unwrap_or_default()) else {
        return Ok(None);
    };
    // No text and no magic number is as small a number.
    if u64::from_le_bytes(prefix) <= LONGEST {
        return Ok(Some(Form::Safetensors(Safetensors::new(length))));
    }
    let whole = length.is_some_and(|length| length <= first.len() as u64);
    if first.len() < 32 && !whole {
        return Ok(None);
    }
    if let Some(torch) = Torch::recognise(first, length) {
        return Ok(Some(Form::Torch(torch)));
    }
    if first.len() < ENOUGH && !whole {
        return Ok(None);
    }
    Err(unknown(first, length))
}

/// What is said of a file that begins so.
fn unknown(first: &[u8], length: Option<u64>) -> FileError {
    if let Some(foreign) = ForeignFile::recognise(first) {
        return foreign.into();
    }
    match <[u8; PREFIX]>::try_from(first.get(..PREFIX).unwrap_or_default()) {
        Err(_) => HeaderError::TooShort { found: first.len() as u64 }.into(),
        Ok(prefix) => match Header::json_length(prefix, length) {
            Err(error) => error.into(),
            Ok(_) => HeaderError::TooShort { found: first.len() as u64 }.into(),
        },
    }
}
