//! Converts DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY and BYTE_STREAM_SPLIT values to the plain
//! encoding.
//!
//! The decoders of the Parquet library do not check the lengths in these encodings, which are
//! described in Parquet's `Encodings.md`.

use parquet::basic::{Encoding, Type};

use crate::encodings::{LONGEST_BLOCK, WIDEST_DELTA, number};

/// The type and limits of the values of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values {
    pub(super) kind: Type,
    /// Length of a value of fixed size, in bytes.
    pub(super) width: usize,
    /// Maximum number of values.
    pub(super) most: usize,
    /// Maximum length of the plain values, in bytes. Shared prefixes can expand a lot.
    pub(super) limit: u64,
}

/// The plain values and their number. `None` if the bytes are invalid or exceed a limit.
pub(super) fn plain(bytes: &[u8], encoding: Encoding, values: Values) -> Option<(Vec<u8>, u64)> {
    match encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => lengths_first(bytes, values),
        Encoding::DELTA_BYTE_ARRAY => prefixes_first(bytes, values),
        Encoding::BYTE_STREAM_SPLIT => streams(bytes, values.width),
        _ => None,
    }
}

/// Plain values that are being written.
struct Plain {
    bytes: Vec<u8>,
    values: Values,
}

impl Plain {
    /// Adds a value from its two parts.
    fn push(&mut self, prefix: &[u8], suffix: &[u8]) -> Option<()> {
        let length = prefix.len() + suffix.len();
        let all = self.bytes.len() as u64 + length as u64 + 4;
        (all <= self.values.limit).then_some(())?;
        match self.values.kind {
            Type::BYTE_ARRAY => self.bytes.extend(u32::try_from(length).ok()?.to_le_bytes()),
            Type::FIXED_LEN_BYTE_ARRAY if length == self.values.width => {}
            _ => return None,
        }
        self.bytes.extend_from_slice(prefix);
        self.bytes.extend_from_slice(suffix);
        Some(())
    }
}

/// DELTA_LENGTH_BYTE_ARRAY: all lengths, then all texts.
fn lengths_first(mut bytes: &[u8], values: Values) -> Option<(Vec<u8>, u64)> {
    let lengths = deltas(&mut bytes, values.most)?;
    let mut plain = Plain { bytes: Vec::new(), values };
    for &length in &lengths {
        let (text, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        bytes = rest;
        plain.push(text, &[])?;
    }
    Some((plain.bytes, lengths.len() as u64))
}

/// DELTA_BYTE_ARRAY: the lengths of the prefixes shared with the text before, then the suffixes.
fn prefixes_first(mut bytes: &[u8], values: Values) -> Option<(Vec<u8>, u64)> {
    let prefixes = deltas(&mut bytes, values.most)?;
    let lengths = deltas(&mut bytes, values.most)?;
    (prefixes.len() == lengths.len()).then_some(())?;
    let mut plain = Plain { bytes: Vec::new(), values };
    let mut last = Vec::new();
    for (&prefix, &length) in prefixes.iter().zip(&lengths) {
        let (suffix, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        bytes = rest;
        let prefix = usize::try_from(prefix).ok().filter(|&prefix| prefix <= last.len())?;
        last.truncate(prefix);
        plain.push(&last, suffix)?;
        last.extend_from_slice(suffix);
    }
    Some((plain.bytes, lengths.len() as u64))
}

/// BYTE_STREAM_SPLIT: the first bytes of all numbers, then the second bytes, and so on.
fn streams(bytes: &[u8], width: usize) -> Option<(Vec<u8>, u64)> {
    let count = bytes.len().checked_div(width)?;
    (count * width == bytes.len()).then_some(())?;
    let mut plain = vec![0; bytes.len()];
    for (at, stream) in bytes.chunks(count.max(1)).enumerate() {
        for (number, &byte) in stream.iter().enumerate() {
            plain[number * width + at] = byte;
        }
    }
    Some((plain, count as u64))
}

/// Decodes at most `most` 32-bit numbers in DELTA_BINARY_PACKED encoding, and advances `bytes`.
fn deltas(bytes: &mut &[u8], most: usize) -> Option<Vec<i32>> {
    let (block, parts, total) = (number(bytes)?, number(bytes)?, number(bytes)?);
    let mut value = zigzag(number(bytes)?);
    (block <= LONGEST_BLOCK && parts > 0 && total <= most as u64).then_some(())?;
    let part = block / parts;
    (part > 0 && part.is_multiple_of(8)).then_some(())?;
    let total = total as usize;
    let mut found = Vec::with_capacity(total);
    if total > 0 {
        found.push(value as i32);
    }
    while found.len() < total {
        let least = zigzag(number(bytes)?);
        let (widths, rest) = bytes.split_at_checked(usize::try_from(parts).ok()?)?;
        *bytes = rest;
        for &width in widths {
            if found.len() == total {
                break;
            }
            (width <= WIDEST_DELTA).then_some(())?;
            let length = usize::from(width) * (part / 8) as usize;
            let (packed, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            for at in 0..(part as usize).min(total - found.len()) {
                value = value.wrapping_add(least).wrapping_add(packed_at(packed, at, width));
                found.push(value as i32);
            }
        }
    }
    Some(found)
}

/// Value number `at` of bit-packed values of `width` bits, lowest bits first.
fn packed_at(packed: &[u8], at: usize, width: u8) -> i64 {
    let start = at * usize::from(width);
    let bit = |bit: usize| packed.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
    let bits = (0..usize::from(width)).map(|offset| u64::from(bit(start + offset)) << offset);
    bits.fold(0, |value, bit| value | bit) as i64
}

fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: Values = Values { kind: Type::BYTE_ARRAY, width: 0, most: 10, limit: 1000 };

    /// Numbers below 32 as one block of deltas with a width of 8 bits and a minimum of 0.
    fn packed(numbers: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, 1, 4, numbers.len() as u8, numbers[0] << 1, 0, 8, 0, 0, 0];
        let deltas = numbers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
        bytes.extend(deltas.chain(std::iter::repeat(0)).take(32));
        bytes
    }

    #[test]
    fn texts_after_their_lengths() {
        let bytes = [packed(&[1, 3]), b"afox".to_vec()].concat();
        let expected = b"\x01\0\0\0a\x03\0\0\0fox".to_vec();
        assert_eq!(plain(&bytes, Encoding::DELTA_LENGTH_BYTE_ARRAY, TEXTS), Some((expected, 2)));
        for cut in 1..bytes.len() {
            let short = &bytes[..bytes.len() - cut];
            assert_eq!(plain(short, Encoding::DELTA_LENGTH_BYTE_ARRAY, TEXTS), None);
        }
        let few = Values { most: 1, ..TEXTS };
        assert_eq!(plain(&bytes, Encoding::DELTA_LENGTH_BYTE_ARRAY, few), None);
    }

    #[test]
    fn texts_after_what_they_share() {
        let bytes = [packed(&[0, 3]), packed(&[3, 1]), b"foxy".to_vec()].concat();
        // The second delta is -2, which becomes 254 in eight bits: a length beyond the end.
        assert_eq!(plain(&bytes, Encoding::DELTA_BYTE_ARRAY, TEXTS), None);
        let bytes = [packed(&[0, 3]), packed(&[3, 3]), b"foxing".to_vec()].concat();
        let expected = b"\x03\0\0\0fox\x06\0\0\0foxing".to_vec();
        assert_eq!(plain(&bytes, Encoding::DELTA_BYTE_ARRAY, TEXTS), Some((expected, 2)));
        // The prefix is longer than the text before.
        let bytes = [packed(&[0, 4]), packed(&[3, 3]), b"foxing".to_vec()].concat();
        assert_eq!(plain(&bytes, Encoding::DELTA_BYTE_ARRAY, TEXTS), None);
    }

    #[test]
    fn what_is_shared_is_bounded() {
        let bytes = [packed(&[0, 9, 9, 9]), packed(&[9, 9, 9, 9]), vec![b'a'; 36]].concat();
        assert!(plain(&bytes, Encoding::DELTA_BYTE_ARRAY, TEXTS).is_some());
        let tight = Values { limit: 60, ..TEXTS };
        assert_eq!(plain(&bytes, Encoding::DELTA_BYTE_ARRAY, tight), None);
    }

    #[test]
    fn bytes_come_together_again() {
        let numbers = Values { kind: Type::FLOAT, width: 4, ..TEXTS };
        let found = plain(&[1, 5, 2, 6, 3, 7, 4, 8], Encoding::BYTE_STREAM_SPLIT, numbers);
        assert_eq!(found, Some((vec![1, 2, 3, 4, 5, 6, 7, 8], 2)));
        assert_eq!(plain(&[1, 5, 2], Encoding::BYTE_STREAM_SPLIT, numbers), None);
        assert_eq!(plain(&[1], Encoding::BYTE_STREAM_SPLIT, Values { width: 0, ..numbers }), None);
    }
}
