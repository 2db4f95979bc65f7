//! Whether a text looks wrongly decoded: ftfy's `badness.py`.

use super::{
    super::classes::{Class, class},
    tables::{START, TABLES, WORD},
};

/// Whether any of ftfy's patterns occurs in a text.
pub(super) fn is_bad(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (0..letters.len()).any(|at| TABLES.patterns.iter().any(|pattern| fits(pattern, &letters, at)))
}

fn fits(pattern: &[i32], letters: &[char], mut at: usize) -> bool {
    for &part in pattern {
        if part == START {
            if at != 0 {
                return false;
            }
            continue;
        }
        let Some(&letter) = letters.get(at) else { return false };
        let fits = match usize::try_from(part) {
            Ok(set) => TABLES.sets[set].contains(letter),
            Err(_) => part == WORD && is_word(letter),
        };
        if !fits {
            return false;
        }
        at += 1;
    }
    true
}

/// `\w` of Python.
fn is_word(letter: char) -> bool {
    letter == '_' || matches!(class(letter), Class::Letter | Class::Number)
}
