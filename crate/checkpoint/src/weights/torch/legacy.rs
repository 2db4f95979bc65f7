//! The format of `torch.save` before PyTorch 1.6: five pickles (a magic number, the version,
//! information about the machine, the object, the keys of its storages), then each storage as its
//! number of elements and its bytes.

use super::{
    delivery::Delivery,
    error::TorchError,
    graph::{Graph, Id, Node},
    pickle::Unpickler,
    plan::Plan,
};
use crate::weights::sink::{Erased, FileError, Stopped, fail};

/// The little-endian magic number in protocols 2 and later.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
/// The magic number in protocols 0 and 1.
const MAGIC_TEXT: &[u8] = b"L119547037146038801333356L\n";
/// The only version of the format.
const VERSION: i64 = 1001;
/// Size of the element count before each storage.
const COUNT: usize = 8;

/// Reads a legacy file.
#[derive(Debug)]
pub(super) struct Legacy {
    length: Option<u64>,
    position: u64,
    state: State,
    plan: Option<Plan>,
    /// Storages in file order, once their keys are known.
    order: Vec<usize>,
}

#[derive(Debug)]
enum State {
    Pickle(Stage, Box<Unpickler>),
    /// Reading the element count of a storage, given by its index in `order`.
    Count(usize, Vec<u8>),
    Storage(usize, Delivery),
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Magic,
    Version,
    Machine,
    Object,
    Keys,
}

/// Whether a file is in the legacy format, given its first bytes.
pub(super) fn is_legacy(first: &[u8]) -> bool {
    let beginning = &first[..first.len().min(32)];
    first.starts_with(MAGIC_TEXT)
        || first.first() == Some(&0x80) && beginning.windows(MAGIC.len()).any(|found| found == MAGIC)
}

impl Legacy {
    pub(super) fn new(length: Option<u64>) -> Self {
        let state = State::Pickle(Stage::Magic, Box::default());
        Self { length, position: 0, state, plan: None, order: Vec::new() }
    }

    pub(super) fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], sink: &mut Erased<'_>) -> Result<(), Stopped> {
        loop {
            let before = bytes.len();
            let goes_on = self.advance(&mut bytes, sink);
            self.position += (before - bytes.len()) as u64;
            if !goes_on? {
                return Ok(());
            }
        }
    }

    /// Ends the file and returns the plan.
    pub(super) fn finish(self) -> Result<Plan, TorchError> {
        let missing = match (&self.state, &self.plan) {
            (State::Pickle(..), None) => 1,
            (State::Pickle(..), Some(plan)) => {
                plan.stored().saturating_add((COUNT * plan.storages.list.len()) as u64).saturating_add(1)
            }
            (State::Count(next, count), Some(plan)) => {
                self.rest_from(plan, *next).saturating_sub(count.len() as u64)
            }
            (State::Storage(next, delivery), Some(plan)) => {
                delivery.rest(plan).saturating_add(self.rest_from(plan, next + 1))
            }
            _ => 1,
        };
        match self.plan {
            Some(plan) if missing == 0 => Ok(plan),
            _ => Err(TorchError::CutOff { found: self.position, missing }),
        }
    }

    /// Total size of this storage and all later ones in bytes, with their element counts.
    fn rest_from(&self, plan: &Plan, next: usize) -> u64 {
        let storages = self.order.iter().skip(next).filter_map(|&index| plan.storages.list.get(index));
        storages.fold(0u64, |sum, storage| sum.saturating_add(storage.bytes).saturating_add(COUNT as u64))
    }

    /// Processes one state. Returns whether there may be more to do.
    fn advance(&mut self, bytes: &mut &[u8], sink: &mut Erased<'_>) -> Result<bool, Stopped> {
        match &mut self.state {
            State::Pickle(stage, unpickler) => {
                let stage = *stage;
                let before = bytes.len();
                let Some(root) = unpickler.push(bytes).map_err(fail)? else { return Ok(false) };
                let position = self.position + (before - bytes.len()) as u64;
                let Unpickler { graph, storages, .. } = std::mem::take(&mut **unpickler);
                let next = match stage {
                    Stage::Magic => Stage::Version,
                    Stage::Version => {
                        check_version(&graph, root)?;
                        Stage::Machine
                    }
                    Stage::Machine => {
                        check_machine(&graph, root)?;
                        Stage::Object
                    }
                    Stage::Object => {
                        let mut plan = Plan::new(&graph, storages, root).map_err(fail)?;
                        let counts = (COUNT * plan.storages.list.len()) as u64;
                        self.check_length(position.saturating_add(counts).saturating_add(plan.stored()))?;
                        plan.sized = self.length.is_some();
                        sink.header(&plan.header)?;
                        self.plan = Some(plan);
                        Stage::Keys
                    }
                    Stage::Keys => {
                        self.order = self.check_keys(&graph, root, position)?;
                        let rest = self.plan.as_ref().map_or(0, |plan| self.rest_from(plan, 0));
                        self.check_length(position.saturating_add(rest))?;
                        self.state = State::Count(0, Vec::new());
                        return Ok(true);
                    }
                };
                self.state = State::Pickle(next, Box::default());
            }
            State::Count(next, count) => {
                let Some(plan) = &self.plan else { return Ok(false) };
                let Some(&index) = self.order.get(*next) else {
                    if bytes.is_empty() {
                        return Ok(false);
                    }
                    let found =
                        self.length.map_or(bytes.len() as u64, |length| length.saturating_sub(self.position));
                    return Err(fail(TorchError::Trailing { end: self.position, found }));
                };
                let (taken, rest) = bytes.split_at((COUNT - count.len()).min(bytes.len()));
                count.extend_from_slice(taken);
                *bytes = rest;
                let Ok(found) = <[u8; COUNT]>::try_from(count.as_slice()).map(u64::from_le_bytes) else {
                    return Ok(false);
                };
                let storage = &plan.storages.list[index];
                if found != storage.elements {
                    let found = found.saturating_mul(storage.element.bytes);
                    let (entry, expected) = (storage.key.clone(), storage.bytes);
                    return Err(fail(TorchError::EntrySize { entry, expected, found }));
                }
                self.state = State::Storage(*next, Delivery::new(index));
            }
            State::Storage(next, delivery) => {
                let Some(plan) = &self.plan else { return Ok(false) };
                let rest = usize::try_from(delivery.rest(plan)).unwrap_or(usize::MAX);
                let (taken, left) = bytes.split_at(rest.min(bytes.len()));
                delivery.push(plan, taken, sink)?;
                *bytes = left;
                if delivery.rest(plan) > 0 {
                    return Ok(false);
                }
                let next = *next + 1;
                let complete = State::Count(next, Vec::new());
                if let State::Storage(_, delivery) = std::mem::replace(&mut self.state, complete) {
                    delivery.end(plan, sink)?;
                }
            }
        }
        Ok(true)
    }

    fn check_length(&self, needed: u64) -> Result<(), FileError> {
        match self.length {
            Some(found) if needed > found => {
                Err(TorchError::CutOff { found, missing: needed - found }.into())
            }
            _ => Ok(()),
        }
    }

    /// Checks the keys and returns the storages in file order.
    fn check_keys(&self, graph: &Graph, root: Id, position: u64) -> Result<Vec<usize>, FileError> {
        let Some(plan) = &self.plan else { return Ok(Vec::new()) };
        let damaged = |expected: &str| TorchError::Damaged { position, expected: expected.into() };
        let keys = graph.sequence(root).ok_or_else(|| damaged("the list of storages"))?;
        let mut seen = vec![false; plan.storages.list.len()];
        let mut order = Vec::with_capacity(keys.len().min(seen.len()));
        for &key in keys {
            let key = graph.key(key);
            let index = plan.storages.find(&key);
            let index = index.ok_or_else(|| damaged("a list of storages in the pickle"))?;
            if std::mem::replace(&mut seen[index], true) {
                return Err(TorchError::Twice { storage: key }.into());
            }
            order.push(index);
        }
        for (index, usage) in plan.uses.iter().enumerate() {
            let first = usage.tensors.first().filter(|_| !seen[index]);
            if let Some(info) = first.and_then(|tensor| plan.header.tensors.get(tensor.index)) {
                let storage = plan.storages.list[index].key.clone();
                return Err(TorchError::MissingStorage { storage, tensor: info.name.clone() }.into());
            }
        }
        Ok(order)
    }
}

fn check_version(graph: &Graph, root: Id) -> Result<(), FileError> {
    match graph.get(root) {
        Node::Int(VERSION) => Ok(()),
        Node::Int(found) => Err(TorchError::Version { found: found.to_string(), expected: "1001" }.into()),
        _ => Err(TorchError::Version { found: graph.kind(root), expected: "1001" }.into()),
    }
}

fn check_machine(graph: &Graph, root: Id) -> Result<(), FileError> {
    let Node::Dict(facts) = graph.get(root) else { return Ok(()) };
    let big = facts.iter().any(|&(key, value)| {
        graph.text(key) == Some("little_endian") && matches!(graph.get(value), Node::Bool(false))
    });
    if big { Err(TorchError::BigEndian.into()) } else { Ok(()) }
}
