//! PyTorch's files (`.pt`, `.pth`, `.bin`, `.ckpt`): read without Python, without running anything, from front to back.
//!
//! ```text
//! bytes ─► archive (zip) or legacy ─► pickle ─► graph of values ─► select ─► plan ─► Header
//!                     └────► storages ─────────────────────────────► delivery ─► bytes of tensors
//! ```
//!
//! A pickle is a program for Python. [`pickle`] executes only the part of it that builds values; classes and functions stay names, except
//! torch's rebuild functions and Python's collections ([`rebuild`]). A tensor that depends on anything else is refused with that name.

mod archive;
mod delivery;
mod entry;
mod error;
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

use super::{FileError, Header, TensorSink};

/// A file of `torch.save` that is being read. Holds the pickle's values until they end, then what describes the tensors, and of the
/// tensors only those that overlap or are strided.
#[derive(Debug)]
pub(super) struct Torch(Form);

#[derive(Debug)]
enum Form {
    Archive(Box<Archive>),
    Legacy(Box<Legacy>),
    /// A pickle that is not one of `torch.save`, read to say what is in it.
    Plain(Box<Unpickler>, u64),
}

impl Torch {
    /// Begins a file that begins with these bytes (at least 32 of them, unless it is shorter), if it is one of PyTorch's.
    pub(super) fn recognise(first: &[u8], length: Option<u64>) -> Option<Self> {
        if [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x06\x06"].iter().any(|magic| first.starts_with(magic)) {
            return Some(Self(Form::Archive(Box::new(Archive::new(length)))));
        }
        if legacy::is_legacy(first) {
            return Some(Self(Form::Legacy(Box::new(Legacy::new(length)))));
        }
        matches!(first, [0x80, 2..=5, ..]).then(|| Self(Form::Plain(Box::default(), 0)))
    }

    pub(super) fn push<S: TensorSink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
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

    /// The tensors, once the pickle has come.
    pub(super) fn header(&self) -> Option<&Header> {
        self.plan().map(|plan| &plan.header)
    }

    /// What no tensor depends on, once the pickle has come.
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

    /// The file has no more bytes.
    pub(super) fn finish(self) -> Result<Header, TorchError> {
        match self.0 {
            Form::Archive(archive) => archive.finish().map(|plan| plan.header),
            Form::Legacy(legacy) => legacy.finish().map(|plan| plan.header),
            Form::Plain(_, found) => Err(TorchError::CutOff { found, missing: 1 }),
        }
    }
}

/// A zip without a pickle.
fn no_pickle() -> TorchError {
    TorchError::OtherZip { kind: "a zip archive without a `data.pkl`", hint: "" }
}

/// As what a sink returns.
fn fail<E: From<FileError>>(error: TorchError) -> E {
    FileError::from(error).into()
}
