//! The vocabulary published with CLIP.
//!
//! Only the 48,894 merges are stored, each as the token ids of its two parts. The remaining tokens
//! are the 256 bytes, the 256 bytes at the end of a word, and the two special tokens.
//! `tests/parity/reference/vocabulary.py` generates the file; `VOCABULARY.md` has its source and
//! licence.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    added::{AddedToken, AddedTokens},
    bpe::{Bpe, byte_order},
    classes::SpecialWords,
    tokenizer::{Parts, Tokenizer},
};

/// Four planes, compressed with DEFLATE: the low bytes of all first parts, their high bytes, the
/// low bytes of all second parts, their high bytes.
static MERGES: &[u8] = include_bytes!("merges.bin");
const COUNT: usize = 48_894;

/// Tokens before the first merge: 256 bytes, and the same bytes at the end of a word.
const BYTES: u32 = 512;
const START: u32 = BYTES + COUNT as u32;
const END: u32 = START + 1;

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    // The data is a constant, so decompression cannot fail; the parity tests would detect damage.
    let planes = miniz_oxide::inflate::decompress_to_vec_with_limit(MERGES, 4 * COUNT).unwrap_or_default();
    let plane = |index: usize| planes.get(index * COUNT..(index + 1) * COUNT).unwrap_or_default();
    let join = |low: usize, high: usize| {
        plane(low).iter().zip(plane(high)).map(|(&low, &high)| u32::from(u16::from_le_bytes([low, high])))
    };
    let pairs = join(0, 1).zip(join(2, 3)).zip(0..);
    let merges: HashMap<_, _> = pairs.map(|(pair, rank)| (pair, (rank, BYTES + rank))).collect();
    let mut bytes = [[0; 256]; 2];
    for (id, byte) in (0..).zip(byte_order()) {
        bytes[0][usize::from(byte)] = id;
        bytes[1][usize::from(byte)] = id + 256;
    }
    // transformers marks both tokens as `normalized`, so they are matched in the lowercased prompt.
    let special = ["<|startoftext|>", "<|endoftext|>"].map(|content| AddedToken {
        content: content.into(),
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: true,
        special: true,
    });
    // The ids follow the vocabulary's size and fit in a u32, so this cannot fail.
    let added = AddedTokens::new(special.into(), |_| None, START as usize).unwrap_or_default();
    Tokenizer::new(Parts {
        bpe: Bpe { bytes, merges, whole: None },
        added,
        start: START,
        end: END,
        special_words: SpecialWords::Text,
        keeps_end: false,
    })
});

pub(super) fn tokenizer() -> Tokenizer {
    TOKENIZER.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_letters_finish() {
        let mut ids = Vec::new();
        tokenizer().0.bpe.encode(&vec![b'a'; 1_000_000], &mut ids);
        assert!(ids.len() < 1_000_000);
    }
}
