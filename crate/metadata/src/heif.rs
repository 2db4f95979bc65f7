//! Finds the Exif of HEIC and AVIF files: an item listed in the `meta` box.

/// Maximum number of items read, and of their extents.
const MAX_ITEMS: usize = 10_000;

/// The Exif of a file, from its TIFF header on.
pub(super) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let meta = find(bytes, b"meta")?.get(4..)?;
    let id = item_of_type(find(meta, b"iinf")?, b"Exif")?;
    let (start, length) = place(find(meta, b"iloc")?, id)?;
    let item = bytes.get(start..start.checked_add(length)?)?;
    // The data starts with the offset of the TIFF header.
    let (skipped, rest) = item.split_first_chunk::<4>()?;
    rest.get(usize::try_from(u32::from_be_bytes(*skipped)).ok()?..)
}

/// The content of the first box with this type.
fn find<'a>(mut bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (found, rest) = rest.split_first_chunk::<4>()?;
        let (content, after) = match u32::from_be_bytes(*length) {
            0 => (rest, &[][..]),
            1 => {
                let (length, rest) = rest.split_first_chunk::<8>()?;
                rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length).checked_sub(16)?).ok()?)?
            }
            length => rest.split_at_checked(usize::try_from(length.checked_sub(8)?).ok()?)?,
        };
        if found == kind {
            return Some(content);
        }
        bytes = after;
    }
}

/// Reads big-endian numbers of any width.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self, width: usize) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        Some(number.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
    }
}

/// The id of the first item with this type.
fn item_of_type(items: &[u8], kind: &[u8; 4]) -> Option<u64> {
    let version = *items.first()?;
    let mut entries = items.get(if version == 0 { 6 } else { 8 }..)?;
    for _ in 0..MAX_ITEMS {
        let (length, rest) = entries.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length).checked_sub(8)?).ok()?;
        let (content, after) = rest.get(4..)?.split_at_checked(length)?;
        let version = *content.first()?;
        let mut numbers = Numbers(content.get(4..)?);
        let id = numbers.next(if version < 3 { 2 } else { 4 })?;
        numbers.next(2)?;
        if version >= 2 && numbers.0.starts_with(kind) {
            return Some(id);
        }
        entries = after;
    }
    None
}

/// The offset and length of an item in the file. Items with several extents are not supported.
fn place(locations: &[u8], wanted: u64) -> Option<(usize, usize)> {
    let version = *locations.first()?;
    let mut numbers = Numbers(locations.get(4..)?);
    let sizes = numbers.next(2)?;
    let width = |at: u32| {
        usize::try_from(sizes >> (12 - 4 * at) & 15).ok().filter(|width| matches!(width, 0 | 4 | 8))
    };
    let (offset, length, base) = (width(0)?, width(1)?, width(2)?);
    let index = if version == 0 { 0 } else { width(3)? };
    let count = numbers.next(if version < 2 { 2 } else { 4 })?;
    let mut parts = 0;
    for _ in 0..count.min(MAX_ITEMS as u64) {
        let id = numbers.next(if version < 2 { 2 } else { 4 })?;
        let in_file = version == 0 || numbers.next(2)? & 15 == 0;
        numbers.next(2)?;
        let base = numbers.next(base)?;
        let extents = numbers.next(2)?;
        parts += extents;
        (parts <= MAX_ITEMS as u64).then_some(())?;
        for _ in 0..extents {
            numbers.next(index)?;
            let start = base.checked_add(numbers.next(offset)?)?;
            let length = numbers.next(length)?;
            if id == wanted {
                (in_file && extents == 1).then_some(())?;
                return Some((usize::try_from(start).ok()?, usize::try_from(length).ok()?));
            }
        }
    }
    None
}
