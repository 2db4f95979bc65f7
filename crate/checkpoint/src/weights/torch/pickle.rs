//! A restricted unpickler: Python's pickle machine without the instructions that execute code.
//!
//! Bytes are pushed in pieces of any size. Classes and functions are only names; the result of a
//! call is a [`Node::Object`] with its arguments, except for the few functions that [`rebuild`]
//! supports. Protocols 0 to 5 are supported (see Python's `Lib/pickletools.py`).

use std::collections::HashMap;

use super::{
    error::TorchError,
    graph::{Graph, Id, Node},
    operand::{Halt, Operands},
    rebuild,
    storage::Storages,
};
use crate::weights::foreign::grouped;

/// Maximum size of a pickle in bytes.
const MAX_LENGTH: u64 = 64 << 20;
/// Maximum number of instructions.
const MAX_STEPS: u64 = 4 << 20;
/// Maximum length of a string that is kept; longer ones are not names.
const MAX_TEXT_LENGTH: u64 = 1024;
/// Maximum size of an instruction in bytes.
const MAX_PENDING: usize = 16 << 10;

/// Reads a pickle.
#[derive(Debug, Default)]
pub(super) struct Unpickler {
    pub(super) graph: Graph,
    pub(super) storages: Storages,
    stack: Vec<Id>,
    /// Height of the stack at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// The first bytes of an instruction that is split between two pushes.
    pending: Vec<u8>,
    /// Number of bytes of a long value still to skip.
    skip: u64,
    /// Number of bytes read.
    position: u64,
    steps: u64,
}

impl Unpickler {
    /// Consumes bytes up to the end of the pickle, and returns the pickle's value there.
    pub(super) fn push(&mut self, bytes: &mut &[u8]) -> Result<Option<Id>, TorchError> {
        loop {
            if self.skip > 0 {
                let passed = self.skip.min(bytes.len() as u64);
                *bytes = &bytes[passed as usize..];
                self.skip -= passed;
                self.position += passed;
                if self.skip > 0 {
                    return Ok(None);
                }
            }
            let held = std::mem::take(&mut self.pending);
            let begins = self.position;
            let outcome = self.step(if held.is_empty() { bytes } else { &held });
            match outcome {
                Ok((read, value)) => {
                    self.position += read as u64;
                    if self.position.saturating_add(self.skip) > MAX_LENGTH {
                        return Err(self.too_long(begins));
                    }
                    if held.is_empty() {
                        *bytes = &bytes[read..];
                    }
                    if value.is_some() {
                        return Ok(value);
                    }
                }
                Err(Fault::Halt(Halt::Need(count))) => {
                    // Take no more than the instruction needs, so that at most one instruction is
                    // held.
                    let count = if held.is_empty() { bytes.len() } else { count.min(bytes.len()) };
                    self.pending = held;
                    self.pending.extend_from_slice(&bytes[..count]);
                    *bytes = &bytes[count..];
                    if count == 0 {
                        return Ok(None);
                    }
                    if self.pending.len() > MAX_PENDING {
                        return Err(self.wrong("the instruction is too long".into()));
                    }
                }
                Err(Fault::Halt(Halt::Wrong(reason))) => return Err(self.wrong(reason)),
                Err(Fault::Torch(error)) => return Err(error),
            }
        }
    }

    fn wrong(&self, reason: String) -> TorchError {
        TorchError::Pickle { position: self.position, reason }
    }

    /// The error for a pickle that is too long, or whose instruction at `position` claims a value
    /// that is.
    fn too_long(&self, position: u64) -> TorchError {
        if self.position > MAX_LENGTH {
            return TorchError::TooLarge { most: MAX_LENGTH >> 20, what: "MiB" };
        }
        let (claimed, most) = (size(self.skip), size(MAX_LENGTH));
        let reason = format!(
            "it claims a value of {claimed}, but a pickle of names and shapes has at most {most}; the file is damaged"
        );
        TorchError::Pickle { position, reason }
    }

    /// Executes one instruction from the front of `bytes`. Returns its size, and the pickle's value
    /// after the last instruction.
    fn step(&mut self, bytes: &[u8]) -> Result<(usize, Option<Id>), Fault> {
        let mut operands = Operands::new(bytes);
        let code = operands.u8()?;
        let value = self.run(code, &mut operands)?;
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(TorchError::TooLarge { most: MAX_STEPS, what: "instructions" }.into());
        }
        Ok((operands.at, value))
    }

    fn run(&mut self, code: u8, operands: &mut Operands<'_>) -> Result<Option<Id>, Fault> {
        match code {
            b'.' => return Ok(Some(self.pop()?)),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                // POP also removes a mark, as in Python.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            // PROTO and FRAME do not change how the following bytes are read.
            0x80 => match operands.u8()? {
                0..=5 => {}
                found => return Err(wrong(format!("protocol {found}, expected 0 to 5"))),
            },
            0x95 => drop(operands.u64()?),

            b'N' => self.push_node(Node::None)?,
            0x88 => self.push_node(Node::Bool(true))?,
            0x89 => self.push_node(Node::Bool(false))?,
            b'I' => match operands.line()? {
                "00" => self.push_node(Node::Bool(false))?,
                "01" => self.push_node(Node::Bool(true))?,
                line => self.push_decimal(line)?,
            },
            b'L' => {
                let line = operands.line()?;
                self.push_decimal(line.strip_suffix('L').unwrap_or(line))?;
            }
            b'J' => {
                let int = i32::from_le_bytes(operands.array()?);
                self.push_node(Node::Int(int.into()))?;
            }
            b'K' => {
                let int = operands.u8()?;
                self.push_node(Node::Int(int.into()))?;
            }
            b'M' => {
                let int = u16::from_le_bytes(operands.array()?);
                self.push_node(Node::Int(int.into()))?;
            }
            0x8a => {
                let length = operands.u8()?;
                let int = integer(operands.take(length.into())?);
                self.push_node(int)?;
            }
            0x8b => {
                let length = operands.u32()?;
                if length <= 8 {
                    let int = integer(operands.take(length as usize)?);
                    self.push_node(int)?;
                } else {
                    self.pass_over(length.into(), "int")?;
                }
            }
            b'F' => {
                let line = operands.line()?;
                if line.parse::<f64>().is_err() {
                    return Err(wrong(format!("{line:?} instead of a number")));
                }
                self.push_node(Node::Float)?;
            }
            b'G' => {
                operands.take(8)?;
                self.push_node(Node::Float)?;
            }

            b'S' => {
                let line = operands.line()?.trim();
                let quoted = |quote: char| line.strip_prefix(quote)?.strip_suffix(quote);
                let text = quoted('\'').or_else(|| quoted('"'));
                let text = text.ok_or_else(|| wrong("a string without quotes".into()))?;
                self.push_text(text)?;
            }
            b'V' => {
                let line = operands.line()?;
                self.push_text(line)?;
            }
            b'T' => {
                let length = operands.u32()?;
                self.take_text(operands, length.into(), "bytes")?;
            }
            b'U' => {
                let length = operands.u8()?;
                self.take_text(operands, length.into(), "bytes")?;
            }
            b'X' => {
                let length = operands.u32()?;
                self.take_text(operands, length.into(), "str")?;
            }
            0x8c => {
                let length = operands.u8()?;
                self.take_text(operands, length.into(), "str")?;
            }
            0x8d => {
                let length = operands.u64()?;
                self.take_text(operands, length, "str")?;
            }
            b'B' => {
                let length = operands.u32()?;
                self.pass_over(length.into(), "bytes")?;
            }
            b'C' => {
                let length = operands.u8()?;
                self.pass_over(length.into(), "bytes")?;
            }
            0x8e => {
                let length = operands.u64()?;
                self.pass_over(length, "bytes")?;
            }
            0x96 => {
                let length = operands.u64()?;
                self.pass_over(length, "bytearray")?;
            }

            b']' => self.push_node(Node::List(Vec::new()))?,
            0x8f => self.push_node(Node::List(Vec::new()))?,
            b'}' => self.push_node(Node::Dict(Vec::new()))?,
            b')' => self.push_node(Node::Tuple(Vec::new()))?,
            b'l' | 0x91 => {
                let items = self.pop_mark()?;
                self.push_node(Node::List(items))?;
            }
            b't' => {
                let items = self.pop_mark()?;
                self.push_node(Node::Tuple(items))?;
            }
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let from = self.stack.len().checked_sub(count);
                let from = from.filter(|&from| from >= self.floor()).ok_or_else(underflow)?;
                let items = self.stack.split_off(from);
                self.push_node(Node::Tuple(items))?;
            }
            b'd' => {
                let items = self.pop_mark()?;
                let pairs = pairs(&items)?;
                self.push_node(Node::Dict(pairs))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.extend(&items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.insert(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.insert(&items)?;
            }

            b'p' => {
                let index = operands.decimal()?;
                self.memoize(index)?;
            }
            b'q' => {
                let index = operands.u8()?;
                self.memoize(index.into())?;
            }
            b'r' => {
                let index = operands.u32()?;
                self.memoize(index)?;
            }
            0x94 => self.memoize(self.memo.len() as u32)?,
            b'g' => {
                let index = operands.decimal()?;
                self.recall(index)?;
            }
            b'h' => {
                let index = operands.u8()?;
                self.recall(index.into())?;
            }
            b'j' => {
                let index = operands.u32()?;
                self.recall(index)?;
            }

            b'c' => {
                let (module, name) = (operands.line()?, operands.line()?);
                let global = global(module, name)?;
                self.push_node(global)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Some(module), Some(name)) = (self.graph.text(module), self.graph.text(name)) else {
                    return Err(wrong("a class name that is not a string".into()));
                };
                let global = global(module, name)?;
                self.push_node(global)?;
            }
            b'R' | 0x81 => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments)?;
            }
            0x92 => {
                let (named, arguments, class) = (self.pop()?, self.pop()?, self.pop()?);
                self.push_node(Node::Object { class, parts: vec![arguments, named] })?;
            }
            b'i' => {
                let (module, name) = (operands.line()?, operands.line()?);
                let arguments = self.pop_mark()?;
                let class = self.graph.add(global(module, name)?)?;
                let arguments = self.graph.add(Node::Tuple(arguments))?;
                self.call(class, arguments)?;
            }
            b'o' => {
                let mut arguments = self.pop_mark()?;
                if arguments.is_empty() {
                    return Err(underflow());
                }
                let class = arguments.remove(0);
                let arguments = self.graph.add(Node::Tuple(arguments))?;
                self.call(class, arguments)?;
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()?;
                rebuild::set_state(&mut self.graph, object, state)?;
            }
            b'Q' => {
                let id = self.pop()?;
                let loaded = rebuild::load(&mut self.graph, &mut self.storages, id)?;
                self.stack.push(loaded);
            }
            b'P' => {
                operands.line()?;
                let reason = "it refers to a storage as pickle protocol 0 does, which torch.load cannot read either; \
                              save the model again with torch.save and its default protocol";
                return Err(wrong(reason.into()));
            }
            0x82..=0x84 => return Err(wrong("an entry of Python's extension registry".into())),
            0x97 | 0x98 => return Err(wrong("an out-of-band buffer".into())),
            _ => return Err(wrong(format!("unknown instruction {code:#04x}"))),
        }
        Ok(None)
    }

    fn call(&mut self, callable: Id, arguments: Id) -> Result<(), Fault> {
        let value = rebuild::call(&mut self.graph, callable, arguments)?;
        self.stack.push(value);
        Ok(())
    }

    fn push_node(&mut self, node: Node) -> Result<(), Fault> {
        let id = self.graph.add(node)?;
        self.stack.push(id);
        Ok(())
    }

    fn push_decimal(&mut self, line: &str) -> Result<(), Fault> {
        let digits = line.strip_prefix('-').unwrap_or(line);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong(format!("{line:?} instead of a number")));
        }
        self.push_node(line.parse().map_or(Node::Blob("int"), Node::Int))
    }

    fn push_text(&mut self, text: &str) -> Result<(), Fault> {
        let long = text.len() as u64 > MAX_TEXT_LENGTH;
        self.push_node(if long { Node::Blob("str") } else { Node::Text(text.into()) })
    }

    fn take_text(
        &mut self,
        operands: &mut Operands<'_>,
        length: u64,
        kind: &'static str,
    ) -> Result<(), Fault> {
        if length > MAX_TEXT_LENGTH {
            return self.pass_over(length, kind);
        }
        let bytes = operands.take(length as usize)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => self.push_text(text),
            // Bytes written by Python 2.
            Err(_) => self.push_node(Node::Blob(kind)),
        }
    }

    /// Adds a value and skips its bytes.
    fn pass_over(&mut self, length: u64, kind: &'static str) -> Result<(), Fault> {
        self.skip = length;
        self.push_node(Node::Blob(kind))
    }

    /// Start of the stack after the last mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        if self.stack.len() <= self.floor() {
            return Err(underflow());
        }
        self.stack.pop().ok_or_else(underflow)
    }

    fn top(&self) -> Result<Id, Fault> {
        if self.stack.len() <= self.floor() {
            return Err(underflow());
        }
        self.stack.last().copied().ok_or_else(underflow)
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, Fault> {
        let mark = self.marks.pop().filter(|&mark| mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or_else(underflow)?))
    }

    fn memoize(&mut self, index: u32) -> Result<(), Fault> {
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), Fault> {
        let id = self.memo.get(&index).copied();
        self.stack.push(id.ok_or_else(|| wrong(format!("memo entry {index} is used before it is set")))?);
        Ok(())
    }

    /// Appends items to the list at the top of the stack.
    fn extend(&mut self, items: &[Id]) -> Result<(), Fault> {
        let list = self.top()?;
        match self.graph.get_mut(list) {
            Some(Node::List(list) | Node::Object { parts: list, .. }) => list.extend_from_slice(items),
            _ => return Err(wrong("items are added to a value that is not a list".into())),
        }
        Ok(())
    }

    /// Adds entries to the dict at the top of the stack.
    fn insert(&mut self, items: &[Id]) -> Result<(), Fault> {
        let entries = pairs(items)?;
        let dict = self.top()?;
        match self.graph.get_mut(dict) {
            Some(Node::Dict(dict)) => dict.extend(entries),
            Some(Node::Object { parts, .. }) => parts.extend_from_slice(items),
            _ => return Err(wrong("entries are added to a value that is not a dictionary".into())),
        }
        Ok(())
    }
}

/// Formats a size: 67108864 → 64 MiB.
fn size(bytes: u64) -> String {
    let units = [(1u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{} {name}", grouped(bytes / unit)),
        None => format!("{bytes} bytes"),
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, Fault> {
    match items.as_chunks() {
        (pairs, []) => Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()),
        _ => Err(wrong("a key without a value".into())),
    }
}

fn global(module: &str, name: &str) -> Result<Node, Fault> {
    if module.is_empty() || name.is_empty() {
        return Err(wrong("a class without a name".into()));
    }
    Ok(Node::Global(format!("{module}.{name}").into()))
}

/// A little-endian integer in two's complement.
fn integer(bytes: &[u8]) -> Node {
    if bytes.len() > 8 {
        return Node::Blob("int");
    }
    let negative = bytes.last().is_some_and(|&last| last >= 0x80);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Node::Int(i64::from_le_bytes(wide))
}

/// An error during an instruction.
enum Fault {
    Halt(Halt),
    Torch(TorchError),
}

impl From<Halt> for Fault {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

impl From<TorchError> for Fault {
    fn from(error: TorchError) -> Self {
        Self::Torch(error)
    }
}

fn wrong(reason: String) -> Fault {
    Fault::Halt(Halt::Wrong(reason))
}

fn underflow() -> Fault {
    wrong("stack underflow".into())
}
