//! Tokens that are found in a prompt before anything else happens to it, such as `<|endoftext|>`.

use super::normalize::normalize;

/// Tokens found before (in the prompt as it is) and after normalisation.
#[derive(Debug, Default)]
pub(super) struct AddedTokens {
    pub(super) raw: Vec<(String, u32)>,
    pub(super) normalized: Vec<(String, u32)>,
}

/// A part of a prompt.
pub(super) enum Piece<'a> {
    Token(u32),
    /// Normalised.
    Text(&'a str),
}

impl AddedTokens {
    /// Hands over the parts of a prompt until `take` has enough.
    pub(super) fn split(&self, prompt: &str, take: &mut dyn FnMut(Piece<'_>) -> bool) {
        find(&self.raw, prompt, &mut |piece| match piece {
            Piece::Token(id) => take(Piece::Token(id)),
            Piece::Text(text) => find(&self.normalized, &normalize(text), take),
        });
    }
}

/// Cuts a text at tokens: the leftmost first, of those that begin at the same place the longest.
fn find(tokens: &[(String, u32)], text: &str, take: &mut dyn FnMut(Piece<'_>) -> bool) -> bool {
    let mut start = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        let fitting = tokens.iter().filter(|(content, _)| rest.starts_with(content.as_bytes()));
        match fitting.max_by_key(|(content, _)| content.len()) {
            Some((content, id)) => {
                if at > start && !take(Piece::Text(&text[start..at])) {
                    return false;
                }
                if !take(Piece::Token(*id)) {
                    return false;
                }
                at += content.len();
                start = at;
            }
            None => at += 1,
        }
    }
    start == text.len() || take(Piece::Text(&text[start..]))
}
