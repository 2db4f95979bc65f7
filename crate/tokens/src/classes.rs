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

/// The special tokens that transformers 5 has at the front of the expression.
const SPECIAL: [&str; 2] = ["<|startoftext|>", "<|endoftext|>"];

/// What becomes of special tokens in a text, where they were not found as added tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecialWords {
    /// They are like any other text: the expression of transformers 4.
    Text,
    /// Each is one word: the expression of transformers 5.
    Whole,
    /// Each is matched on its own and then cut into words: the expression of transformers 5, then GPT-2's.
    Cut,
}

/// The matches of `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`, one after the other; before these, as `special` says, those
/// of `<\|startoftext\|>|<\|endoftext\|>`.
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

/// Takes a word from the front of a text: one of `fixed` before anything else.
fn next_word<'a>(rest: &mut &'a str, fixed: &[&str]) -> Option<&'a str> {
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
