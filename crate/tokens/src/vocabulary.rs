//! A tokenizer's tokens and merges, for tools that write vocabulary files.

use std::collections::HashMap;

use super::{
    bpe::{byte_character, byte_order},
    tokenizer::Tokenizer,
};

/// The tokens of a byte-level BPE in the spelling of vocabulary files, and its merges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// Token id → spelling: one character for each byte, plus `</w>` at the end of a word.
    pub spellings: HashMap<u32, String>,
    /// `[first, second, merged]` token ids, in order of rank.
    pub merges: Vec<[u32; 3]>,
    /// The tokens of single bytes in the order of vocabulary files: those inside a word, then those
    /// at the end of a word.
    pub bytes: Vec<u32>,
}

impl Tokenizer {
    /// The tokenizer's tokens and merges, without the start and end tokens.
    pub fn vocabulary(&self) -> Vocabulary {
        let bpe = &self.0.bpe;
        let mut ranked: Vec<(u32, [u32; 3])> = bpe
            .merges
            .iter()
            .map(|(&(first, second), &(rank, merged))| (rank, [first, second, merged]))
            .collect();
        ranked.sort_unstable();
        let merges: Vec<[u32; 3]> = ranked.into_iter().map(|(_, merge)| merge).collect();
        let (mut spellings, mut bytes) = (HashMap::new(), Vec::with_capacity(512));
        for (of, end) in bpe.bytes.iter().zip(["", "</w>"]) {
            for byte in byte_order() {
                let token = of[usize::from(byte)];
                spellings.entry(token).or_insert_with(|| format!("{}{end}", byte_character(byte)));
                bytes.push(token);
            }
        }
        for [first, second, merged] in &merges {
            if let Some((first, second)) = spellings.get(first).zip(spellings.get(second)) {
                let both = format!("{first}{second}");
                spellings.entry(*merged).or_insert(both);
            }
        }
        Vocabulary { spellings, merges, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_vocabulary_is_spelled() {
        let vocabulary = Tokenizer::clip().vocabulary();
        assert_eq!(vocabulary.merges.len(), 48_894);
        assert_eq!(vocabulary.spellings.len(), 49_406);
        // From CLIP's published `vocab.json`.
        for (id, spelling) in [
            (0, "!"),
            (255, "Ń"),
            (256, "!</w>"),
            (320, "a</w>"),
            (512, "in"),
            (518, "the</w>"),
            (1929, "dog</w>"),
            (2368, "cat</w>"),
        ] {
            assert_eq!(vocabulary.spellings.get(&id).map(String::as_str), Some(spelling), "{id}");
        }
        assert_eq!(vocabulary.bytes, (0..512).collect::<Vec<u32>>());
    }
}
