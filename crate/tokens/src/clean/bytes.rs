//! UTF-8 whose bytes have been changed: ftfy's expressions on bytes, and its codec
//! `utf-8-variants`.

/// The ranges that a byte may be in.
type Byte = &'static [(u8, u8)];

const SPACE: Byte = &[(0x20, 0x20)];
/// Continuation bytes.
const NEXT: Byte = &[(0x80, 0xbf)];
/// Continuation bytes without 85 and A0, which stand for white space.
const MARK: Byte = &[(0x80, 0x84), (0x86, 0x9f), (0xa1, 0xbf)];
const FOUR: Byte = &[(0xf0, 0xf0)];

/// Sequences in which the byte A0 became a space.
const ALTERED: [&[Byte]; 6] = [
    &[&[(0xc2, 0xc3), (0xc5, 0xc5), (0xce, 0xce), (0xd0, 0xd0), (0xd9, 0xd9)], SPACE],
    &[&[(0xe2, 0xe3)], SPACE, MARK],
    &[&[(0xe0, 0xe3)], MARK, SPACE],
    &[FOUR, SPACE, NEXT, NEXT],
    &[FOUR, NEXT, SPACE, NEXT],
    &[FOUR, NEXT, NEXT, SPACE],
];

/// The byte that stands for U+FFFD.
const LOST: Byte = &[(0x1a, 0x1a)];
/// The same, or the question mark that some programs write.
const LOST_OR_ASKED: Byte = &[(0x1a, 0x1a), (b'?', b'?')];
const ANY: Byte = &[(0x1a, 0x1a), (b'?', b'?'), (0x80, 0xbf)];
const LOST_OR_NEXT: Byte = &[(0x1a, 0x1a), (0x80, 0xbf)];
const SURROGATE: Byte = &[(0xed, 0xed)];
const HIGH: Byte = &[(0xa0, 0xaf)];
const LOW: Byte = &[(0xb0, 0xbf)];
const THREE: Byte = &[(0xe0, 0xef)];
const LONG: Byte = &[(0xf0, 0xf4)];

/// Sequences that have lost a byte.
const LOSSY: [&[Byte]; 10] = [
    &[&[(0xc2, 0xdf)], LOST],
    &[&[(0xc2, 0xc3)], &[(b'?', b'?')]],
    &[SURROGATE, HIGH, LOST_OR_ASKED, SURROGATE, LOW, ANY],
    &[SURROGATE, HIGH, ANY, SURROGATE, LOW, LOST_OR_ASKED],
    &[THREE, LOST_OR_ASKED, LOST_OR_NEXT],
    &[THREE, LOST_OR_NEXT, LOST_OR_ASKED],
    &[LONG, LOST_OR_ASKED, LOST_OR_NEXT, LOST_OR_NEXT],
    &[LONG, LOST_OR_NEXT, LOST_OR_ASKED, LOST_OR_NEXT],
    &[LONG, LOST_OR_NEXT, LOST_OR_NEXT, LOST_OR_ASKED],
    &[LOST],
];

/// The length of the first pattern that the bytes begin with.
fn matched(patterns: &[&[Byte]], bytes: &[u8]) -> Option<usize> {
    let is_in = |(ranges, byte): (&Byte, &u8)| ranges.iter().any(|&(low, high)| (low..=high).contains(byte));
    let fits = |pattern: &&&[Byte]| bytes.len() >= pattern.len() && pattern.iter().zip(bytes).all(is_in);
    patterns.iter().find(fits).map(|pattern| pattern.len())
}

fn replace(patterns: &[&[Byte]], bytes: &[u8], with: impl Fn(&[u8], &mut Vec<u8>)) -> Vec<u8> {
    let (mut output, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        if let Some(length) = matched(patterns, &bytes[at..]) {
            with(&bytes[at..at + length], &mut output);
            at += length;
        } else {
            output.push(byte);
            at += 1;
        }
    }
    output
}

/// Puts back A0 where a space took its place.
pub(super) fn restore_a0(bytes: &[u8]) -> Vec<u8> {
    if !(0..bytes.len()).any(|at| matched(&ALTERED, &bytes[at..]).is_some()) {
        return bytes.to_vec();
    }
    // `à` is a word of its own in many languages, but not in these words of Portuguese.
    const JOINED: [&[u8]; 5] = [b" ", b"quele", b"quela", b"quilo", b"s "];
    let mut spaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        spaced.push(*first);
        rest = after;
        if *first == 0xc3
            && let [b' ', word @ ..] = after
            && !JOINED.iter().any(|joined| word.starts_with(joined))
        {
            spaced.extend([0xa0, b' ']);
            rest = word;
        }
    }
    replace(&ALTERED, &spaced, |found, output| {
        output.extend(found.iter().map(|&byte| if byte == b' ' { 0xa0 } else { byte }));
    })
}

/// Replaces incomplete sequences by U+FFFD.
pub(super) fn replace_lossy(bytes: &[u8]) -> Vec<u8> {
    replace(&LOSSY, bytes, |_, output| output.extend("\u{fffd}".as_bytes()))
}

/// Decodes UTF-8 in which supplementary characters may be surrogate pairs (CESU-8), and U+0000 two
/// bytes (Java).
pub(super) fn decode(bytes: Vec<u8>) -> Option<String> {
    if !bytes.iter().any(|byte| matches!(byte, 0xed | 0xc0)) {
        return String::from_utf8(bytes).ok();
    }
    const VARIANTS: [&[Byte]; 2] =
        [&[&[(0xc0, 0xc0)], &[(0x80, 0x80)]], &[SURROGATE, HIGH, NEXT, SURROGATE, LOW, NEXT]];
    let plain = replace(&VARIANTS, &bytes, |found, output| {
        let bits =
            |at: usize, mask: u8, shift: u32| u32::from(found.get(at).copied().unwrap_or(0) & mask) << shift;
        let point = match found.len() {
            2 => 0,
            _ => 0x1_0000 + bits(1, 0xf, 16) + bits(2, 0x3f, 10) + bits(4, 0xf, 6) + bits(5, 0x3f, 0),
        };
        let letter = char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
        output.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
    });
    String::from_utf8(plain).ok()
}
