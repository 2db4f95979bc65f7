//! HTML's character references.

use super::tables::TABLES;

/// Longest number that is read; longer ones are beyond Unicode, zeros in front aside.
const BEYOND: u32 = 0x11_0000;

/// Python's `html.unescape`.
pub(super) fn unescape(text: &str) -> String {
    replace(text, |after| {
        let numeric = after.strip_prefix('#').and_then(number);
        numeric.map(|(letter, length)| (letter.into_iter().collect(), length + 1)).or_else(|| named(after))
    })
}

/// ftfy's `unescape_html`: references of at most 24 letters and digits that end in a semicolon,
/// also of names in capitals.
pub(super) fn unescape_closed(text: &str) -> String {
    replace(text, |after| {
        let body = after.strip_prefix('#').unwrap_or(after);
        let length = body.find(|letter: char| !letter.is_ascii_alphanumeric())?;
        if !(1..=24).contains(&length) || !body[length..].starts_with(';') {
            return None;
        }
        let whole = &after[..after.len() - body.len() + length + 1];
        if body.len() == after.len() {
            let entity = TABLES.entities.get(whole).cloned().or_else(|| capitals(whole));
            return entity.map(|text| (text, whole.len()));
        }
        let (letter, read) = number(&whole[1..])?;
        // A semicolon that is left over, or is what the number stands for.
        let complete = read + 1 == whole.len() && letter != Some(';');
        complete.then(|| (letter.into_iter().collect(), whole.len()))
    })
}

/// Replaces each `&` with what follows it, as far as `read` says (text and length).
fn replace(text: &str, read: impl Fn(&str) -> Option<(String, usize)>) -> String {
    let (mut output, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('&') {
        output.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some((text, length)) = read(rest) {
            output.push_str(&text);
            rest = &rest[length..];
        } else {
            output.push('&');
        }
    }
    output + rest
}

/// What a number after `&#` stands for, possibly nothing, and how long it is with its semicolon.
fn number(text: &str) -> Option<(Option<char>, usize)> {
    let (radix, digits) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, text),
    };
    let length = digits.find(|letter: char| !letter.is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let add = |sum: u32, digit: u32| (sum * radix + digit).min(BEYOND);
    let point = digits[..length].chars().filter_map(|letter| letter.to_digit(radix)).fold(0, add);
    let end = text.len() - digits.len() + length;
    let length = end + usize::from(text[end..].starts_with(';'));
    let letter = match point {
        0 => Some(char::REPLACEMENT_CHARACTER),
        0x80..=0x9f => {
            TABLES.encodings.first().and_then(|windows| windows.high.get(point as usize - 0x80).copied())
        }
        0x01..=0x08 | 0x0b | 0x0e..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if point & 0xfffe == 0xfffe && point < BEYOND => None,
        _ => Some(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)),
    };
    Some((letter, length))
}

/// The entity with the longest name that a text begins with, as HTML 5 says.
fn named(text: &str) -> Option<(String, usize)> {
    let ends = |letter: char| matches!(letter, '\t' | '\n' | '\x0c' | ' ' | '<' | '&' | '#' | ';');
    let most = text.char_indices().nth(32).map_or(text.len(), |(at, _)| at);
    let mut end = text[..most].find(ends).unwrap_or(most);
    if end == 0 {
        return None;
    }
    end += usize::from(text[end..].starts_with(';'));
    let lengths = (2..=end).rev().filter(|&length| text.is_char_boundary(length));
    // The whole may be of any length.
    let entity = |length: usize| Some((TABLES.entities.get(&text[..length])?.clone(), length));
    lengths.into_iter().find_map(entity)
}

/// The capital of an entity whose name was written in capitals, such as `NTILDE;`.
fn capitals(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let text = TABLES.entities.get(&lower)?;
    let unambiguous = lower.to_ascii_uppercase() == name && named(name).is_none();
    unambiguous.then(|| text.to_uppercase())
}
