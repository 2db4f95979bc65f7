//! A set of characters.

use serde::Deserialize;

/// Sorted ranges of characters, read from a string of their first and last characters.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "String")]
pub(super) struct Set(Vec<(char, char)>);

impl From<String> for Set {
    fn from(text: String) -> Self {
        let letters: Vec<char> = text.chars().collect();
        Self(letters.as_chunks().0.iter().map(|&[first, last]| (first, last)).collect())
    }
}

impl Set {
    pub(super) fn contains(&self, letter: char) -> bool {
        let after = self.0.partition_point(|&(first, _)| first <= letter);
        after.checked_sub(1).is_some_and(|at| self.0[at].1 >= letter)
    }
}
