//! Errors of reading a PyTorch file.

use crate::weights::foreign::grouped;

/// Maximum number of names listed in a message.
const MAX_LISTED: usize = 5;

/// A PyTorch file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TorchError {
    /// The pickle has an invalid or unsupported instruction.
    #[error("its pickle is invalid at byte {position}: {reason}")]
    Pickle {
        /// Offset of the instruction in the pickle.
        position: u64,
        /// The reason.
        reason: String,
    },
    /// The pickle exceeds a limit.
    #[error("its pickle has more than {most} {what}; expected the names and shapes of tensors")]
    TooLarge {
        /// The limit.
        most: u64,
        /// The unit of the limit.
        what: &'static str,
    },
    /// A tensor depends on an unknown function, which is not called.
    #[error(
        "its tensors depend on `{name}`, which is not executed; expected tensors in dictionaries and lists, as \
         `torch.save(model.state_dict(), …)` writes them"
    )]
    Depends {
        /// The class or function.
        name: String,
    },
    /// A torch function is called with invalid arguments.
    #[error("its pickle calls `{function}` with invalid arguments: {reason}")]
    Arguments {
        /// The function.
        function: String,
        /// The reason.
        reason: String,
    },
    /// The file contains no tensors.
    #[error("it contains no tensors, only {}", named(found))]
    NoTensors {
        /// The values in the file.
        found: Vec<String>,
    },
    /// The file is a pickle that `torch.save` did not write.
    #[error("it is a Python pickle that `torch.save` did not write; it contains {}", named(found))]
    PlainPickle {
        /// The values in the file.
        found: Vec<String>,
    },
    /// The file contains several sets of tensors, and no name identifies the model's.
    #[error(
        "it contains several sets of tensors ({}); expected one, or one named `state_dict` or `model`",
        named(found)
    )]
    Several {
        /// The names of the sets.
        found: Vec<String>,
    },
    /// A tensor extends beyond its storage.
    #[error(
        "its tensor {tensor:?} of shape {shape:?} with strides {strides:?} from element {offset} does not fit its \
         storage of {elements} elements"
    )]
    OutOfStorage {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Stride of each dimension in elements.
        strides: Vec<i64>,
        /// Offset of its first element in the storage.
        offset: i64,
        /// Number of elements of the storage.
        elements: u64,
    },
    /// A tensor has too many dimensions.
    #[error("its tensor {tensor:?} has {found} dimensions; expected at most {most}")]
    Dimensions {
        /// The tensor.
        tensor: String,
        /// Its number of dimensions.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// Views that repeat values are far larger than their storages.
    #[error(
        "its views exceed {times} times the size of their storages by {found} bytes; expected at most {most} bytes"
    )]
    Expands {
        /// Bytes in excess of `times` the size of the storages.
        found: u64,
        /// The limit.
        most: u64,
        /// How many times larger than its storage a view may be.
        times: u64,
    },
    /// A storage with overlapping or strided tensors is too large to hold in memory.
    #[error(
        "its tensor {tensor:?} overlaps others or is strided over {found} bytes, but at most {most} can be held; convert \
         the file to safetensors with torch first"
    )]
    Held {
        /// One of the tensors.
        tensor: String,
        /// Number of bytes to hold.
        found: u64,
        /// The limit.
        most: u64,
    },
    /// Memory ran out.
    #[error("not enough memory for {bytes} bytes of its tensor {tensor:?}")]
    Memory {
        /// One of the tensors.
        tensor: String,
        /// Number of bytes requested.
        bytes: u64,
    },
    /// The file is from a big-endian machine.
    #[error("its numbers are big-endian; expected little-endian: load it with torch and save it again")]
    BigEndian,
    /// A zip file with other contents.
    #[error("it is {kind}, not a checkpoint of `torch.save`{hint}")]
    OtherZip {
        /// The format.
        kind: &'static str,
        /// A suggestion for the user, after a colon.
        hint: &'static str,
    },
    /// The file can only be read with random access, which is not available during a download.
    #[error(
        "{reason}, so it cannot be read from front to back; load it with torch and save it again, or convert it to safetensors"
    )]
    NotStreamable {
        /// The reason.
        reason: String,
    },
    /// The storages precede the pickle that describes them.
    #[error(
        "its numbers come before its pickle `data.pkl`, as in a TorchScript archive, so it cannot be read from front to back: \
         load it with `torch.jit.load` (or `torch.load`) and save its `state_dict()`"
    )]
    NumbersFirst,
    /// The archive is damaged.
    #[error("it is damaged at byte {position}: expected {expected}")]
    Damaged {
        /// Offset of the damage.
        position: u64,
        /// The expected content.
        expected: String,
    },
    /// The size of an entry differs from that of its storage.
    #[error("its entry {entry:?} has {found} bytes; expected {expected} according to the pickle")]
    EntrySize {
        /// The entry.
        entry: String,
        /// Size in bytes according to the pickle.
        expected: u64,
        /// Size of the entry in bytes.
        found: u64,
    },
    /// A storage occurs twice.
    #[error("the storage {storage:?} occurs twice")]
    Twice {
        /// Its key.
        storage: String,
    },
    /// The storage of a tensor is missing.
    #[error("the storage {storage:?} of its tensor {tensor:?} is not in the file")]
    MissingStorage {
        /// Its key.
        storage: String,
        /// A tensor in this storage.
        tensor: String,
    },
    /// The file is truncated.
    #[error("it is truncated: it has {} bytes, and at least {} are missing", grouped(*found), grouped(*missing))]
    CutOff {
        /// Size of the file in bytes.
        found: u64,
        /// Minimum number of missing bytes.
        missing: u64,
    },
    /// Extra bytes follow the end of the checkpoint.
    #[error("{} bytes follow its end at byte {end}; expected none", grouped(*found))]
    Trailing {
        /// Offset of the end of the checkpoint.
        end: u64,
        /// Number of extra bytes.
        found: u64,
    },
    /// An unsupported version of the file format.
    #[error("its PyTorch file format is version {found}; expected {expected}")]
    Version {
        /// The version in the file.
        found: String,
        /// The supported version.
        expected: &'static str,
    },
}

/// Lists the first few names.
fn named(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".into();
    }
    let listed: Vec<&str> = names.iter().take(MAX_LISTED).map(String::as_str).collect();
    match names.len().saturating_sub(MAX_LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}
