//! A sink that collects all tensors.

use std::collections::BTreeMap;

use pickscore_checkpoint::weights::{FileError, Header, PassedOver, Reader, TensorInfo, TensorSink};

/// A file's tensors (dtype, shape, bytes) and skipped values.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub tensors: BTreeMap<String, (String, Vec<usize>, Vec<u8>)>,
    pub passed_over: Vec<PassedOver>,
}

#[derive(Default)]
struct Collector {
    header: Option<Header>,
    coming: Option<String>,
    tensors: BTreeMap<String, (String, Vec<usize>, Vec<u8>)>,
    ended: usize,
}

impl TensorSink for Collector {
    type Error = FileError;

    fn header(&mut self, header: &Header) -> Result<(), FileError> {
        assert!(self.header.replace(header.clone()).is_none(), "the header came twice");
        for TensorInfo { name, dtype, shape, .. } in &header.tensors {
            let empty = (dtype.to_string(), shape.clone(), Vec::new());
            assert!(self.tensors.insert(name.clone(), empty).is_none(), "{name} is there twice");
        }
        Ok(())
    }

    fn bytes(&mut self, tensor: &TensorInfo, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        let coming = self.coming.get_or_insert_with(|| tensor.name.clone());
        assert_eq!(*coming, tensor.name, "a tensor comes within another");
        let known = &mut self.tensors.get_mut(&tensor.name).unwrap().2;
        assert_eq!(known.len() as u64, offset, "{}", tensor.name);
        known.extend_from_slice(bytes);
        assert!(known.len() as u64 <= tensor.bytes, "{} has too many bytes", tensor.name);
        Ok(())
    }

    fn end(&mut self, tensor: &TensorInfo) -> Result<(), FileError> {
        let coming = self.coming.take().unwrap_or_else(|| tensor.name.clone());
        assert_eq!(coming, tensor.name, "another tensor ends");
        assert_eq!(self.tensors[&tensor.name].2.len() as u64, tensor.bytes, "{}", tensor.name);
        self.ended += 1;
        Ok(())
    }
}

/// Reads a file in pieces.
pub fn collect(pieces: &[&[u8]], length: Option<u64>) -> Result<Found, FileError> {
    let mut reader = Reader::new(length);
    let mut collector = Collector::default();
    for piece in pieces {
        reader.push(piece, &mut collector)?;
    }
    let passed_over = reader.passed_over().to_vec();
    let header = reader.finish()?;
    assert_eq!(collector.ended, header.tensors.len(), "every tensor ends");
    assert_eq!(collector.header, Some(header));
    Ok(Found { tensors: collector.tensors, passed_over })
}

/// Splits a file into pieces of a size.
pub fn pieces(bytes: &[u8], size: usize) -> Vec<&[u8]> {
    bytes.chunks(size).collect()
}
