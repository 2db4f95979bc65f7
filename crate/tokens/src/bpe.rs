//! Byte-pair encoding of one word.

use std::{cmp::Reverse, collections::BinaryHeap, collections::HashMap};

/// Merges of adjacent tokens, applied in order of rank.
#[derive(Debug)]
pub(super) struct Bpe {
    /// The token of each byte inside a word, and of each byte at the end of a word.
    pub(super) bytes: [[u32; 256]; 2],
    /// (first token, second token) → (rank, merged token).
    pub(super) merges: HashMap<(u32, u32), (u32, u32)>,
    /// With `ignore_merges`: the words that are single tokens and skip the merges. Their vocabulary
    /// entries have no `</w>` suffix.
    pub(super) whole: Option<HashMap<Vec<u8>, u32>>,
}

/// A node of the linked list of a word's tokens.
#[derive(Clone, Copy)]
struct Link {
    token: u32,
    previous: usize,
    next: usize,
    alive: bool,
}

const NONE: usize = usize::MAX;

impl Bpe {
    /// Appends the tokens of a word to `ids`.
    ///
    /// Merges the pair with the lowest rank first, and the leftmost of equal pairs. A heap keeps
    /// the cost of a word with `n` bytes at `O(n log n)`.
    pub(super) fn encode(&self, word: &[u8], ids: &mut Vec<u32>) {
        if let Some(&id) = self.whole.as_ref().and_then(|whole| whole.get(word)) {
            ids.push(id);
            return;
        }
        let last = word.len().saturating_sub(1);
        let link = |(at, &byte): (usize, &u8)| Link {
            token: self.bytes[usize::from(at == last)][usize::from(byte)],
            previous: at.wrapping_sub(1),
            next: if at == last { NONE } else { at + 1 },
            alive: true,
        };
        let mut links: Vec<Link> = word.iter().enumerate().map(link).collect();
        let mut heap: BinaryHeap<Reverse<(u32, usize, u32)>> = BinaryHeap::new();
        let consider = |links: &[Link], at: usize, heap: &mut BinaryHeap<_>| {
            if let Some(next) = links.get(links[at].next)
                && let Some(&(rank, merged)) = self.merges.get(&(links[at].token, next.token))
            {
                heap.push(Reverse((rank, at, merged)));
            }
        };
        for at in 0..last {
            consider(&links, at, &mut heap);
        }
        while let Some(Reverse((rank, at, merged))) = heap.pop() {
            let Link { token, previous, next, alive } = links[at];
            // An entry is stale if one of its tokens has been merged since.
            if !alive || next == NONE || self.merges.get(&(token, links[next].token)) != Some(&(rank, merged))
            {
                continue;
            }
            let after = links[next].next;
            links[next].alive = false;
            links[at] = Link { token: merged, previous, next: after, alive };
            if after != NONE {
                links[after].previous = at;
            }
            consider(&links, at, &mut heap);
            if previous != NONE {
                consider(&links, previous, &mut heap);
            }
        }
        ids.extend(links.iter().filter(|link| link.alive).map(|link| link.token));
    }
}

/// All bytes in the order of byte-level vocabularies: printable bytes first (GPT-2's
/// `bytes_to_unicode`).
pub(super) fn byte_order() -> impl Iterator<Item = u8> {
    (0..=255).filter(|byte| printable(*byte)).chain((0..=255).filter(|byte| !printable(*byte)))
}

/// The character that represents a byte in byte-level vocabularies: the byte itself if it is
/// printable, otherwise a character from U+0100 on.
pub(super) fn byte_character(byte: u8) -> char {
    if printable(byte) {
        return char::from(byte);
    }
    let position = (0..byte).filter(|byte| !printable(*byte)).count() as u32;
    char::from_u32(0x100 + position).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The reference: scans all pairs, merges the one with the lowest rank, and repeats.
    fn slow(bpe: &Bpe, word: &[u8]) -> Vec<u32> {
        let last = word.len().saturating_sub(1);
        let mut tokens: Vec<u32> = word
            .iter()
            .enumerate()
            .map(|(at, &byte)| bpe.bytes[usize::from(at == last)][usize::from(byte)])
            .collect();
        loop {
            let pairs = tokens.windows(2).enumerate();
            let ranked = pairs.filter_map(|(at, pair)| {
                bpe.merges.get(&(pair[0], pair[1])).map(|&(rank, to)| (rank, at, to))
            });
            let Some((_, at, to)) = ranked.min() else { return tokens };
            tokens.splice(at..at + 2, [to]);
        }
    }

    proptest! {
        #[test]
        fn matches_the_slow_implementation(word in prop::collection::vec(0u8..4, 1..60), pairs in prop::collection::vec((0u32..12, 0u32..12), 1..40)) {
            let mut bytes = [[0; 256]; 2];
            for (at, byte) in bytes[0].iter_mut().enumerate() {
                *byte = at as u32 % 4;
            }
            bytes[1] = bytes[0].map(|token| token + 4);
            let merges = pairs.iter().enumerate().map(|(rank, &pair)| (pair, (rank as u32, 4 + rank as u32 % 8))).collect();
            let bpe = Bpe { bytes, merges, whole: None };
            let mut ids = Vec::new();
            bpe.encode(&word, &mut ids);
            prop_assert_eq!(ids, slow(&bpe, &word));
        }
    }
}
