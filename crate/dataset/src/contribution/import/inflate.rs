//! Decompresses Deflate data in pieces, up to the claimed length.

use flate2::{Decompress, FlushDecompress, Status};

use crate::contribution::fault::EntryFault;

/// Number of bytes that are unpacked at a time.
const PIECE: usize = 256 << 10;

/// A file that is being decompressed.
#[derive(Debug)]
pub(super) struct Inflate {
    decompress: Decompress,
    /// The claimed length, in bytes.
    length: usize,
    pub(super) out: Vec<u8>,
    is_done: bool,
}

impl Inflate {
    /// Starts a file with this claimed length, which must be within the memory limit.
    pub(super) fn new(length: usize) -> Self {
        // Memory is allocated as needed, because the claim may be wrong.
        Self { decompress: Decompress::new(false), length, out: Vec::new(), is_done: false }
    }

    /// Decompresses the next bytes.
    pub(super) fn push(&mut self, mut packed: &[u8]) -> Result<(), EntryFault> {
        while !self.is_done {
            let before = (self.decompress.total_in(), self.out.len());
            // One byte more than claimed is allowed, to detect a longer file.
            self.out.reserve(PIECE.min(self.length + 1 - self.out.len().min(self.length)));
            let status = self.decompress.decompress_vec(packed, &mut self.out, FlushDecompress::None)?;
            if self.out.len() > self.length {
                return Err(EntryFault::More { claimed: self.length });
            }
            let read = (self.decompress.total_in() - before.0) as usize;
            packed = &packed[read..];
            self.is_done = status == Status::StreamEnd;
            if packed.is_empty() && self.out.len() == before.1 {
                break;
            }
            if read == 0 && self.out.len() == before.1 && !self.is_done {
                return Err(EntryFault::Stuck);
            }
        }
        Ok(())
    }

    /// The decompressed file.
    pub(super) fn finish(self) -> Result<Vec<u8>, EntryFault> {
        let found = self.out.len();
        if self.is_done && found == self.length {
            return Ok(self.out);
        }
        Err(EntryFault::Fewer { found, claimed: self.length })
    }
}
