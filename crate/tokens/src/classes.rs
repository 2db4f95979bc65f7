//! Letters, numbers and white space as the reference's regular expressions see them, and the words that follow from them.

use std::sync::LazyLock;

/// Runs of code points of one class, as `tests/parity/reference/vocabulary.py` found them by asking the reference about each.
static RUNS: &[u8] = include_bytes!("classes.bin");

/// What a character is to `\s`, `\p{L}` and `\p{N}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Other,
    Space,
    Letter,
    Number,
}

/// Where each run begins, in order, with its class.
static TABLE: LazyLock<Vec<(u32, Class)>> = LazyLock::new(|| {
    let (mut table, mut start) = (Vec::new(), 0u32);
    let (mut value, mut shift) = (0u32, 0);
    for byte in RUNS {
        value |= u32::from(byte & 127) << shift;
        shift += 7;
        if byte & 128 != 0 {
            continue;
        }
        let class = [Class::Other, Class::Space, Class::Letter, Class::Number][value as usize & 3];
        table.push((start, class));
        start += value >> 2;
        (value, shift) = (0, 0);
    }
    table
});

pub(super) fn class(letter: char) -> Class {
    // Most of what people write.
    match letter {
        'a'..='z' | 'A'..='Z' => return Class::Letter,
        '0'..='9' => return Class::Number,
        ' ' => return Class::Space,
        '!'..='~' => return Class::Other,
        _ => {}
    }
    let after = TABLE.partition_point(|&(start, _)| start <= u32::from(letter));
    after.checked_sub(1).map_or(Class::Other, |run| TABLE[run].1)
}

const CONTRACTIONS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/// The matches of `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`, one after the other.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|letter| class(letter) == Class::Space);
        let first = rest.chars().next()?;
        let contraction = CONTRACTIONS.iter().find(|contraction| rest.starts_with(**contraction));
        let kind = class(first);
        let end = match (contraction, kind) {
            (Some(contraction), _) => contraction.len(),
            (None, Class::Number) => first.len_utf8(),
            (None, _) => rest.find(|letter| class(letter) != kind).unwrap_or(rest.len()),
        };
        let (word, later) = rest.split_at(end);
        rest = later;
        Some(word)
    })
}
