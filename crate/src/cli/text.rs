//! Words and names in the command's output.

/// 1 → "1 image", 2 → "2 images"
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The sentence for when every input failed.
pub(super) fn none_of(count: usize, noun: &str, done: &str) -> String {
    if count == 1 {
        format!("the {noun} could not be {done}")
    } else {
        format!("none of the {count} {noun}s could be {done}")
    }
}

/// Characters that change the direction of the text around them.
const BIDIRECTIONAL: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// Replaces control characters, which could move a terminal's cursor, and characters that reorder
/// text.
pub(super) fn printable(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if letter.is_control() || BIDIRECTIONAL.contains(&letter) => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(shown).collect()
}
