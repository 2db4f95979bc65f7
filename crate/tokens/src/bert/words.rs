//! Words of a text: `BasicTokenizer` of transformers' `tokenization_bert.py`, which lowers case and
//! removes accents.

use std::sync::LazyLock;

use serde::Deserialize;
use unicode_normalization_alignments::UnicodeNormalization;

use super::super::set::Set;

/// Deflated JSON, which `tests/parity/reference/bert.py` writes by asking the reference about each
/// code point.
static PACKED: &[u8] = include_bytes!("classes.bin");

static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
    let json = miniz_oxide::inflate::decompress_to_vec(PACKED).unwrap_or_default();
    // A unit test checks that the classes can be read.
    serde_json::from_slice(&json).unwrap_or_default()
});

#[derive(Debug, Default, Deserialize)]
struct Classes {
    /// Control characters and code points without a character, which are removed.
    control: Set,
    space: Set,
    punctuation: Set,
    /// Chinese characters, each of which is a word.
    chinese: Set,
    /// Marks that are removed as accents.
    accent: Set,
}

/// The words and single punctuation marks of a text in lower case, separated by spaces.
pub(super) fn words(text: &str) -> String {
    let classes = &*CLASSES;
    let mut spaced = String::with_capacity(text.len());
    // Before lower case: newer code points without a character there may have one in lower case.
    let kept = text.chars().filter(|letter| !classes.control.contains(*letter));
    for letter in kept.flat_map(char::to_lowercase) {
        if classes.space.contains(letter) {
            spaced.push(' ');
        } else if classes.chinese.contains(letter) {
            spaced.extend([' ', letter, ' ']);
        } else {
            spaced.push(letter);
        }
    }
    let composed = spaced.nfc().map(|(letter, _)| letter).collect::<String>();
    let mut words = String::with_capacity(composed.len());
    for (letter, _) in composed.nfd().filter(|(letter, _)| !classes.accent.contains(*letter)) {
        if classes.punctuation.contains(letter) {
            words.extend([' ', letter, ' ']);
        } else {
            words.push(letter);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_words() {
        let found = words("Héllo,\tworld\u{7f}s 猫a\u{301}b (#1)");
        let found: Vec<&str> = found.split_whitespace().collect();
        assert_eq!(found, ["hello", ",", "worlds", "猫", "ab", "(", "#", "1", ")"]);
    }
}
