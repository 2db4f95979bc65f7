//! Reads PyTorch files (`.pt`, `.pth`, `.bin`, `.ckpt`) as a stream, without executing any code in
//! them.
//!
//! ```text
//! bytes ─► archive (zip) or legacy ─► pickle ─► graph of values ─► select ─► plan ─► Header
//!                     └────► storages ─────────────────────────────► delivery ─► bytes of tensors
//! ```
//!
//! A pickle is a program for Python. [`pickle`] executes only the instructions that build values.
//! Classes and functions remain names, except torch's rebuild functions and Python's collections
//! ([`rebuild`]). A tensor that depends on any other class or function is an error with its name.

mod archive;
mod delivery;
mod entry;
pub(super) mod error;
mod graph;
mod legacy;
mod operand;
mod pickle;
mod plan;
mod rebuild;
mod select;
mod storage;

use archive::Archive;
pub use error::TorchError;
use legacy::Legacy;
use pickle::Unpickler;
pub use select::PassedOver;

use super::{
    header::Header,
    sink::{Erased, Stopped, fail},
};

/// Reads a file written by `torch.save`. Holds the values of the pickle while it is being read,
/// then the description of the tensors, and a storage only if its tensors overlap or are strided.
#[derive(Debug)]
pub(super) struct Torch(Form);

#[derive(Debug)]
enum Form {
    Archive(Box<Archive>),
    Legacy(Box<Legacy>),
    /// A pickle that `torch.save` did not write, read to report its contents.
    Plain(Box<Unpickler>, u64),
}

impl Torch {
    /// Starts a file if its first bytes (at least 32, unless it is shorter) are those of a PyTorch
    /// file.
    pub(super) fn recognise(first: &[u8], length: Option<u64>) -> Option<Self> {
        if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x06\x06"].iter().any(|magic| first.starts_with(magic)) {
            return Some(Self(Form::Archive(Box::new(Archive::new(length)))));
        }
        if legacy::is_legacy(first) {
            return Some(Self(Form::Legacy(Box::new(Legacy::new(length)))));
        }
        matches!(first, [0x80, 2..=5, ..]).then(|| Self(Form::Plain(Box::default(), 0)))
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
        match &mut self.0 {
            Form::Archive(archive) => archive.push(bytes, sink),
            Form::Legacy(legacy) => legacy.push(bytes, sink),
            Form::Plain(unpickler, position) => {
                *position += bytes.len() as u64;
                match unpickler.push(&mut bytes).map_err(fail)? {
                    None => Ok(()),
                    Some(root) => Err(fail(match select::select(&unpickler.graph, root) {
                        Err(TorchError::NoTensors { found }) => TorchError::PlainPickle { found },
                        Err(error) => error,
                        Ok(_) => TorchError::PlainPickle { found: vec![unpickler.graph.kind(root)] },
                    })),
                }
            }
        }
    }

    /// The tensors, once the pickle has been read.
    pub(super) fn header(&self) -> Option<&Header> {
        self.plan().map(|plan| &plan.header)
    }

    /// The values that are not tensors of the model, once the pickle has been read.
    pub(super) fn passed_over(&self) -> &[PassedOver] {
        self.plan().map_or(&[], |plan| &plan.passed_over)
    }

    fn plan(&self) -> Option<&plan::Plan> {
        match &self.0 {
            Form::Archive(archive) => archive.plan(),
            Form::Legacy(legacy) => legacy.plan(),
            Form::Plain(..) => None,
        }
    }

    /// Ends the file and returns its header.
    pub(super) fn finish(self) -> Result<Header, TorchError> {
        match self.0 {
            Form::Archive(archive) => archive.finish().map(|plan| plan.header),
            Form::Legacy(legacy) => legacy.finish().map(|plan| plan.header),
            Form::Plain(_, found) => Err(TorchError::CutOff { found, missing: 1 }),
        }
    }
}
