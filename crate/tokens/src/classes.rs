//! Character classes as the reference's regular expressions define them, and the split into words.

use std::sync::LazyLock;

/// Runs of code points with the same class. `tests/parity/reference/vocabulary.py` generates the
/// file by querying the reference for every code point.
static RUNS: &[u8] = include_bytes!("classes.bin");

/// The class of a character: `\s`, `\p{L}`, `\p{N}` or none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Other,
    Space,
    Letter,
    Number,
}

/// The first code point and the class of each run, in ascending order.
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
    // Fast path for ASCII.
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

/// The special tokens that transformers 5 adds at the start of the expression.
const SPECIAL: [&str; 2] = ["<|startoftext|>", "<|endoftext|>"];

/// How special tokens in text are split if they were not matched as added tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecialWords {
    /// Like other text (the expression of transformers 4).
    Text,
    /// As one word (the expression of transformers 5).
    Whole,
    /// As one word that GPT-2's expression then splits again (transformers 5 with `use_regex`).
    Cut,
}

/// Splits text into the matches of `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
/// Unless `special` is [`SpecialWords::Text`], `<\|startoftext\|>|<\|endoftext\|>` takes
/// precedence.
pub(super) fn words(text: &str, special: SpecialWords) -> impl Iterator<Item = &str> {
    let (mut rest, mut inner) = (text, "");
    std::iter::from_fn(move || {
        let fixed = if special == SpecialWords::Text { &[][..] } else { &SPECIAL };
        match next_word(&mut inner, &[]) {
            None => {}
            word => return word,
        }
        let word = next_word(&mut rest, fixed)?;
        if special == SpecialWords::Cut && SPECIAL.contains(&word) {
            inner = word;
            return next_word(&mut inner, &[]);
        }
        Some(word)
    })
}

/// Removes and returns the next word; `fixed` strings take precedence.
pub(super) fn next_word<'a>(rest: &mut &'a str, fixed: &[&str]) -> Option<&'a str> {
    let text = rest.trim_start_matches(|letter| class(letter) == Class::Space);
    let first = text.chars().next()?;
    let fixed = fixed.iter().chain(&CONTRACTIONS).find(|fixed| text.starts_with(**fixed));
    let kind = class(first);
    let end = match (fixed, kind) {
        (Some(fixed), _) => fixed.len(),
        (None, Class::Number) => first.len_utf8(),
        (None, _) => text.find(|letter| class(letter) != kind).unwrap_or(text.len()),
    };
    let (word, later) = text.split_at(end);
    *rest = later;
    Some(word)
}
