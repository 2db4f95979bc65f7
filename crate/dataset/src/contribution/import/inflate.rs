//! Deflate, a piece at a time, up to what was claimed and not a byte further.

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes that are unpacked at a time.
const PIECE: usize = 256 << 10;

/// A file that is being unpacked.
#[derive(Debug)]
pub(super) struct Inflate {
    decompress: Decompress,
    /// What it has to come to.
    length: usize,
    pub(super) out: Vec<u8>,
    is_done: bool,
}

impl Inflate {
    /// Of a file that claims this length, which has been checked against what may be held in memory.
    pub(super) fn new(length: usize) -> Self {
        // Memory is taken as it fills: the claim may be a lie.
        Self { decompress: Decompress::new(false), length, out: Vec::new(), is_done: false }
    }

    /// Takes the next packed bytes.
    pub(super) fn push(&mut self, mut packed: &[u8]) -> Result<(), String> {
        while !self.is_done {
            let before = (self.decompress.total_in(), self.out.len());
            // One byte more than claimed may come, which tells that more would.
            self.out.reserve(PIECE.min(self.length + 1 - self.out.len().min(self.length)));
            let status = self.decompress.decompress_vec(packed, &mut self.out, FlushDecompress::None);
            let status = status.map_err(|error| format!("does not unpack ({error})"))?;
            if self.out.len() > self.length {
                return Err(format!("unpacks to more than the {} bytes that it claims", self.length));
            }
            let read = (self.decompress.total_in() - before.0) as usize;
            packed = &packed[read..];
            self.is_done = status == Status::StreamEnd;
            if packed.is_empty() && self.out.len() == before.1 {
                break;
            }
            if read == 0 && self.out.len() == before.1 && !self.is_done {
                return Err("does not unpack".into());
            }
        }
        Ok(())
    }

    /// The unpacked file.
    pub(super) fn finish(self) -> Result<Vec<u8>, String> {
        let found = self.out.len();
        if self.is_done && found == self.length {
            return Ok(self.out);
        }
        Err(format!("unpacks to {found} bytes; expected the {} that it claims", self.length))
    }
}
