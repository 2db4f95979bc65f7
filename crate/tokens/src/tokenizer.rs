//! The tokenizer: runs all steps on a prompt.

use std::sync::Arc;

use super::{
    added::{AddedTokens, Piece},
    bpe::Bpe,
    classes::{SpecialWords, words},
};

/// A tokenized prompt, the input of the text tower.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tokens {
    /// Token ids, `[context]`: start token, the prompt's tokens, end token, padding (more end
    /// tokens).
    pub ids: Vec<u32>,
    /// Number of ids before the padding, including the start and end tokens.
    pub length: usize,
    /// Whether the prompt was too long and was truncated on the right, or on the left if the
    /// tokenizer is configured so. The start and end tokens are always kept.
    pub truncated: bool,
}

/// CLIP's byte-level BPE tokenizer. Clones share one vocabulary.
#[derive(Debug, Clone)]
pub struct Tokenizer(pub(super) Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) bpe: Bpe,
    pub(super) added: AddedTokens,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) special_words: SpecialWords,
    /// Whether truncation removes tokens from the start of the prompt instead of the end.
    pub(super) keeps_end: bool,
}

impl Tokenizer {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The id of the start token.
    pub fn start(&self) -> u32 {
        self.0.start
    }

    /// The id of the end token, also used as padding. Because of the causal mask, tokens after the
    /// first end token do not affect the result.
    pub fn end(&self) -> u32 {
        self.0.end
    }

    /// Tokenizes a prompt, truncated or padded to `context` tokens (77 for CLIP; at least 2).
    ///
    /// Stops once `context` tokens are found, so a very long prompt costs no more, unless the
    /// tokenizer truncates on the left.
    pub fn encode(&self, prompt: &str, context: usize) -> Tokens {
        let parts = &*self.0;
        let mut ids = vec![parts.start];
        // One id more than fits shows that the prompt was truncated.
        let enough = if parts.keeps_end { usize::MAX } else { context.max(2) };
        parts.added.split(prompt, &mut |piece| match piece {
            Piece::Token(id) => {
                ids.push(id);
                ids.len() < enough
            }
            Piece::Text(text) => {
                for word in words(text, parts.special_words) {
                    if ids.len() >= enough {
                        break;
                    }
                    parts.bpe.encode(word.as_bytes(), &mut ids);
                }
                ids.len() < enough
            }
        });
        let most = context.saturating_sub(1);
        let truncated = ids.len() > most;
        if parts.keeps_end && truncated {
            ids.drain(1..=ids.len() - most.max(1));
        }
        ids.truncate(most);
        ids.push(parts.end);
        let length = ids.len();
        ids.resize(context.max(length), parts.end);
        Tokens { ids, length, truncated }
    }
}
