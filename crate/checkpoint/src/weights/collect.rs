//! Reads all tensors of a small file, such as a head.

use super::{
    header::{Header, TensorInfo},
    loader::decode,
    reader::Reader,
    sink::{FileError, TensorSink},
};

/// Maximum number of bytes of such a file; the largest published head has 4 MB.
pub const MAX_HEAD_LENGTH: u64 = 64 << 20;

/// A tensor with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

/// Reads all tensors of a safetensors or PyTorch file.
///
/// # Errors
///
/// If the file is not one of these, or is damaged.
pub fn read_tensors(file: &[u8]) -> Result<Vec<Tensor>, FileError> {
    let mut reader = Reader::new(Some(file.len() as u64));
    let mut sink = Collect::default();
    reader.push(file, &mut sink)?;
    reader.finish()?;
    Ok(sink.tensors)
}

/// Keeps every tensor.
#[derive(Default)]
struct Collect {
    bytes: Vec<u8>,
    tensors: Vec<Tensor>,
}

impl TensorSink for Collect {
    type Error = FileError;

    fn header(&mut self, _: &Header) -> Result<(), FileError> {
        Ok(())
    }

    fn bytes(&mut self, _: &TensorInfo, _: u64, bytes: &[u8]) -> Result<(), FileError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, tensor: &TensorInfo) -> Result<(), FileError> {
        let mut values = Vec::new();
        decode(&tensor.dtype, &std::mem::take(&mut self.bytes), &mut values);
        self.tensors.push(Tensor { name: tensor.name.clone(), shape: tensor.shape.clone(), values });
        Ok(())
    }
}
