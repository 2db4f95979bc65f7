//! Entries of a zip file, read from their local headers.

use super::error::TorchError;

/// Size of a local header before the name.
pub(super) const LOCAL: usize = 30;

/// Maximum length of a name quoted in an error message.
const MAX_NAME_LENGTH: usize = 200;

/// An entry of a zip file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// Its compressed size in bytes, if the header contains it.
    pub(super) size: Option<u64>,
    /// Whether a data descriptor with its sizes follows.
    pub(super) has_descriptor: bool,
    stored: bool,
    encrypted: bool,
}

/// The role of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The pickle, with the common prefix of all entry names.
    Pickle(String),
    /// The storage with this key.
    Storage(String),
    /// Any other entry.
    Small,
}

impl Entry {
    /// The size of a local header, from its fixed part.
    pub(super) fn header_length(fixed: &[u8]) -> usize {
        LOCAL + usize::from(u16_at(fixed, 26)) + usize::from(u16_at(fixed, 28))
    }

    /// Parses a local header.
    pub(super) fn parse(header: &[u8]) -> Result<Self, TorchError> {
        let (flags, method) = (u16_at(header, 6), u16_at(header, 8));
        let (packed, unpacked) = (u32_at(header, 18), u32_at(header, 22));
        let end = LOCAL + usize::from(u16_at(header, 26));
        let name = header.get(LOCAL..end).unwrap_or_default();
        let name: String = String::from_utf8_lossy(name).chars().take(MAX_NAME_LENGTH).collect();
        let mut sizes = (u64::from(packed), u64::from(unpacked));
        if packed == u32::MAX || unpacked == u32::MAX {
            sizes =
                zip64_sizes(header.get(end..).unwrap_or_default(), packed, unpacked).ok_or_else(|| {
                    let expected = format!("the 64-bit sizes of the entry {name:?}");
                    TorchError::Damaged { position: 0, expected }
                })?;
        }
        let has_descriptor = flags & 8 != 0;
        // A size of zero before a data descriptor is unknown.
        let size = (!has_descriptor || sizes.0 > 0).then_some(sizes.0);
        let stored = method == 0 && (size.is_none() || sizes.0 == sizes.1);
        Ok(Self { name, size, has_descriptor, stored, encrypted: flags & 1 != 0 })
    }

    pub(super) fn check_readable(&self) -> Result<(), TorchError> {
        if self.encrypted {
            let hint = ": unpack it with its password first";
            return Err(TorchError::OtherZip { kind: "an encrypted zip archive", hint });
        }
        match (self.stored, self.size) {
            (false, None) => self.check_stored(),
            _ => Ok(()),
        }
    }

    pub(super) fn check_stored(&self) -> Result<(), TorchError> {
        if self.stored {
            return Ok(());
        }
        Err(TorchError::NotStreamable { reason: format!("its entry {:?} is compressed", self.name) })
    }
}

/// The role of an entry, given its name and whether the pickle has been read.
pub(super) fn after_entry(entry: &Entry, prefix: Option<&str>) -> Result<After, TorchError> {
    let name = entry.name.as_str();
    if let Some(prefix) = prefix {
        let Some(rest) = name.strip_prefix(prefix) else { return Ok(After::Small) };
        if rest == "data.pkl" {
            let error =
                TorchError::Damaged { position: 0, expected: "one pickle, not a second `data.pkl`".into() };
            return Err(error);
        }
        if rest == "constants.pkl" || rest.starts_with("code/") {
            return Err(script());
        }
        return Ok(match rest.strip_prefix("data/") {
            Some(key) if !key.is_empty() => After::Storage(key.into()),
            _ => After::Small,
        });
    }
    if let Some(prefix) =
        name.strip_suffix("data.pkl").filter(|prefix| prefix.is_empty() || prefix.ends_with('/'))
    {
        return Ok(After::Pickle(prefix.into()));
    }
    let (folder, rest) = name.split_once('/').unwrap_or(("", name));
    let last = name.rsplit('/').next().unwrap_or(name);
    match rest {
        "constants.pkl" => Err(script()),
        _ if rest.starts_with("code/") => Err(script()),
        _ if rest.starts_with("data/") => Err(TorchError::NumbersFirst),
        ""
        | "version"
        | "byteorder"
        | ".format_version"
        | ".storage_alignment"
        | ".data/serialization_id" => Ok(After::Small),
        _ if last.ends_with(".h5") || name == "metadata.json" || name == "config.json" => {
            let hint = ": convert it to safetensors with transformers";
            Err(TorchError::OtherZip { kind: "a Keras model", hint })
        }
        _ if last.ends_with(".npy") => {
            Err(TorchError::OtherZip { kind: "an archive of NumPy arrays", hint: "" })
        }
        _ if last.ends_with(".safetensors")
            || [".pt", ".pth", ".bin", ".ckpt"].iter().any(|end| last.ends_with(end)) =>
        {
            Err(TorchError::OtherZip {
                kind: "a zip archive with a checkpoint in it",
                hint: ": unpack it first",
            })
        }
        _ if folder == "META-INF" || name == "[Content_Types].xml" => {
            Err(TorchError::OtherZip { kind: "a zip archive of a program or document", hint: "" })
        }
        _ => Err(no_pickle()),
    }
}

/// The error for a zip file without a pickle.
pub(super) fn no_pickle() -> TorchError {
    TorchError::OtherZip { kind: "a zip archive without a `data.pkl`", hint: "" }
}

/// The error for TorchScript archives, whose weights only torch can assign to names.
pub(super) fn script() -> TorchError {
    TorchError::OtherZip {
        kind: "a TorchScript archive, which is a program",
        hint: ": load it with `torch.jit.load` and save its `state_dict()`",
    }
}

/// Whether this is the byte order entry of a big-endian file.
pub(super) fn is_big(entry: &Entry, content: &[u8]) -> bool {
    entry.name.rsplit('/').next() == Some("byteorder") && content.trim_ascii() == b"big"
}

/// Whether `bytes` end with the data descriptor of an entry of unknown size and the first two bytes
/// of the next signature. Returns the size of the entry.
pub(super) fn ends_here(bytes: &[u8]) -> Option<usize> {
    let before = bytes.strip_suffix(b"PK")?;
    let narrow = || {
        let size = before.len().checked_sub(16)?;
        let record = &before[size..];
        let fits = [8, 12].iter().all(|&at| u64::from(u32_at(record, at)) == size as u64);
        (record.starts_with(b"PK\x07\x08") && fits).then_some(size)
    };
    let wide = || {
        let size = before.len().checked_sub(24)?;
        let record = &before[size..];
        let at = |at: usize| u64::from(u32_at(record, at)) | u64::from(u32_at(record, at + 4)) << 32;
        let fits = [8, 16].iter().all(|&place| at(place) == size as u64);
        (record.starts_with(b"PK\x07\x08") && fits).then_some(size)
    };
    narrow().or_else(wide)
}

/// The compressed and uncompressed sizes from the ZIP64 extra field, which replaces sizes of all
/// ones. The field stores the uncompressed size first.
fn zip64_sizes(mut fields: &[u8], packed: u32, unpacked: u32) -> Option<(u64, u64)> {
    while fields.len() >= 4 {
        let (id, length) = (u16_at(fields, 0), usize::from(u16_at(fields, 2)));
        let field = fields.get(4..4 + length)?;
        if id == 1 {
            let mut sizes = field.as_chunks().0.iter().map(|&bytes| u64::from_le_bytes(bytes));
            let unpacked = if unpacked == u32::MAX { sizes.next()? } else { unpacked.into() };
            let packed = if packed == u32::MAX { sizes.next()? } else { packed.into() };
            return Some((packed, unpacked));
        }
        fields = &fields[4 + length..];
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
}
