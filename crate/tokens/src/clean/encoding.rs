//! Text that was decoded with the wrong encoding: ftfy's `fix_encoding`.

use super::{badness::is_bad, bytes, tables::TABLES};

/// Most rounds of a loop that ends when nothing changes. Only hostile prompts need more.
pub(super) const ROUNDS: usize = 100;

/// The position of MacRoman among the encodings; a dash before a space looks like a lost A0 in it.
const MACROMAN: usize = 7;
/// Most parts within parts that are fixed by themselves.
const DEPTH: usize = 8;

/// Undoes wrong decodings until nothing changes.
pub(super) fn fix(text: String) -> String {
    fix_within(text, 0)
}

fn fix_within(mut text: String, depth: usize) -> String {
    for _ in 0..ROUNDS {
        match step(&text, depth) {
            Some(fixed) if fixed != text => text = fixed,
            _ => break,
        }
    }
    text
}

/// Undoes one wrong decoding.
fn step(text: &str, depth: usize) -> Option<String> {
    if text.is_ascii() || !is_bad(text) {
        return None;
    }
    let latin_1: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(letter).ok()).collect();
    if let Some(encoded) = &latin_1
        && let Some(fixed) = bytes::decode(bytes::restore_a0(encoded))
    {
        return Some(fixed);
    }
    for (at, encoding) in TABLES.encodings.iter().enumerate() {
        let Some(mut encoded) = encoding.encode(text) else { continue };
        if at != MACROMAN {
            encoded = bytes::restore_a0(&encoded);
        }
        if encoding.sloppy {
            encoded = bytes::replace_lossy(&encoded);
        }
        if let Some(fixed) = bytes::decode(encoded) {
            return Some(fixed);
        }
    }
    if depth < DEPTH {
        let fixed = fix_parts(text, depth);
        if fixed != text {
            return Some(fixed);
        }
    }
    // Windows-1252 that was taken for Latin-1, or has characters of it.
    Some(text.chars().map(c1_control).collect())
}

/// What a control character from U+0080 on is in Windows-1252.
pub(super) fn c1_control(letter: char) -> char {
    match letter {
        '\u{80}'..='\u{9f}' => {
            let windows =
                TABLES.encodings.first().and_then(|windows| windows.high.get(letter as usize - 0x80));
            windows.copied().unwrap_or(letter)
        }
        _ => letter,
    }
}

/// Fixes each run of characters that looks like UTF-8 by itself.
fn fix_parts(text: &str, depth: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    let (mut output, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(&letter) = letters.get(at) {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let length =
            if before.is_some_and(|before| TABLES.strict.contains(before)) { 0 } else { run(&letters[at..]) };
        if length == 0 {
            output.push(letter);
            at += 1;
            continue;
        }
        let part: String = letters[at..at + length].iter().collect();
        let shorter = length < letters.len();
        output.push_str(&if shorter && is_bad(&part) { fix_within(part, depth + 1) } else { part });
        at += length;
    }
    output
}

/// How many characters from the first on look like the bytes of UTF-8 sequences.
fn run(letters: &[char]) -> usize {
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let Some(more) = TABLES.first.iter().position(|first| first.contains(letter)) else { break };
        let rest = letters.get(at + 1..at + 2 + more);
        if !rest.is_some_and(|rest| rest.iter().all(|&letter| TABLES.continuation.contains(letter))) {
            break;
        }
        at += 2 + more;
    }
    at
}
