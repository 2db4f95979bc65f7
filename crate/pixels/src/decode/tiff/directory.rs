//! The first directory of a TIFF file, read as Pillow's `TiffImagePlugin` does.

use std::collections::BTreeMap;

use super::error::TiffError;

/// Numbers in the file's byte order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) big_endian: bool,
}

impl Order {
    /// An unsigned number of at most eight bytes.
    fn number(self, bytes: &[u8]) -> u64 {
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    }
}

/// Values of the tags that are integers.
pub(super) struct Directory {
    pub(super) order: Order,
    tags: BTreeMap<u16, Vec<u64>>,
    /// The bytes of the shared JPEG tables.
    pub(super) jpeg_tables: Vec<u8>,
}

const JPEG_TABLES: u16 = 347;
/// Most values of a tag; a 100-megapixel image has fewer rows, and thus fewer offsets.
const MOST_VALUES: u64 = 1 << 24;

/// A cursor over the file that returns `None` beyond its end.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: u64,
    order: Order,
}

impl Cursor<'_> {
    fn take(&mut self, count: u64) -> Option<&[u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(usize::try_from(self.at).ok()?..usize::try_from(end).ok()?)?;
        self.at = end;
        Some(taken)
    }

    fn number(&mut self, size: u64) -> Option<u64> {
        let order = self.order;
        self.take(size).map(|bytes| order.number(bytes))
    }
}

impl Directory {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, TiffError> {
        let order = Order { big_endian: bytes.starts_with(b"MM") };
        let big = bytes.get(2) == Some(&43) || bytes.get(3) == Some(&43);
        let mut cursor = Cursor { bytes, at: if big { 8 } else { 4 }, order };
        cursor.at = cursor.number(if big { 8 } else { 4 }).ok_or(TiffError::Header)?;
        let mut directory = Self { order, tags: BTreeMap::new(), jpeg_tables: Vec::new() };
        // A truncated entry ends the directory, and Pillow continues with the entries before it.
        let count = cursor.number(if big { 8 } else { 2 }).unwrap_or(0);
        let mut left = bytes.len() as u64;
        for _ in 0..count {
            if directory.entry(&mut cursor, big, &mut left).is_none() {
                break;
            }
        }
        Ok(directory)
    }

    /// Reads one entry; `None` if the file ends.
    fn entry(&mut self, cursor: &mut Cursor<'_>, big: bool, left: &mut u64) -> Option<()> {
        let word = if big { 8 } else { 4 };
        let (tag, kind) = (cursor.number(2)? as u16, cursor.number(2)?);
        let count = cursor.number(word)?;
        let place = cursor.at;
        cursor.take(word)?;
        let size = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 => 8,
            _ => return Some(()),
        };
        if self.tags.contains_key(&tag) {
            return Some(());
        }
        let mut values = Cursor { bytes: cursor.bytes, at: place, order: cursor.order };
        let Some(length) = count.checked_mul(size) else { return Some(()) };
        if length > word {
            values.at = values.number(word)?;
            // The values cannot be longer than the file.
            let Some(rest) = left.checked_sub(length) else { return Some(()) };
            *left = rest;
            Cursor { bytes: cursor.bytes, at: values.at, order: cursor.order }.take(length)?;
        }
        if count == 0 || count > MOST_VALUES {
            return Some(());
        }
        match kind {
            3 | 4 | 13 | 16 => {
                let values = (0..count).map(|_| values.number(size)).collect::<Option<_>>()?;
                self.tags.insert(tag, values);
            }
            _ => {
                if tag == JPEG_TABLES {
                    self.jpeg_tables = values.take(length)?.to_vec();
                }
                // The tag is present but not an integer.
                self.tags.insert(tag, Vec::new());
            }
        }
        Some(())
    }

    pub(super) fn has(&self, tag: u16) -> bool {
        self.tags.contains_key(&tag)
    }

    /// The values of a tag, or a default if it is missing.
    pub(super) fn list(&self, tag: u16, missing: &[u64]) -> Vec<u64> {
        self.tags.get(&tag).map_or_else(|| missing.to_vec(), Clone::clone)
    }

    /// The first value of a tag, or a default if it is missing.
    ///
    /// # Errors
    ///
    /// When the tag is present but not an integer.
    pub(super) fn number(&self, tag: u16, missing: u64) -> Result<u64, TiffError> {
        match self.tags.get(&tag) {
            None => Ok(missing),
            Some(values) => values.first().copied().ok_or(TiffError::Tag { tag }),
        }
    }

    /// The first value of a required tag.
    pub(super) fn required(&self, tag: u16) -> Result<u64, TiffError> {
        self.tags.get(&tag).and_then(|values| values.first().copied()).ok_or(TiffError::Tag { tag })
    }
}
