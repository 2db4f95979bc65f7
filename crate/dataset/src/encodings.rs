//! Counts and checks values in Parquet's encodings without decoding them.

/// Maximum length of a varint, in bytes.
const LONGEST_NUMBER: usize = 10;
/// Maximum number of values in a block of deltas; writers use 128.
pub(super) const LONGEST_BLOCK: u64 = 1 << 20;
/// Maximum number of bits of a delta.
pub(super) const WIDEST_DELTA: u8 = 64;

/// The number of complete length-prefixed texts.
pub(super) fn texts(mut bytes: &[u8]) -> u64 {
    let mut count = 0;
    while let Some((_, rest)) = prefixed(bytes) {
        (bytes, count) = (rest, count + 1);
    }
    count
}

/// Splits off a length-prefixed text.
pub(super) fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Reads a varint (unsigned LEB128).
pub(super) fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for at in 0..LONGEST_NUMBER {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Checks runs of the RLE/bit-packing hybrid encoding with values of `width` bits. The last run may
/// be truncated, and padding of zeros may follow.
pub(super) fn runs(mut bytes: &[u8], width: u8) -> Option<()> {
    while !bytes.is_empty() {
        let run = number(&mut bytes)?;
        if run == 0 {
            // The decoder takes an empty run for padding and looks for another run after it.
            return bytes.iter().all(|&byte| byte == 0).then_some(());
        }
        let length =
            if run & 1 == 1 { (run >> 1).saturating_mul(width.into()) } else { width.div_ceil(8).into() };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Some(())
}

/// The number of values in DELTA_BINARY_PACKED encoding.
pub(super) fn deltas(mut bytes: &[u8]) -> Option<u64> {
    let bytes = &mut bytes;
    let (block, parts, total) = (number(bytes)?, number(bytes)?, number(bytes)?);
    let _first = number(bytes)?;
    (block <= LONGEST_BLOCK && parts > 0).then_some(())?;
    let part = block / parts;
    let mut left = total.saturating_sub(1);
    while left > 0 {
        let _least = number(bytes)?;
        let (widths, mut rest) = bytes.split_at_checked(parts as usize)?;
        for &width in widths {
            if left == 0 {
                break;
            }
            (width <= WIDEST_DELTA && part > 0).then_some(())?;
            rest = rest.get((u64::from(width) * part / 8) as usize..)?;
            left = left.saturating_sub(part);
        }
        *bytes = rest;
    }
    Some(total)
}
