//! Normalisation of a prompt: NFC, each run of white space to one space, lowercase.

use unicode_normalization_alignments::UnicodeNormalization;

use super::classes::{Class, class};

/// `Sequence([NFC(), Replace(Regex(r"\s+"), " "), Lowercase()])` of transformers' `CLIPConverter`.
pub(super) fn normalize(text: &str) -> String {
    let mut normalized = String::with_capacity(text.len());
    let mut in_space = false;
    for (letter, _) in text.nfc() {
        let space = class(letter) == Class::Space;
        if !space {
            normalized.extend(letter.to_lowercase());
        } else if !in_space {
            normalized.push(' ');
        }
        in_space = space;
    }
    normalized
}
