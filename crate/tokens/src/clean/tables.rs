//! The tables of the cleaning, which `tests/parity/reference/cleaning.py` takes from ftfy and
//! Python.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::super::set::Set;

/// Deflated JSON. See `TABLES.md` for its origin.
static PACKED: &[u8] = include_bytes!("tables.bin");

pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let json = miniz_oxide::inflate::decompress_to_vec(PACKED).unwrap_or_default();
    // A unit test checks that the tables can be read.
    serde_json::from_slice(&json).unwrap_or_default()
});

#[derive(Debug, Default, Deserialize)]
pub(super) struct Tables {
    pub(super) sets: Vec<Set>,
    /// Sequences that look like wrongly decoded text: indices into `sets`, [`START`] or [`WORD`].
    pub(super) patterns: Vec<Vec<i32>>,
    /// Characters that the first bytes of UTF-8 sequences of 2, 3 and 4 bytes are mistaken for.
    pub(super) first: [Set; 3],
    /// Characters that the other bytes of a sequence are mistaken for.
    pub(super) continuation: Set,
    /// The same without characters that are common in correct text.
    pub(super) strict: Set,
    /// Encodings of one byte in the order in which ftfy tries them, after Latin-1.
    pub(super) encodings: Vec<Encoding>,
    /// Ligatures and characters of unusual width, with their replacements.
    pub(super) replaced: HashMap<char, String>,
    /// HTML's named entities without `&`. Most names end in a semicolon.
    pub(super) entities: HashMap<String, String>,
}

/// Matches at the start of a text.
pub(super) const START: i32 = -1;
/// Matches a word character.
pub(super) const WORD: i32 = -2;

/// An encoding of one byte a character; the lower half is ASCII.
#[derive(Debug, Deserialize)]
#[serde(from = "(bool, String)")]
pub(super) struct Encoding {
    /// ftfy's variant, in which the byte 1A stands for U+FFFD and unused bytes are Latin-1.
    pub(super) sloppy: bool,
    /// The characters of the bytes from 80 on.
    pub(super) high: Vec<char>,
    bytes: HashMap<char, u8>,
}

impl From<(bool, String)> for Encoding {
    fn from((sloppy, high): (bool, String)) -> Self {
        let high: Vec<char> = high.chars().collect();
        let mut bytes: HashMap<char, u8> = high.iter().copied().zip(0x80..=0xff).collect();
        if sloppy {
            bytes.insert('\u{fffd}', 0x1a);
        }
        Self { sloppy, high, bytes }
    }
}

impl Encoding {
    /// The bytes of a text, if the encoding has all of its characters.
    pub(super) fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let byte = |letter: char| match letter {
            '\x1a' if self.sloppy => None,
            '\0'..='\x7f' => Some(letter as u8),
            _ => self.bytes.get(&letter).copied(),
        };
        text.chars().map(byte).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read() {
        assert_eq!(TABLES.encodings.len(), 9);
        assert!(TABLES.encodings.iter().all(|encoding| encoding.high.len() == 128));
        assert!(TABLES.patterns.iter().flatten().all(|&at| at >= WORD && at < TABLES.sets.len() as i32));
        assert!(TABLES.entities.len() > 2000 && TABLES.replaced.len() > 200);
    }
}
