//! Reads a checkpoint file from pieces of any size, in file order, whether it comes from disk, a
//! download or a blob. The format is detected from the first bytes, not from the file name.

use super::{
    foreign::{ForeignFile, SNIFF_LENGTH},
    header::{Header, HeaderError, LONGEST, PREFIX},
    safetensors::Safetensors,
    sink::{Erased, Erasing, FileError, NamesOnly, Stopped, TensorSink},
    torch::{PassedOver, Torch, TorchError},
};

/// Reads a safetensors file, or a PyTorch file in zip or legacy format.
///
/// Holds the description of the tensors and, for PyTorch files, one storage at a time if its
/// tensors overlap or are strided.
#[derive(Debug)]
pub struct Reader {
    length: Option<u64>,
    received: u64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// The format is not detected yet; holds the first bytes.
    Unknown(Vec<u8>),
    Safetensors(Safetensors),
    Torch(Torch),
}

impl Reader {
    /// Starts a file. If its `length` in bytes is known, wrong sizes are rejected before anything
    /// is allocated for them.
    pub fn new(length: Option<u64>) -> Self {
        Self { length, received: 0, form: Form::Unknown(Vec::new()) }
    }

    /// Number of bytes pushed so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The tensors, once their names and shapes have been read.
    pub fn header(&self) -> Option<&Header> {
        match &self.form {
            Form::Unknown(_) => None,
            Form::Safetensors(file) => file.header().map(|(header, _)| header),
            Form::Torch(file) => file.header(),
        }
    }

    /// The offset of the first tensor in a safetensors file, once the header has been read. `None`
    /// for a PyTorch file, which is always read from the start.
    pub fn data_start(&self) -> Option<u64> {
        match &self.form {
            Form::Safetensors(file) => file.header().map(|(_, start)| start),
            _ => None,
        }
    }

    /// The values of a PyTorch file that are not tensors of the model, once the names and shapes
    /// have been read.
    pub fn passed_over(&self) -> &[PassedOver] {
        match &self.form {
            Form::Torch(file) => file.passed_over(),
            _ => &[],
        }
    }

    /// Continues a safetensors file at the start of a tensor or the end of the file, as if all
    /// bytes before it had been pushed. Has no effect before the header has been read, and for
    /// PyTorch files.
    pub fn skip_to(&mut self, position: u64) {
        if let Form::Safetensors(file) = &mut self.form {
            file.skip_to(position);
        }
    }

    /// Pushes the next bytes of the file.
    ///
    /// # Errors
    ///
    /// Returns an error if the format is unknown, the file is invalid or too long, or the sink
    /// returns one. Nothing may be pushed after an error.
    pub fn push<S: TensorSink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        Erasing::run(sink, |sink| self.push_erased(bytes, sink))
    }

    fn push_erased(&mut self, bytes: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
        self.received += bytes.len() as u64;
        match &mut self.form {
            Form::Safetensors(file) => file.push(bytes, sink),
            Form::Torch(file) => file.push(bytes, sink),
            Form::Unknown(first) => {
                // Copies no more bytes than needed for detection.
                let taken = SNIFF_LENGTH.saturating_sub(first.len()).min(bytes.len());
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

    /// Passes the collected bytes to the detected format.
    fn begin(&mut self, first: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
        match &mut self.form {
            Form::Safetensors(file) => file.push(first, sink),
            Form::Torch(file) => file.push(first, sink),
            Form::Unknown(_) => Ok(()),
        }
    }

    /// Ends the file and returns its header.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is truncated or its format is unknown.
    pub fn finish(self) -> Result<Header, FileError> {
        match self.form {
            Form::Safetensors(file) => Ok(file.finish()?),
            Form::Torch(file) => Ok(file.finish()?),
            Form::Unknown(first) => match Torch::recognise(&first, self.length) {
                Some(mut torch) => {
                    Erasing::run(&mut NamesOnly, |sink| torch.push(&first, sink))?;
                    torch.finish()?;
                    // A file this short contains no tensors.
                    Err(TorchError::NoTensors { found: Vec::new() }.into())
                }
                None => Err(unknown(&first, self.length)),
            },
        }
    }
}

/// Detects the format from the first bytes; `None` if more bytes are needed.
fn recognise(first: &[u8], length: Option<u64>) -> Result<Option<Form>, FileError> {
    let Ok(prefix) = <[u8; PREFIX]>::try_from(first.get(..PREFIX).unwrap_or_default()) else {
        return Ok(None);
    };
    // Text and magic numbers are larger than this when read as a length.
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
    if first.len() < SNIFF_LENGTH && !whole {
        return Ok(None);
    }
    Err(unknown(first, length))
}

/// The error for a file with these first bytes, if they show that it is unsupported.
#[cfg(not(target_family = "wasm"))]
pub(super) fn refused(first: &[u8], length: u64) -> Option<FileError> {
    recognise(first, Some(length)).err()
}

/// The error for a file in an unknown format.
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
