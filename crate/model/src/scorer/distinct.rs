//! Deduplication of byte strings.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// The distinct values among byte strings, compared by SHA-256.
pub(super) struct Distinct {
    /// For each distinct value, the index of its first occurrence.
    pub(super) first: Vec<usize>,
    /// For each string, the index of its value in `first`.
    pub(super) of: Vec<usize>,
}

impl Distinct {
    pub(super) fn new<'a>(strings: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut seen: HashMap<[u8; 32], usize> = HashMap::new();
        let (mut first, mut of) = (Vec::new(), Vec::new());
        for (at, bytes) in strings.enumerate() {
            let index = *seen.entry(hash(bytes)).or_insert_with(|| {
                first.push(at);
                first.len() - 1
            });
            of.push(index);
        }
        Self { first, of }
    }
}

/// The SHA-256 of a byte string.
pub(super) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_an_index() {
        let distinct = Distinct::new([&b"a"[..], b"b", b"a", b"", b"b"].into_iter());
        assert_eq!(distinct.first, [0, 1, 3]);
        assert_eq!(distinct.of, [0, 1, 0, 2, 1]);
    }
}
