//! The header of a safetensors file: an 8-byte length, then JSON with the location of each tensor.
//!
//! The header is validated completely. In a valid header, the tensors follow each other without
//! gaps or overlaps from the end of the header to the end of the file, as the format requires
//! (<https://huggingface.co/docs/safetensors>).

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

use super::foreign::grouped;

/// Size of the length before the JSON, a little-endian u64.
pub const PREFIX: usize = 8;

/// Maximum length of a header in bytes. ViT-H/14's has 0.1 MB; the format allows 100 MB, far more
/// than any CLIP model needs.
pub const LONGEST: u64 = 16 << 20;

/// Maximum number of dimensions of a tensor.
pub(super) const DIMENSIONS: usize = 8;

/// The data type of a tensor in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// 64-bit floats.
    F64,
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 16-bit floats with the exponent range of 32-bit floats (bfloat16).
    Bf16,
    /// 8-bit integers, which require the scales of their blocks.
    I8,
    /// A type that is not supported for weights: its name and its size in bits, if known.
    Other(String, Option<u64>),
}

impl Dtype {
    fn named(name: &str) -> Self {
        match name {
            "F64" => Self::F64,
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::Bf16,
            "I8" => Self::I8,
            "I64" | "U64" | "C64" => Self::Other(name.into(), Some(64)),
            "I32" | "U32" => Self::Other(name.into(), Some(32)),
            "I16" | "U16" => Self::Other(name.into(), Some(16)),
            "BOOL" | "U8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" => Self::Other(name.into(), Some(8)),
            "F4" => Self::Other(name.into(), Some(4)),
            _ => Self::Other(name.chars().take(20).collect(), None),
        }
    }

    /// Size of one element in bits, if known.
    pub fn bits(&self) -> Option<u64> {
        match self {
            Self::F64 => Some(64),
            Self::F32 => Some(32),
            Self::F16 | Self::Bf16 => Some(16),
            Self::I8 => Some(8),
            Self::Other(_, bits) => *bits,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::I8 => "I8",
            Self::Other(name, _) => name,
        })
    }
}

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name in the file.
    pub name: String,
    /// Its data type.
    pub dtype: Dtype,
    /// Its row-major shape.
    pub shape: Vec<usize>,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A valid safetensors header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The tensors in file order, without gaps.
    pub tensors: Vec<TensorInfo>,
    /// Total size of the tensors in bytes.
    pub data: u64,
}

/// An invalid safetensors header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The file is too short for the 8-byte length.
    #[error("it is {found} bytes long; a safetensors file has at least 8")]
    TooShort {
        /// Size of the file in bytes.
        found: u64,
    },
    /// The header is too long, or the file is not a safetensors file.
    #[error("its header length is {found} bytes; expected at most {most}, so it is not a safetensors file")]
    TooLong {
        /// The header length in the file.
        found: u64,
        /// Maximum length in bytes.
        most: u64,
    },
    /// The header extends past the end of the file.
    #[error(
        "its header ends at byte {end}, but the file has {length} bytes: it is truncated or not a safetensors file"
    )]
    PastEnd {
        /// The end of the header.
        end: u64,
        /// Size of the file in bytes.
        length: u64,
    },
    /// The header is not valid JSON, has duplicate names, or has unknown fields.
    #[error("its header is invalid: {reason}")]
    Malformed {
        /// The parser's message.
        reason: String,
    },
    /// The end offset of a tensor is before its start offset.
    #[error("its tensor {tensor:?} has the offsets {begin} and {end}; expected a start before the end")]
    Offsets {
        /// The tensor.
        tensor: String,
        /// Its start offset.
        begin: u64,
        /// Its end offset.
        end: u64,
    },
    /// A tensor does not start at the end of the previous one.
    #[error("its tensor {tensor:?} starts at {found}; expected {expected}, the end of the previous tensor")]
    Gap {
        /// The tensor.
        tensor: String,
        /// The expected start offset.
        expected: u64,
        /// The start offset in the file.
        found: u64,
    },
    /// The size of a tensor does not match its shape and data type.
    #[error("its tensor {tensor:?} has {found} bytes; expected {expected} for {dtype} {shape:?}")]
    Size {
        /// The tensor.
        tensor: String,
        /// Its data type.
        dtype: Dtype,
        /// Its shape.
        shape: Vec<usize>,
        /// Size in bytes for this shape and data type.
        expected: u64,
        /// Size in bytes according to its offsets.
        found: u64,
    },
    /// The size of a tensor overflows.
    #[error("its tensor {tensor:?} has the shape {shape:?}, more than any file can hold")]
    Overflow {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The size of the file does not match its tensors.
    #[error(
        "its tensors end at byte {expected}, but the file has {found} bytes: {}",
        if found < expected {
            format!("it is truncated, {} bytes are missing", grouped(expected - found))
        } else {
            format!("{} extra bytes follow", grouped(found - expected))
        }
    )]
    Length {
        /// Size of the header and all tensors in bytes.
        expected: u64,
        /// Size of the file in bytes.
        found: u64,
    },
}

impl Header {
    /// Reads the length of the JSON from the first eight bytes of a file.
    ///
    /// # Errors
    ///
    /// Returns an error if it is greater than [`LONGEST`], or than the size of the file if `length`
    /// is known.
    pub fn json_length(prefix: [u8; PREFIX], length: Option<u64>) -> Result<usize, HeaderError> {
        let found = u64::from_le_bytes(prefix);
        if found > LONGEST {
            return Err(HeaderError::TooLong { found, most: LONGEST });
        }
        let end = found + PREFIX as u64;
        match length {
            Some(length) if end > length => Err(HeaderError::PastEnd { end, length }),
            // Cannot truncate: at most `LONGEST`.
            _ => Ok(found as usize),
        }
    }

    /// Parses the JSON. `length` is the size of the file in bytes, if known.
    ///
    /// # Errors
    ///
    /// See [`HeaderError`].
    pub fn parse(json: &[u8], length: Option<u64>) -> Result<Self, HeaderError> {
        let parsed = serde_json::from_slice::<Entries>(json);
        let Entries(mut entries) =
            parsed.map_err(|error| HeaderError::Malformed { reason: error.to_string() })?;
        entries.sort_by_key(|(_, entry)| entry.data_offsets);
        let mut position = 0;
        let mut tensors = Vec::with_capacity(entries.len());
        for (name, entry) in entries {
            let (begin, end) = entry.data_offsets;
            if begin > end {
                return Err(HeaderError::Offsets { tensor: name, begin, end });
            }
            if begin != position {
                return Err(HeaderError::Gap { tensor: name, expected: position, found: begin });
            }
            let tensor = TensorInfo {
                name,
                dtype: Dtype::named(&entry.dtype),
                shape: entry.shape,
                bytes: end - begin,
            };
            tensor.check_size()?;
            position = end;
            tensors.push(tensor);
        }
        let needed = position.saturating_add(PREFIX as u64 + json.len() as u64);
        match length {
            Some(found) if found != needed => Err(HeaderError::Length { expected: needed, found }),
            _ => Ok(Self { tensors, data: position }),
        }
    }
}

impl TensorInfo {
    fn check_size(&self) -> Result<(), HeaderError> {
        let overflow = || HeaderError::Overflow { tensor: self.name.clone(), shape: self.shape.clone() };
        let Some(bits) = self.dtype.bits() else { return Ok(()) };
        let bits = self.shape.iter().try_fold(bits, |product, &side| product.checked_mul(side as u64));
        let expected = bits.ok_or_else(overflow)?.div_ceil(8);
        if expected == self.bytes {
            return Ok(());
        }
        let (tensor, dtype, shape) = (self.name.clone(), self.dtype.clone(), self.shape.clone());
        Err(HeaderError::Size { tensor, dtype, shape, expected, found: self.bytes })
    }
}

/// The JSON entry of a tensor.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    dtype: String,
    #[serde(deserialize_with = "shape")]
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

fn shape<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    let shape = Vec::<usize>::deserialize(deserializer)?;
    match shape.len() {
        0..=DIMENSIONS => Ok(shape),
        found => {
            Err(D::Error::custom(format!("a tensor of {found} dimensions, expected at most {DIMENSIONS}")))
        }
    }
}

/// All entries in order. A map type would silently ignore duplicate names.
struct Entries(Vec<(String, Entry)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let (mut entries, mut seen) = (Vec::new(), HashSet::new());
                while let Some(name) = map.next_key::<String>()? {
                    if !seen.insert(name.clone()) {
                        return Err(A::Error::custom(format!("the name {name:?} occurs twice")));
                    }
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        entries.push((name, map.next_value()?));
                    }
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Names)
    }
}
