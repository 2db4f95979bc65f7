//! The header of a safetensors file: 8 bytes of length, then JSON that says where each tensor lies.
//!
//! Everything in it is checked before anything is believed: a header that passes describes tensors that lie one after the other,
//! without gap or overlap, from the first byte after the header to the last of the file
//! (the rules of the format: <https://huggingface.co/docs/safetensors>).

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};

use super::foreign::grouped;

/// Bytes before the JSON: its length as a little-endian u64.
pub const PREFIX: usize = 8;

/// Longest header that is read. ViT-H/14's has 0.1 MB; the format allows 100 MB, which no CLIP model needs.
pub const LONGEST: u64 = 16 << 20;

/// Most dimensions of a tensor.
pub(super) const DIMENSIONS: usize = 8;

/// What the numbers of a tensor are stored as, in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// 64-bit floats.
    F64,
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 16-bit floats with the exponent of 32-bit ones.
    Bf16,
    /// 8-bit integers, which need the scales of their blocks.
    I8,
    /// Anything that weights are never made of: its name and its bits, if known.
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

    /// Bits of one number, where known.
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
    /// What its numbers are stored as.
    pub dtype: Dtype,
    /// Its row-major shape.
    pub shape: Vec<usize>,
    /// Its bytes.
    pub bytes: u64,
}

/// A safetensors header that passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The tensors in file order: the first begins right after the header, each next one where the last ended.
    pub tensors: Vec<TensorInfo>,
    /// Bytes of all tensors.
    pub data: u64,
}

/// Why a safetensors header cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not even the eight bytes of the length are there.
    #[error("it is {found} bytes long; a safetensors file has at least 8")]
    TooShort {
        /// The file's bytes.
        found: u64,
    },
    /// The header is longer than any CLIP model's, or it is another kind of file.
    #[error("its header would be {found} bytes long; expected at most {most}, so it is no safetensors file")]
    TooLong {
        /// The length that the file claims.
        found: u64,
        /// The bound.
        most: u64,
    },
    /// The header reaches past the end of the file.
    #[error(
        "its header would end at byte {end}, the file at {length}: the file is cut off or no safetensors file"
    )]
    PastEnd {
        /// Where the header would end.
        end: u64,
        /// The file's bytes.
        length: u64,
    },
    /// The header is not JSON of the format, has a name twice, or has unknown fields.
    #[error("its header is not what safetensors writes: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// Two offsets that no tensor can have.
    #[error("its tensor {tensor:?} has the offsets {begin} and {end}; expected a beginning before an end")]
    Offsets {
        /// The tensor.
        tensor: String,
        /// Where it would begin.
        begin: u64,
        /// Where it would end.
        end: u64,
    },
    /// A tensor that does not begin where the last one ended.
    #[error("its tensor {tensor:?} begins at {found}; expected {expected}, where the one before it ends")]
    Gap {
        /// The tensor.
        tensor: String,
        /// Where it should begin.
        expected: u64,
        /// Where it begins.
        found: u64,
    },
    /// Shape and dtype need another number of bytes than the offsets give.
    #[error("its tensor {tensor:?} has {found} bytes; expected {expected} for {dtype} {shape:?}")]
    Size {
        /// The tensor.
        tensor: String,
        /// Its dtype.
        dtype: Dtype,
        /// Its shape.
        shape: Vec<usize>,
        /// Bytes of that dtype and shape.
        expected: u64,
        /// Bytes between its offsets.
        found: u64,
    },
    /// Shape times dtype is more than any file has.
    #[error("its tensor {tensor:?} has the shape {shape:?}, more than any file can hold")]
    Overflow {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The file is longer or shorter than its tensors.
    #[error(
        "its tensors end at byte {expected}, the file at {found}: {}",
        if found < expected {
            format!("it is cut off, {} of its bytes are missing", grouped(expected - found))
        } else {
            format!("{} bytes follow its end", grouped(found - expected))
        }
    )]
    Length {
        /// Bytes that header and tensors need.
        expected: u64,
        /// The file's bytes.
        found: u64,
    },
}

impl Header {
    /// Length of the JSON, from the file's first eight bytes.
    ///
    /// # Errors
    ///
    /// When it is longer than [`LONGEST`], or than the file where its `length` is known.
    pub fn json_length(prefix: [u8; PREFIX], length: Option<u64>) -> Result<usize, HeaderError> {
        let found = u64::from_le_bytes(prefix);
        if found > LONGEST {
            return Err(HeaderError::TooLong { found, most: LONGEST });
        }
        let end = found + PREFIX as u64;
        match length {
            Some(length) if end > length => Err(HeaderError::PastEnd { end, length }),
            // Fits: it is at most `LONGEST`.
            _ => Ok(found as usize),
        }
    }

    /// Reads the JSON. `length` is the whole file's, where it is known.
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

/// One tensor as the JSON has it.
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

/// All tensors, in the JSON's order; a map type would let the second of two equal names win in silence.
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
