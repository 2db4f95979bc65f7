//! A storage's bytes, as they come → the bytes of its tensors.

use super::{
    TorchError,
    plan::{Placed, Plan, Use},
};
use crate::weights::{FileError, TensorSink};

/// Bytes of a strided tensor that are handed over at a time.
const PIECE: usize = 64 << 10;

/// The storage that is coming.
#[derive(Debug)]
pub(super) struct Delivery {
    storage: usize,
    /// Bytes of it that have come.
    position: u64,
    /// The tensor that is coming, of those that stream through.
    next: usize,
    /// Bytes that are held, from the first that a tensor needs.
    held: Vec<u8>,
}

impl Delivery {
    pub(super) fn new(storage: usize) -> Self {
        Self { storage, position: 0, next: 0, held: Vec::new() }
    }

    pub(super) fn storage(&self) -> usize {
        self.storage
    }

    /// Bytes that are still to come.
    pub(super) fn rest(&self, plan: &Plan) -> u64 {
        plan.storages.list.get(self.storage).map_or(0, |storage| storage.bytes) - self.position
    }

    /// The storage's next bytes, of which there are no more than [`Delivery::rest`].
    pub(super) fn push<S: TensorSink>(
        &mut self,
        plan: &Plan,
        bytes: &[u8],
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let Some(usage) = plan.uses.get(self.storage) else { return Ok(()) };
        if usage.held {
            self.hold(plan, usage, bytes)?
        } else {
            self.stream(plan, usage, bytes, sink)?
        }
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// The storage is complete.
    pub(super) fn end<S: TensorSink>(mut self, plan: &Plan, sink: &mut S) -> Result<(), S::Error> {
        let Some(usage) = plan.uses.get(self.storage) else { return Ok(()) };
        if !usage.held {
            // Ends what has no bytes.
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

    /// Hands over what belongs to a tensor.
    fn stream<S: TensorSink>(
        &mut self,
        plan: &Plan,
        usage: &Use,
        bytes: &[u8],
        sink: &mut S,
    ) -> Result<(), S::Error> {
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

    /// Keeps what tensors need.
    fn hold(&mut self, plan: &Plan, usage: &Use, bytes: &[u8]) -> Result<(), FileError> {
        let span = usage.span();
        let end = self.position + bytes.len() as u64;
        let (from, to) = (span.start.max(self.position), span.end.min(end));
        if from >= to {
            return Ok(());
        }
        let taken = &bytes[(from - self.position) as usize..(to - self.position) as usize];
        // All at once where the file is long enough, else as it comes.
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

/// Hands over a tensor in row-major order, however it lies. `held` begins with its first number.
fn gather<S: TensorSink>(plan: &Plan, tensor: &Placed, held: &[u8], sink: &mut S) -> Result<(), S::Error> {
    let Some(info) = plan.header.tensors.get(tensor.index) else { return Ok(()) };
    if info.bytes == 0 {
        return sink.end(info);
    }
    // The last dimensions that lie together are copied at once.
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
        // The next index, as an odometer counts.
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
