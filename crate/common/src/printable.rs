//! Text from outside that is shown to people.

/// Characters that change the direction of the text around them.
const BIDIRECTIONAL: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// Replaces control characters, which could move a terminal's cursor, and characters that reorder
/// text.
pub fn printable(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if letter.is_control() || BIDIRECTIONAL.contains(&letter) => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(shown).collect()
}
