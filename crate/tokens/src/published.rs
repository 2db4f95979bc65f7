//! The vocabulary that CLIP was published with.
//!
//! Only its 48,894 merges are kept, each as the ids of its two parts: the other tokens are the bytes, the bytes at a word's end and the two
//! special tokens. `tests/parity/reference/vocabulary.py` makes the file; `VOCABULARY.md` says whose work the vocabulary is.

use std::{collections::HashMap, sync::LazyLock};

use super::{
    Parts, Tokenizer,
    added::{AddedToken, AddedTokens},
    bpe::{Bpe, byte_order},
    classes::SpecialWords,
};

/// Low bytes of all first parts, their high bytes, low bytes of all second parts, their high bytes; deflated.
static MERGES: &[u8] = include_bytes!("merges.bin");
const COUNT: usize = 48_894;

/// Tokens before the first merge: each byte, and each byte at a word's end.
const BYTES: u32 = 512;
const START: u32 = BYTES + COUNT as u32;
const END: u32 = START + 1;

static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    // A damaged constant would leave merges out, which the parity tests would see; there is no error to report to anyone.
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
    // transformers marks both as `normalized`: they are found in the lower-cased prompt.
    let special = ["<|startoftext|>", "<|endoftext|>"].map(|content| AddedToken {
        content: content.into(),
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: true,
        special: true,
    });
    // Ids follow from the vocabulary's size, which has room for two more; that cannot fail.
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
