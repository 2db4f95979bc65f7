//! Checks the page headers of a column before anything is decoded.
//!
//! The Parquet library allocates what a page header claims: its uncompressed size, the values of a
//! dictionary, and everything that gzip, Brotli and LZ4 frames unpack to. A page header is a
//! `PageHeader` of `parquet.thrift` in Thrift's compact protocol.

use std::{io::Read, ops::Range};

use parquet::{basic::Compression, file::reader::ChunkReader};

use crate::{encodings::number, unpacked::is_bounded};

/// Number of bytes that are read for a page header; one with long statistics needs more.
const HEADER: u64 = 16 << 10;
/// Maximum length of a page header, in bytes.
const LONGEST_HEADER: u64 = 4 << 20;
/// Maximum depth of nested structs; the format has three.
const DEEPEST: usize = 4;

/// Parquet's numbers of the supported encodings.
const PLAIN: i64 = 0;
const PLAIN_DICTIONARY: i64 = 2;
const RLE: i64 = 3;
const DELTA_BINARY_PACKED: i64 = 5;
const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
const DELTA_BYTE_ARRAY: i64 = 7;
const RLE_DICTIONARY: i64 = 8;
const BYTE_STREAM_SPLIT: i64 = 9;

/// The pages of a column.
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) compression: Compression,
    /// Expected number of values, including nulls.
    pub(super) values: u64,
    /// The values that will be read.
    pub(super) wanted: Range<u64>,
}

/// The pages before those that will be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Before {
    pub(super) has_dictionary: bool,
    /// Number of data pages.
    pub(super) pages: u64,
    /// Number of their values.
    pub(super) values: u64,
}

/// Why the pages of a column are invalid.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageFault {
    #[error("{0}")]
    Read(#[from] parquet::errors::ParquetError),
    #[error("the page at byte {at} has no readable header")]
    Header { at: u64 },
    #[error("the page at byte {at} claims {claimed} bytes; its column ends after {left}")]
    Beyond { at: u64, claimed: i64, left: u64 },
    #[error("the page at byte {at} claims {claimed} bytes uncompressed; {left} are left of the limit")]
    TooLarge { at: u64, claimed: i64, left: u64 },
    #[error("the page at byte {at} claims {claimed} values, which its size cannot hold")]
    Values { at: u64, claimed: i64 },
    #[error("the page at byte {at} refers to a dictionary that does not come before it")]
    NoDictionary { at: u64 },
    #[error("its pages hold {found} values; expected {expected}")]
    Count { found: u64, expected: u64 },
    #[error("the page at byte {at} does not unpack to the {claimed} bytes that it claims")]
    Unpacked { at: u64, claimed: i64 },
    /// An unsupported encoding, by its number.
    #[error("the encoding {encoding}")]
    Encoding { encoding: i64 },
}

/// Checks the page headers of a column. The uncompressed sizes of the pages that will be read are
/// subtracted from `budget`, which must suffice.
pub(super) fn check<R: ChunkReader>(
    source: &R,
    chunk: &Chunk,
    budget: &mut u64,
) -> Result<Before, PageFault> {
    let (mut at, mut values, mut before) = (chunk.start, 0_u64, Before::default());
    while at < chunk.end && values < chunk.values {
        let (header, length) = header_at(source, at, chunk.end)?;
        let body = at + length;
        let (claimed, left) = (header.compressed, chunk.end - body);
        let compressed = u64::try_from(claimed).ok().filter(|&bytes| bytes <= left);
        let compressed = compressed.ok_or(PageFault::Beyond { at, claimed, left })?;
        let (claimed, left) = (header.uncompressed, *budget);
        let uncompressed = u64::try_from(claimed).map_err(|_| PageFault::TooLarge { at, claimed, left })?;
        let count = header.data_values(at, uncompressed.min(chunk.values), &mut before.has_dictionary)?;
        let is_data = header.kind != PageHeader::DICTIONARY;
        let first = values;
        values += count;
        if is_data && chunk.wanted.start > 0 && values <= chunk.wanted.start {
            // The library counts index pages when it reads pages, but not when it skips them.
            (header.kind != PageHeader::INDEX).then_some(()).ok_or(PageFault::Header { at })?;
            (before.pages, before.values) = (before.pages + 1, values);
        } else if !is_data || first < chunk.wanted.end {
            if uncompressed > left {
                return Err(PageFault::TooLarge { at, claimed, left });
            }
            *budget -= uncompressed;
            let levels = u64::try_from(header.levels).ok().filter(|&levels| levels <= compressed);
            let levels = levels.filter(|&levels| levels <= uncompressed).ok_or(PageFault::Header { at })?;
            if header.packed {
                let (start, length) = (body + levels, compressed - levels);
                is_bounded(source, chunk.compression, start, length, uncompressed - levels)?
                    .then_some(())
                    .ok_or(PageFault::Unpacked { at, claimed })?;
            }
        }
        at = body + compressed;
    }
    let (found, expected) = (values, chunk.values);
    (found == expected).then_some(before).ok_or(PageFault::Count { found, expected })
}

/// Reads the page header at `at`, and its length.
pub(super) fn header_at<R: ChunkReader>(
    source: &R,
    at: u64,
    end: u64,
) -> Result<(PageHeader, u64), PageFault> {
    for length in [HEADER, LONGEST_HEADER] {
        let length = length.min(end - at);
        let mut bytes = Vec::new();
        source
            .get_read(at)?
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(parquet::errors::ParquetError::from)?;
        let mut reader = Compact { bytes: &bytes, at: 0 };
        let mut header = PageHeader { packed: true, encoding: -1, ..PageHeader::default() };
        if reader.record(0, 0, &mut header).is_some() && header.is_whole() {
            return Ok((header, reader.at as u64));
        }
    }
    Err(PageFault::Header { at })
}

/// The fields of a page header that are used.
#[derive(Debug, Default, PartialEq, Eq)]
#[cfg_attr(target_family = "wasm", allow(dead_code, reason = "only pages in LZ4 need all of it"))]
pub(super) struct PageHeader {
    pub(super) kind: i64,
    pub(super) uncompressed: i64,
    pub(super) compressed: i64,
    pub(super) values: i64,
    pub(super) encoding: i64,
    /// The encoding of definition levels, in data pages of version 1.
    pub(super) level_encoding: i64,
    /// Number of nulls, in data pages of version 2.
    pub(super) nulls: i64,
    /// The field number of its struct. A second struct is an error, because the decoder might use
    /// the other one.
    body: i64,
    /// Bytes of levels before the packed values, in data pages of version 2.
    pub(super) levels: i64,
    /// Bytes of definition levels among them.
    pub(super) definition_levels: i64,
    pub(super) packed: bool,
}

impl PageHeader {
    pub(super) const DATA: i64 = 0;
    pub(super) const INDEX: i64 = 1;
    pub(super) const DICTIONARY: i64 = 2;
    pub(super) const DATA_2: i64 = 3;

    /// Whether it has the struct of its kind.
    fn is_whole(&self) -> bool {
        matches!(
            (self.kind, self.body),
            (Self::DATA, 5) | (Self::INDEX, 6) | (Self::DICTIONARY, 7) | (Self::DATA_2, 8)
        )
    }

    /// The number of values that the page at `at` claims, if its kind and encoding are supported.
    /// `entries` is the maximum size of a dictionary: every entry takes at least one byte, and more
    /// entries than values are not needed.
    fn data_values(&self, at: u64, entries: u64, has_dictionary: &mut bool) -> Result<u64, PageFault> {
        let (encoding, claimed) = (self.encoding, self.values);
        let count = u64::try_from(claimed).map_err(|_| PageFault::Values { at, claimed })?;
        match self.kind {
            Self::INDEX => Ok(0),
            Self::DICTIONARY => match encoding {
                _ if count > entries => Err(PageFault::Values { at, claimed }),
                PLAIN | PLAIN_DICTIONARY => {
                    *has_dictionary = true;
                    Ok(0)
                }
                _ => Err(PageFault::Encoding { encoding }),
            },
            _ => match encoding {
                PLAIN
                | RLE
                | DELTA_BINARY_PACKED
                | DELTA_LENGTH_BYTE_ARRAY
                | DELTA_BYTE_ARRAY
                | BYTE_STREAM_SPLIT => Ok(count),
                PLAIN_DICTIONARY | RLE_DICTIONARY if *has_dictionary => Ok(count),
                PLAIN_DICTIONARY | RLE_DICTIONARY => Err(PageFault::NoDictionary { at }),
                _ => Err(PageFault::Encoding { encoding }),
            },
        }
    }

    /// Stores an integer field. `parent` is the field number of its struct, 0 for the header
    /// itself.
    fn integer(&mut self, parent: i64, field: i64, value: i64) {
        match (parent, field) {
            (0, 1) => self.kind = value,
            (0, 2) => self.uncompressed = value,
            (0, 3) => self.compressed = value,
            // Data page, dictionary page, data page of version 2.
            (5 | 7 | 8, 1) => self.values = value,
            (5 | 7, 2) | (8, 4) => self.encoding = value,
            (5, 3) => self.level_encoding = value,
            (8, 2) => self.nulls = value,
            // A negative length is invalid: it becomes one that is too long for any page.
            (8, 5 | 6) => {
                if field == 5 {
                    self.definition_levels = value;
                }
                self.levels = self.levels.saturating_add(if value < 0 { i64::MAX } else { value });
            }
            _ => {}
        }
    }
}

/// A reader of Thrift's compact protocol. Its methods return `None` if the bytes are invalid.
struct Compact<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Compact<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(count).ok()?).filter(|&at| at <= self.bytes.len())?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut rest = self.bytes.get(self.at..)?;
        let value = number(&mut rest)?;
        self.at = self.bytes.len() - rest.len();
        Some(value)
    }

    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// Reads a struct and stores its integers in `header`.
    fn record(&mut self, parent: i64, depth: usize, header: &mut PageHeader) -> Option<()> {
        let mut field = 0_i64;
        loop {
            let start = self.byte()?;
            if start == 0 {
                return Some(());
            }
            field = match start >> 4 {
                0 => self.integer()?,
                step => field.checked_add(i64::from(step))?,
            };
            match start & 0x0f {
                kind @ (1 | 2) => {
                    if (parent, field) == (8, 7) {
                        header.packed = kind == 1;
                    }
                }
                3 => self.skip(1)?,
                4..=6 => {
                    let value = self.integer()?;
                    header.integer(parent, field, value);
                }
                7 => self.skip(8)?,
                8 => {
                    let length = self.varint()?;
                    self.skip(length)?;
                }
                12 if depth < DEEPEST => {
                    if depth == 0 && std::mem::replace(&mut header.body, field) != 0 {
                        return None;
                    }
                    // Only structs directly in the header have the fields that are used.
                    self.record(if depth == 0 { field } else { -1 }, depth + 1, header)?;
                }
                // A page header has no list, set or map.
                _ => return None,
            }
        }
    }
}
