//! Splits the bytes of a storage into tensors.

use super::{
    error::TorchError,
    plan::{Placed, Plan, Use},
};
use crate::weights::sink::{Erased, FileError, Stopped};

/// Number of bytes of a strided tensor passed on at a time.
const PIECE: usize = 64 << 10;

/// The current storage.
#[derive(Debug)]
pub(super) struct Delivery {
    storage: usize,
    /// Number of bytes read.
    position: u64,
    /// Index of the current tensor, if the storage is streamed.
    next: usize,
    /// The bytes held in memory, from the first one used by a tensor.
    held: Vec<u8>,
}

impl Delivery {
    pub(super) fn new(storage: usize) -> Self {
        Self { storage, position: 0, next: 0, held: Vec::new() }
    }

    pub(super) fn storage(&self) -> usize {
        self.storage
    }

    /// Number of remaining bytes.
    pub(super) fn rest(&self, plan: &Plan) -> u64 {
        plan.storages.list.get(self.storage).map_or(0, |storage| storage.bytes) - self.position
    }

    /// Pushes the next bytes of the storage, at most [`Delivery::rest`].
    pub(super) fn push(&mut self, plan: &Plan, bytes: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
        let Some(usage) = plan.uses.get(self.storage) else { return Ok(()) };
        if usage.held {
            self.hold(plan, usage, bytes)?
        } else {
            self.stream(plan, usage, bytes, sink)?
        }
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Ends the storage.
    pub(super) fn end(mut self, plan: &Plan, sink: &mut Erased<'_>) -> Result<(), Stopped> {
        let Some(usage) = plan.uses.get(self.storage) else { return Ok(()) };
        if !usage.held {
            // Ends empty tensors.
            return self.stream(plan, usage, &[], sink);
        }
        let start = usage.span().start;
        for tensor in &usage.tensors {
            let held = self.held.get((tensor.start - start.min(tensor.start)) as usize..).unwrap_or_default();
            let held = if tensor.end > tensor.start { held } else { &[] };
            gather(plan, tensor, held, sink)?;
        }
        Ok(())
    }

    /// Passes on the bytes of contiguous tensors.
    fn stream(
        &mut self,
        plan: &Plan,
        usage: &Use,
        bytes: &[u8],
        sink: &mut Erased<'_>,
    ) -> Result<(), Stopped> {
        let end = self.position + bytes.len() as u64;
        while let Some(tensor) = usage.tensors.get(self.next) {
            let Some(info) = plan.header.tensors.get(tensor.index) else { break };
            let from = tensor.start.max(self.position);
            let to = tensor.end.min(end);
            if from < to {
                let taken = &bytes[(from - self.position) as usize..(to - self.position) as usize];
                sink.bytes(info, from - tensor.start, taken)?;
            }
            if tensor.end > end {
                break;
            }
            sink.end(info)?;
            self.next += 1;
        }
        Ok(())
    }

    /// Keeps the bytes used by tensors.
    fn hold(&mut self, plan: &Plan, usage: &Use, bytes: &[u8]) -> Result<(), FileError> {
        let span = usage.span();
        let end = self.position + bytes.len() as u64;
        let (from, to) = (span.start.max(self.position), span.end.min(end));
        if from >= to {
            return Ok(());
        }
        let taken = &bytes[(from - self.position) as usize..(to - self.position) as usize];
        // Allocate everything at once only if the file is known to be long enough.
        let reserved = match plan.sized {
            true => self.held.try_reserve_exact((span.end - from) as usize),
            false => self.held.try_reserve(taken.len()),
        };
        reserved.map_err(|_| {
            let first = usage.tensors.first().and_then(|tensor| plan.header.tensors.get(tensor.index));
            let tensor = first.map(|info| info.name.clone()).unwrap_or_default();
            TorchError::Memory { tensor, bytes: span.end - span.start }
        })?;
        self.held.extend_from_slice(taken);
        Ok(())
    }
}

/// Passes on a tensor in row-major order. `held` starts at its first element.
fn gather(plan: &Plan, tensor: &Placed, held: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
    let Some(info) = plan.header.tensors.get(tensor.index) else { return Ok(()) };
    if info.bytes == 0 {
        return sink.end(info);
    }
    // The innermost contiguous dimensions are copied in one piece.
    let mut run = tensor.element;
    let mut outer = tensor.shape.len();
    while let Some(last) = outer.checked_sub(1) {
        if tensor.shape[last] != 1 && tensor.strides[last] * tensor.element != run {
            break;
        }
        run *= tensor.shape[last] as u64;
        outer = last;
    }
    let (shape, strides) = (&tensor.shape[..outer], &tensor.strides[..outer]);
    let mut index = vec![0usize; outer];
    let mut at = 0u64;
    let mut piece = Vec::new();
    let mut offset = 0u64;
    loop {
        let run = held.get(at as usize..(at + run) as usize).unwrap_or_default();
        if run.len() >= PIECE {
            sink.bytes(info, offset, run)?;
            offset += run.len() as u64;
        } else {
            piece.extend_from_slice(run);
            if piece.len() >= PIECE {
                sink.bytes(info, offset, &piece)?;
                offset += piece.len() as u64;
                piece.clear();
            }
        }
        // Increment the index like an odometer.
        let mut dimension = outer;
        loop {
            let Some(next) = dimension.checked_sub(1) else {
                if !piece.is_empty() {
                    sink.bytes(info, offset, &piece)?;
                }
                return sink.end(info);
            };
            dimension = next;
            index[dimension] += 1;
            at += strides[dimension] * tensor.element;
            if index[dimension] < shape[dimension] {
                break;
            }
            at -= strides[dimension] * tensor.element * shape[dimension] as u64;
            index[dimension] = 0;
        }
    }
}
