//! Numbers for names.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

/// 128 bits of a SHA-256 hash, which stand for a name. Among 2³² names, two have the same ones with
/// a probability of 10⁻²⁰.
pub(super) type Digest = [u64; 2];

/// Numbers names from 0, in the order in which they first appear. A name takes about 40 bytes,
/// however long it is.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    of: HashMap<Digest, u32>,
}

impl Numbers {
    /// The number of a name.
    pub fn number(&mut self, name: &str) -> u32 {
        let next = self.of.len() as u32;
        *self.of.entry(digest(&[name])).or_insert(next)
    }
}

/// The digest of several texts, each with its length.
pub(super) fn digest(texts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let hash = hash.finalize();
    let (words, _) = hash.as_chunks::<8>();
    [u64::from_le_bytes(words[0]), u64::from_le_bytes(words[1])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_as_they_appear() {
        let mut numbers = Numbers::default();
        assert_eq!(["b", "a", "b", "", "ab"].map(|name| numbers.number(name)), [0, 1, 0, 2, 3]);
    }

    #[test]
    fn texts_are_told_apart_by_their_ends() {
        assert_ne!(digest(&["a", "bc"]), digest(&["ab", "c"]));
        assert_ne!(digest(&["a"]), digest(&["a", ""]));
    }
}
