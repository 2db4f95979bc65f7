//! What can be wrong with a PyTorch file.

use super::super::foreign::grouped;

/// How many names a message lists.
const LISTED: usize = 5;

/// Why a PyTorch file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TorchError {
    /// The pickle asks for something that no pickle of a checkpoint has.
    #[error("byte {position} of its pickle is wrong: {reason}")]
    Pickle {
        /// Bytes before the instruction.
        position: u64,
        /// What is wrong.
        reason: String,
    },
    /// The pickle is larger than any checkpoint's.
    #[error("its pickle has more than {most} {what}; expected the names and shapes of tensors")]
    TooLarge {
        /// The bound.
        most: u64,
        /// What is counted.
        what: &'static str,
    },
    /// A tensor is what some function returns, and functions are not called.
    #[error(
        "its tensors depend on `{name}`, which is not run; expected tensors in dictionaries and lists, as \
         `torch.save(model.state_dict(), …)` writes them"
    )]
    Depends {
        /// The class or function.
        name: String,
    },
    /// A function of torch's got arguments that it does not take.
    #[error("`{function}` has wrong arguments in its pickle: {reason}")]
    Arguments {
        /// The function.
        function: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no tensor in the file.
    #[error("it holds no tensors, only {}", named(found))]
    NoTensors {
        /// What it holds.
        found: Vec<String>,
    },
    /// A pickle that is not one of `torch.save`.
    #[error("it is a Python pickle that `torch.save` did not write; it holds {}", named(found))]
    PlainPickle {
        /// What it holds.
        found: Vec<String>,
    },
    /// There is more than one set of tensors, and no name says which is the model's.
    #[error(
        "it holds several sets of tensors ({}); expected one, or one called `state_dict` or `model`",
        named(found)
    )]
    Several {
        /// The sets' names.
        found: Vec<String>,
    },
    /// A tensor reaches beyond its storage.
    #[error(
        "its tensor {tensor:?} of shape {shape:?} with strides {strides:?} from element {offset} does not fit its \
         storage of {elements} elements"
    )]
    OutOfStorage {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Elements between neighbours of each dimension.
        strides: Vec<i64>,
        /// Its first element in the storage.
        offset: i64,
        /// Elements of the storage.
        elements: u64,
    },
    /// A tensor that cannot be.
    #[error("its tensor {tensor:?} has {found} dimensions; expected at most {most}")]
    Dimensions {
        /// The tensor.
        tensor: String,
        /// Its dimensions.
        found: usize,
        /// The bound.
        most: usize,
    },
    /// Views that repeat numbers would have far more bytes than their storages.
    #[error(
        "its tensors repeat their storages {times} times and {found} bytes more; expected at most {most} bytes more"
    )]
    Expands {
        /// Bytes beyond the storages' own, so many times.
        found: u64,
        /// The bound.
        most: u64,
        /// How many times a storage may be repeated.
        times: u64,
    },
    /// A storage whose tensors overlap or are strided would have to be held in memory.
    #[error(
        "its tensor {tensor:?} shares or reorders {found} bytes, and at most {most} are held at a time; convert the \
         file to safetensors with torch first"
    )]
    Held {
        /// One of the tensors.
        tensor: String,
        /// Bytes that would have to be held.
        found: u64,
        /// The bound.
        most: u64,
    },
    /// Memory ran out.
    #[error("there is no memory for {bytes} bytes of its tensor {tensor:?}")]
    Memory {
        /// One of the tensors.
        tensor: String,
        /// Bytes that were asked for.
        bytes: u64,
    },
    /// The numbers are in the order of bytes of another kind of machine.
    #[error("its numbers are big-endian; expected little-endian: load it with torch and save it again")]
    BigEndian,
    /// A zip of something else.
    #[error("it is {kind}, not a checkpoint of `torch.save`{hint}")]
    OtherZip {
        /// What it is.
        kind: &'static str,
        /// What can be done, after a colon.
        hint: &'static str,
    },
    /// Fine for a program that reads the end of the file first, which cannot be done while it is downloaded.
    #[error(
        "{reason}, so it cannot be read from front to back; load it with torch and save it again, or convert it to safetensors"
    )]
    NotStreamable {
        /// What is in the way.
        reason: String,
    },
    /// The numbers come before the pickle that describes them.
    #[error(
        "its numbers come before its pickle `data.pkl`, as in a TorchScript archive, so it cannot be read from front to back: \
         load it with `torch.jit.load` (or `torch.load`) and save its `state_dict()`"
    )]
    NumbersFirst,
    /// The archive is damaged.
    #[error("it is damaged at byte {position}: expected {expected}")]
    Damaged {
        /// Where.
        position: u64,
        /// What belongs there.
        expected: String,
    },
    /// An entry has another size than its storage.
    #[error("its entry {entry:?} has {found} bytes; expected {expected} by the pickle")]
    EntrySize {
        /// The entry.
        entry: String,
        /// Bytes that the pickle says.
        expected: u64,
        /// Bytes of the entry.
        found: u64,
    },
    /// A storage is there twice.
    #[error("the storage {storage:?} is there a second time")]
    Twice {
        /// Its key.
        storage: String,
    },
    /// A storage that tensors lie in is not in the file.
    #[error("the storage {storage:?} of its tensor {tensor:?} is not in the file")]
    MissingStorage {
        /// Its key.
        storage: String,
        /// A tensor that lies in it.
        tensor: String,
    },
    /// The file ends before everything has come.
    #[error("it is cut off: {} of its bytes are there and at least {} are missing", grouped(*found), grouped(*missing))]
    CutOff {
        /// Bytes of the file.
        found: u64,
        /// The least that is missing.
        missing: u64,
    },
    /// Something follows the end of the checkpoint.
    #[error("{} bytes follow its end at byte {end}; expected none", grouped(*found))]
    Trailing {
        /// Where the checkpoint ends.
        end: u64,
        /// Bytes after it.
        found: u64,
    },
    /// An older or newer form.
    #[error("it is of PyTorch's file format {found}; expected {expected}")]
    Version {
        /// What the file says.
        found: String,
        /// What can be read.
        expected: &'static str,
    },
}

/// Some of a list.
fn named(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".into();
    }
    let listed: Vec<&str> = names.iter().take(LISTED).map(String::as_str).collect();
    match names.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}
