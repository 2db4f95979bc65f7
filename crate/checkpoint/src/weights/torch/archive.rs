//! The zip format of `torch.save` (since PyTorch 1.6), read as a stream.
//!
//! ```text
//! NAME/data.pkl   the pickle; its tensors refer to storages by key
//! NAME/byteorder  "little", in newer files
//! NAME/data/KEY   the bytes of a storage, uncompressed
//! NAME/version, NAME/.data/serialization_id and other small entries
//! the central directory, which is not used
//! ```
//!
//! The local headers do not contain sizes, which follow each entry in a data descriptor (flag bit
//! 3). The pickle ends with its last instruction, the size of a storage is known from the pickle,
//! and small entries are scanned for their data descriptor.

use super::{
    delivery::Delivery,
    entry::{After, Entry, LOCAL, after_entry, ends_here, is_big, no_pickle, script},
    error::TorchError,
    pickle::Unpickler,
    plan::Plan,
};
use crate::weights::sink::{Erased, FileError, Stopped, fail};

/// Maximum size of a small entry of unknown size.
const MAX_SCANNED: usize = 64 << 10;
/// Size of the end record of a zip file.
const END: u64 = 22;

/// Reads a zip file.
#[derive(Debug)]
pub(super) struct Archive {
    length: Option<u64>,
    position: u64,
    /// The bytes of an incomplete record.
    buffer: Vec<u8>,
    state: State,
    /// The common prefix of all entry names, once the pickle has been found.
    prefix: Option<String>,
    plan: Option<Plan>,
    /// Storages that have been read.
    seen: Vec<bool>,
}

#[derive(Debug)]
enum State {
    /// Reading a four-byte signature.
    Signature,
    /// Reading a local header.
    Local,
    Pickle {
        entry: Entry,
        /// Number of bytes read.
        read: u64,
        unpickler: Box<Unpickler>,
    },
    Storage {
        entry: Entry,
        delivery: Delivery,
    },
    /// Skipping bytes.
    Pass {
        rest: u64,
        then: Next,
    },
    /// Reading a small entry of unknown size.
    Scan {
        entry: Entry,
    },
    /// Reading a small entry of known size.
    Small {
        entry: Entry,
        size: usize,
    },
    /// Reading the data descriptor after an entry of this size.
    Descriptor {
        entry: Entry,
        size: u64,
    },
    /// Reading the fixed part of a record after the entries.
    Directory(Record),
    /// At the end of the file.
    End,
}

#[derive(Debug)]
enum Next {
    Descriptor(Entry, u64),
    Signature,
    End,
}

/// Records after the entries.
#[derive(Debug, Clone, Copy)]
enum Record {
    Entry,
    Zip64End,
    Zip64Locator,
    End,
}

impl Record {
    fn length(self) -> usize {
        match self {
            Self::Entry => 46,
            Self::Zip64End => 12,
            Self::Zip64Locator => 20,
            Self::End => END as usize,
        }
    }
}

impl Archive {
    pub(super) fn new(length: Option<u64>) -> Self {
        Self {
            length,
            position: 0,
            buffer: Vec::new(),
            state: State::Signature,
            prefix: None,
            plan: None,
            seen: Vec::new(),
        }
    }

    pub(super) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
        while self.advance(&mut bytes, sink)? {}
        Ok(())
    }

    /// Ends the file and returns the plan.
    pub(super) fn finish(self) -> Result<Plan, TorchError> {
        match (&self.state, self.plan) {
            (State::End, Some(plan)) => Ok(plan),
            (State::End, None) => Err(no_pickle()),
            (state, plan) => {
                let coming = match (state, &plan) {
                    (State::Storage { delivery, .. }, Some(plan)) => delivery.rest(plan),
                    _ => 0,
                };
                let unseen = plan.iter().flat_map(|plan| plan.storages.list.iter().zip(&self.seen));
                let unseen = unseen
                    .filter(|(_, seen)| !**seen)
                    .fold(0u64, |sum, (storage, _)| sum.saturating_add(storage.bytes));
                // The rest of the shortest end of a zip file.
                let end = match state {
                    State::Signature | State::Directory(Record::End) => {
                        END.saturating_sub(self.buffer.len() as u64)
                    }
                    State::Pass { rest, then: Next::End } => *rest,
                    _ => END,
                };
                let missing = coming.saturating_add(unseen).saturating_add(end);
                Err(TorchError::CutOff { found: self.position, missing })
            }
        }
    }

    fn damaged(&self, expected: impl Into<String>) -> FileError {
        TorchError::Damaged { position: self.position, expected: expected.into() }.into()
    }

    /// Fills the buffer up to `length`. Returns whether it is full.
    fn gather(&mut self, bytes: &mut &[u8], length: usize) -> bool {
        let (taken, rest) = bytes.split_at(length.saturating_sub(self.buffer.len()).min(bytes.len()));
        self.buffer.extend_from_slice(taken);
        self.position += taken.len() as u64;
        *bytes = rest;
        self.buffer.len() >= length
    }

    /// Processes one state. Returns whether there may be more to do.
    fn advance(&mut self, bytes: &mut &[u8], sink: &mut Erased<'_>) -> Result<bool, Stopped> {
        match std::mem::replace(&mut self.state, State::Signature) {
            State::Signature => {
                if !self.gather(bytes, 4) {
                    return Ok(false);
                }
                self.state = match self.buffer[..] {
                    [b'P', b'K', 3, 4, ..] => State::Local,
                    [b'P', b'K', 1, 2, ..] => {
                        self.check_complete()?;
                        State::Directory(Record::Entry)
                    }
                    [b'P', b'K', 6, 6, ..] => State::Directory(Record::Zip64End),
                    [b'P', b'K', 6, 7, ..] => State::Directory(Record::Zip64Locator),
                    [b'P', b'K', 5, 6, ..] => {
                        self.check_complete()?;
                        State::Directory(Record::End)
                    }
                    _ => return Err(self.damaged("an entry of the zip or its directory").into()),
                };
            }
            State::Local => {
                self.state = State::Local;
                if !self.gather(bytes, LOCAL) || !self.gather(bytes, Entry::header_length(&self.buffer)) {
                    return Ok(false);
                }
                let entry = Entry::parse(&self.buffer).map_err(fail)?;
                self.buffer.clear();
                self.state = self.open(entry)?;
            }
            State::Pickle { entry, read: earlier, mut unpickler } => {
                // Stay within an entry of known size.
                let limit = entry.size.map_or(u64::MAX, |size| size.saturating_sub(earlier));
                let mut part = &bytes[..usize::try_from(limit).unwrap_or(usize::MAX).min(bytes.len())];
                let before = part.len();
                let root = unpickler.push(&mut part).map_err(fail)?;
                let read = before - part.len();
                *bytes = &bytes[read..];
                self.position += read as u64;
                let size = earlier + read as u64;
                let Some(root) = root else {
                    if entry.size == Some(size) {
                        return Err(self.damaged("the end of the pickle").into());
                    }
                    self.state = State::Pickle { entry, read: size, unpickler };
                    return Ok(false);
                };
                if let Some(found) = entry.size.filter(|&found| found != size) {
                    let error = TorchError::EntrySize { entry: entry.name, expected: size, found };
                    return Err(fail(error));
                }
                let Unpickler { graph, storages, .. } = *unpickler;
                let mut plan =
                    Plan::new(&graph, storages, root).map_err(|error| fail(named_script(error)))?;
                drop(graph);
                self.check_length(self.position, &plan)?;
                plan.sized = self.length.is_some();
                sink.header(&plan.header)?;
                self.seen = vec![false; plan.storages.list.len()];
                self.plan = Some(plan);
                self.state = State::after(entry, size);
            }
            State::Storage { entry, mut delivery } => {
                let Some(plan) = &self.plan else { return Ok(false) };
                let rest = usize::try_from(delivery.rest(plan)).unwrap_or(usize::MAX);
                let (taken, left) = bytes.split_at(rest.min(bytes.len()));
                delivery.push(plan, taken, sink)?;
                self.position += taken.len() as u64;
                *bytes = left;
                if delivery.rest(plan) > 0 {
                    self.state = State::Storage { entry, delivery };
                    return Ok(false);
                }
                let size = plan.storages.list.get(delivery.storage()).map_or(0, |storage| storage.bytes);
                delivery.end(plan, sink)?;
                self.state = State::after(entry, size);
            }
            State::Pass { rest, then } => {
                let passed = rest.min(bytes.len() as u64);
                *bytes = &bytes[passed as usize..];
                self.position += passed;
                if passed < rest {
                    self.state = State::Pass { rest: rest - passed, then };
                    return Ok(false);
                }
                self.state = match then {
                    Next::Descriptor(entry, size) => State::after(entry, size),
                    Next::Signature => State::Signature,
                    Next::End => State::End,
                };
            }
            State::Scan { entry } => {
                while let Some((&byte, rest)) = bytes.split_first() {
                    *bytes = rest;
                    self.position += 1;
                    self.buffer.push(byte);
                    if let Some(size) = ends_here(&self.buffer) {
                        if is_big(&entry, &self.buffer[..size]) {
                            return Err(fail(TorchError::BigEndian));
                        }
                        // The first bytes of the next signature have been read already.
                        self.buffer = b"PK".to_vec();
                        self.state = State::Signature;
                        return Ok(true);
                    }
                    if self.buffer.len() > MAX_SCANNED {
                        let reason = format!("its entry {:?} has no size", entry.name);
                        return Err(fail(TorchError::NotStreamable { reason }));
                    }
                }
                self.state = State::Scan { entry };
                return Ok(false);
            }
            State::Small { entry, size } => {
                if !self.gather(bytes, size) {
                    self.state = State::Small { entry, size };
                    return Ok(false);
                }
                if is_big(&entry, &self.buffer) {
                    return Err(fail(TorchError::BigEndian));
                }
                self.buffer.clear();
                self.state = State::after(entry, size as u64);
            }
            State::Descriptor { entry, size } => match self.descriptor(bytes, &entry, size)? {
                true => self.state = State::Signature,
                false => {
                    self.state = State::Descriptor { entry, size };
                    return Ok(false);
                }
            },
            State::Directory(record) => {
                self.state = State::Directory(record);
                if !self.gather(bytes, record.length()) {
                    return Ok(false);
                }
                let (rest, then) = self.record(record)?;
                self.buffer.clear();
                self.state = State::Pass { rest, then };
            }
            State::End => {
                self.state = State::End;
                if !bytes.is_empty() {
                    let found =
                        self.length.map_or(bytes.len() as u64, |length| length.saturating_sub(self.position));
                    return Err(fail(TorchError::Trailing { end: self.position, found }));
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Decides how to read an entry.
    fn open(&mut self, entry: Entry) -> Result<State, FileError> {
        entry.check_readable()?;
        let kind = after_entry(&entry, self.prefix.as_deref()).map_err(|error| match error {
            TorchError::Damaged { expected, .. } => TorchError::Damaged { position: self.position, expected },
            error => error,
        });
        match kind? {
            After::Pickle(prefix) => {
                self.prefix = Some(prefix);
                entry.check_stored()?;
                Ok(State::Pickle { entry, read: 0, unpickler: Box::default() })
            }
            After::Storage(key) => {
                match self.plan.as_ref().and_then(|plan| Some((plan, plan.storages.find(&key)?))) {
                    Some((plan, index)) => {
                        entry.check_stored()?;
                        if std::mem::replace(&mut self.seen[index], true) {
                            return Err(TorchError::Twice { storage: key }.into());
                        }
                        let expected = plan.storages.list[index].bytes;
                        match entry.size {
                            Some(found) if found != expected => {
                                Err(TorchError::EntrySize { entry: entry.name, expected, found }.into())
                            }
                            _ => Ok(State::Storage { entry, delivery: Delivery::new(index) }),
                        }
                    }
                    None => Ok(Self::pass(entry)),
                }
            }
            After::Small => match entry.size {
                Some(size) if size <= 64 => Ok(State::Small { entry, size: size as usize }),
                _ => Ok(Self::pass(entry)),
            },
        }
    }

    fn pass(entry: Entry) -> State {
        match entry.size {
            Some(rest) => State::Pass { rest, then: Next::Descriptor(entry, rest) },
            None => State::Scan { entry },
        }
    }

    /// Checks the data descriptor after an entry. Returns whether it is complete. The next four
    /// bytes remain in the buffer.
    fn descriptor(&mut self, bytes: &mut &[u8], entry: &Entry, size: u64) -> Result<bool, FileError> {
        // Its sizes have 32 or 64 bits; only the next signature distinguishes them.
        if !self.gather(bytes, 20) {
            return Ok(false);
        }
        let wide = |at: usize| {
            self.buffer.get(at..at + 8).map(|bytes| bytes.try_into().map_or(0, u64::from_le_bytes))
        };
        let both = size | size << 32;
        let length = if u32::try_from(size).is_ok() && wide(8) == Some(both) && self.buffer[16..18] == *b"PK"
        {
            16
        } else {
            24
        };
        if length == 24 {
            if !self.gather(bytes, 28) {
                return Ok(false);
            }
            let wide = |at: usize| {
                self.buffer.get(at..at + 8).map(|bytes| bytes.try_into().map_or(0, u64::from_le_bytes))
            };
            if wide(8) != Some(size) || wide(16) != Some(size) {
                let expected = format!("the end of the entry {:?} after {size} bytes", entry.name);
                return Err(self.damaged(expected));
            }
        }
        if self.buffer[..4] != *b"PK\x07\x08" {
            return Err(self.damaged(format!("the end of the entry {:?} after {size} bytes", entry.name)));
        }
        self.buffer.drain(..length);
        Ok(true)
    }

    /// The number of bytes after a record's fixed part, and the next state.
    fn record(&self, record: Record) -> Result<(u64, Next), FileError> {
        let u16_at = |at: usize| {
            self.buffer.get(at..at + 2).map_or(0, |b| u64::from(u16::from_le_bytes([b[0], b[1]])))
        };
        Ok(match record {
            Record::Entry => (u16_at(28) + u16_at(30) + u16_at(32), Next::Signature),
            Record::Zip64End => {
                let size = self
                    .buffer
                    .get(4..12)
                    .and_then(|bytes| bytes.try_into().ok())
                    .map_or(0, u64::from_le_bytes);
                if size > MAX_SCANNED as u64 {
                    return Err(self.damaged("the end of the zip's directory"));
                }
                (size, Next::Signature)
            }
            Record::Zip64Locator => (0, Next::Signature),
            Record::End => (u16_at(20), Next::End),
        })
    }

    /// Checks that the file is long enough for the storages.
    fn check_length(&self, position: u64, plan: &Plan) -> Result<(), FileError> {
        let needed = position.saturating_add(plan.stored()).saturating_add(END);
        match self.length {
            Some(found) if needed > found => {
                Err(TorchError::CutOff { found, missing: needed - found }.into())
            }
            _ => Ok(()),
        }
    }

    /// Checks that every storage with tensors has been read.
    fn check_complete(&self) -> Result<(), FileError> {
        let Some(plan) = &self.plan else { return Err(no_pickle().into()) };
        for (index, usage) in plan.uses.iter().enumerate() {
            let first = usage.tensors.first().filter(|_| !self.seen[index]);
            if let Some(info) = first.and_then(|tensor| plan.header.tensors.get(tensor.index)) {
                let storage = plan.storages.list[index].key.clone();
                return Err(TorchError::MissingStorage { storage, tensor: info.name.clone() }.into());
            }
        }
        Ok(())
    }
}

impl State {
    /// The state after an entry of this size.
    fn after(entry: Entry, size: u64) -> Self {
        if entry.has_descriptor { Self::Descriptor { entry, size } } else { Self::Signature }
    }
}

/// A class compiled by TorchScript shows that the file is a TorchScript archive.
fn named_script(error: TorchError) -> TorchError {
    match error {
        TorchError::Depends { name } if name.starts_with("__torch__") => script(),
        error => error,
    }
}
