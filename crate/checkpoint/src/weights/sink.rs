//! The receiver of a reader's tensors, and the reader's errors.

use super::{
    foreign::ForeignFile,
    header::{Header, HeaderError, TensorInfo},
    torch::error::TorchError,
};

/// Receives the tensors that a [`Reader`](super::Reader) reads.
pub trait TensorSink {
    /// The error type of the sink.
    type Error: From<FileError>;

    /// Called once, when the names and shapes of all tensors are known, before any of their bytes.
    fn header(&mut self, header: &Header) -> Result<(), Self::Error>;

    /// The next bytes of a tensor, starting at `offset`: little-endian, row-major. Tensors are not
    /// interleaved; in PyTorch files, their order differs from the header's.
    fn bytes(&mut self, tensor: &TensorInfo, offset: u64, bytes: &[u8]) -> Result<(), Self::Error>;

    /// A tensor is complete. Also called for empty tensors.
    fn end(&mut self, tensor: &TensorInfo) -> Result<(), Self::Error>;
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The file cannot be read.
    File(FileError),
    /// The sink returned an error, which [`Erasing`] holds.
    Sink,
}

impl From<FileError> for Stopped {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

/// Any sink, so that the readers are compiled once.
pub(super) type Erased<'a> = dyn TensorSink<Error = Stopped> + 'a;

/// Gives a sink the error type of [`Erased`].
pub(super) struct Erasing<'a, S: TensorSink> {
    sink: &'a mut S,
    error: Option<S::Error>,
}

impl<'a, S: TensorSink> Erasing<'a, S> {
    /// Runs a reader with a sink.
    pub(super) fn run(
        sink: &'a mut S,
        read: impl FnOnce(&mut Erased<'_>) -> Result<(), Stopped>,
    ) -> Result<(), S::Error> {
        let mut erasing = Self { sink, error: None };
        let stopped = read(&mut erasing);
        match (stopped, erasing.error) {
            (_, Some(error)) => Err(error),
            (Err(Stopped::File(error)), None) => Err(error.into()),
            (Ok(()) | Err(Stopped::Sink), None) => Ok(()),
        }
    }

    fn kept(&mut self, outcome: Result<(), S::Error>) -> Result<(), Stopped> {
        outcome.map_err(|error| {
            self.error = Some(error);
            Stopped::Sink
        })
    }
}

impl<S: TensorSink> TensorSink for Erasing<'_, S> {
    type Error = Stopped;

    fn header(&mut self, header: &Header) -> Result<(), Stopped> {
        let outcome = self.sink.header(header);
        self.kept(outcome)
    }

    fn bytes(&mut self, tensor: &TensorInfo, offset: u64, bytes: &[u8]) -> Result<(), Stopped> {
        let outcome = self.sink.bytes(tensor, offset, bytes);
        self.kept(outcome)
    }

    fn end(&mut self, tensor: &TensorInfo) -> Result<(), Stopped> {
        let outcome = self.sink.end(tensor);
        self.kept(outcome)
    }
}

/// A sink that ignores all values, for reading only names and shapes.
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

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A damaged safetensors file, or a file in an unknown format.
    #[error(transparent)]
    Safetensors(#[from] HeaderError),
    /// A damaged or unsupported PyTorch file.
    #[error(transparent)]
    Torch(Box<TorchError>),
    /// A file in a known format that does not contain weights.
    #[error("it {0}")]
    Foreign(#[from] ForeignFile),
}

impl From<TorchError> for FileError {
    fn from(error: TorchError) -> Self {
        Self::Torch(Box::new(error))
    }
}

/// Stops reading because of the file.
pub(super) fn fail(error: impl Into<FileError>) -> Stopped {
    Stopped::File(error.into())
}
