//! Added tokens such as `<|endoftext|>`, which are matched before the prompt is split into words.
//!
//! Mirrors `AddedVocabulary` of the `tokenizers` crate (0.22, `tokenizer/added_vocabulary.rs`).

use std::collections::HashMap;

use super::normalize::normalize;

/// An added token as `tokenizer.json` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddedToken {
    pub(super) content: String,
    /// Matches only if no word character is directly before or after it.
    pub(super) single_word: bool,
    /// The match includes white space before the token.
    pub(super) lstrip: bool,
    /// The match includes white space after the token.
    pub(super) rstrip: bool,
    /// Matches in the normalised prompt, where its content is normalised too.
    pub(super) normalized: bool,
    pub(super) special: bool,
}

/// Added tokens, matched before (`raw`) or after (`normalized`) normalisation.
#[derive(Debug, Default)]
pub(super) struct AddedTokens {
    raw: Matcher,
    normalized: Matcher,
}

/// A part of a prompt.
pub(super) enum Piece<'a> {
    Token(u32),
    /// Normalised text between tokens.
    Text(&'a str),
}

impl AddedTokens {
    /// Assigns an id to each token: the vocabulary's id (`known`) if it has the token, otherwise
    /// the next free id. Like the reference, this ignores the id in the file. `size` is the size of
    /// the vocabulary.
    ///
    /// Returns the content of the first token for which there is no free id as an error.
    pub(super) fn new(
        tokens: Vec<AddedToken>,
        known: impl Fn(&str) -> Option<u32>,
        size: usize,
    ) -> Result<Self, String> {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let (mut ids, mut by_id) = (HashMap::<String, u32>::new(), HashMap::<u32, AddedToken>::new());
        let (mut special, mut plain) = (Vec::<AddedToken>::new(), Vec::new());
        let mut highest: Option<u32> = None;
        for token in tokens {
            let content = &token.content;
            if token.special && !content.is_empty() && special.iter().all(|other| other.content != *content) {
                special.push(token.clone());
            }
            if content.is_empty() || by_id.values().any(|other| *other == token) {
                continue;
            }
            let id = match ids.get(content).copied().or_else(|| known(content)) {
                Some(id) => id,
                None => match highest.filter(|&highest| highest >= size) {
                    Some(highest) => highest.checked_add(1).ok_or_else(|| content.clone())?,
                    None => size,
                },
            };
            highest = highest.max(Some(id));
            ids.insert(content.clone(), id);
            by_id.insert(id, token.clone());
            if special.iter().all(|other| other.content != *content) {
                plain.push(token);
            }
        }
        let mut added = Self::default();
        for token in special.into_iter().chain(plain) {
            let Some(&id) = ids.get(&token.content) else { continue };
            // If a content is listed more than once, the flags of the last entry apply.
            let flags = by_id.get(&id).unwrap_or(&token).clone();
            if token.normalized {
                added.normalized.add(normalize(&token.content), id, flags);
            } else {
                added.raw.add(token.content, id, flags);
            }
        }
        Ok(added)
    }

    /// Passes the pieces of a prompt to `take` until it returns false.
    pub(super) fn split(&self, prompt: &str, take: &mut dyn FnMut(Piece<'_>) -> bool) {
        self.raw.split(prompt, &mut |piece| match piece {
            Piece::Token(id) => take(Piece::Token(id)),
            Piece::Text(text) => self.normalized.split(&normalize(text), take),
        });
    }
}

/// Finds tokens in text: the leftmost match first; at the same position the longest; of equal
/// contents the one added first.
#[derive(Debug, Default)]
struct Matcher {
    /// Patterns by their first byte.
    patterns: HashMap<u8, Vec<Pattern>>,
}

#[derive(Debug)]
struct Pattern {
    content: String,
    id: u32,
    flags: AddedToken,
}

impl Matcher {
    fn add(&mut self, content: String, id: u32, flags: AddedToken) {
        if let Some(&first) = content.as_bytes().first() {
            self.patterns.entry(first).or_default().push(Pattern { content, id, flags });
        }
    }

    /// The longest token at the start of `rest`.
    fn at(&self, rest: &[u8]) -> Option<&Pattern> {
        let patterns = self.patterns.get(rest.first()?)?;
        let fitting = patterns.iter().filter(|pattern| rest.starts_with(pattern.content.as_bytes()));
        fitting.reduce(|best, next| if next.content.len() > best.content.len() { next } else { best })
    }

    fn split(&self, text: &str, take: &mut dyn FnMut(Piece<'_>) -> bool) -> bool {
        let (mut done, mut at) = (0, 0);
        while at < text.len() {
            let Some(pattern) = self.at(&text.as_bytes()[at..]) else {
                at += 1;
                continue;
            };
            let (before, after) = (&text[..at], &text[at + pattern.content.len()..]);
            at += pattern.content.len();
            let in_word =
                before.chars().next_back().is_some_and(is_word) || after.chars().next().is_some_and(is_word);
            if pattern.flags.single_word && in_word {
                continue;
            }
            let before = if pattern.flags.lstrip { before.trim_end() } else { before };
            let after = if pattern.flags.rstrip { after.trim_start() } else { after };
            // White space that the previous token has already consumed is skipped.
            if before.len() > done && !take(Piece::Text(&text[done..before.len()])) {
                return false;
            }
            if !take(Piece::Token(pattern.id)) {
                return false;
            }
            done = text.len() - after.len();
        }
        done >= text.len() || take(Piece::Text(&text[done..]))
    }
}

/// `\w` as the `regex` crate defines it, which the reference uses.
fn is_word(letter: char) -> bool {
    regex_syntax::try_is_word_character(letter).unwrap_or(false)
}
