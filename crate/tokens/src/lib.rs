//! prompt → [`Tokens`]
//!
//! ```text
//! prompt ─► NFC, white space to one space, lower case ─► words (letters | one digit | the rest) ─► bytes ─► BPE ─► ids
//! ```
//!
//! Equal, id for id, to transformers' `CLIPTokenizerFast` (4.57) on the published vocabulary, which is built in.

mod added;
mod bpe;
mod classes;
mod error;
mod json;
mod normalize;
mod published;
mod vocabulary;

use std::sync::Arc;

use added::AddedTokens;
use bpe::Bpe;
pub use error::TokenizerError;
pub use vocabulary::Vocabulary;

/// A prompt as the text tower reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tokens {
    /// Token ids, `[context]`: start token, the prompt's tokens, end token, padding (the end token again).
    pub ids: Vec<u32>,
    /// How many of `ids` come before the padding, start and end token included.
    pub length: usize,
    /// Whether the prompt was too long and lost its last tokens, or its first ones where the tokenizer truncates on the left.
    /// Start and end token are always kept.
    pub truncated: bool,
}

/// CLIP's byte-level BPE. Clones share the vocabulary.
#[derive(Debug, Clone)]
pub struct Tokenizer(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    bpe: Bpe,
    added: AddedTokens,
    start: u32,
    end: u32,
    special_words: classes::SpecialWords,
    /// Whether a prompt that is too long loses its first tokens, not its last ones.
    keeps_end: bool,
}

impl Tokenizer {
    /// The published vocabulary of 49,408 tokens, which is part of this package.
    pub fn clip() -> Self {
        published::tokenizer()
    }

    /// Reads Hugging Face's `tokenizer.json` of a CLIP model.
    ///
    /// # Errors
    ///
    /// When it is no byte-level BPE as CLIP's is; the error names the part that differs.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        json::read(bytes)
    }

    fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The token that begins every prompt.
    pub fn start(&self) -> u32 {
        self.0.start
    }

    /// The token that ends every prompt, and pads it: behind the causal mask what comes after the first end token changes nothing.
    pub fn end(&self) -> u32 {
        self.0.end
    }

    /// Tokens of a prompt, cut or padded to `context` (77), which is at least 2.
    ///
    /// The work grows with the prompt's length only as far as tokens are needed, unless the tokenizer keeps a prompt's end.
    pub fn encode(&self, prompt: &str, context: usize) -> Tokens {
        let parts = &*self.0;
        let mut ids = vec![parts.start];
        // One more than fits tells whether something was lost.
        let enough = if parts.keeps_end { usize::MAX } else { context.max(2) };
        parts.added.split(prompt, &mut |piece| match piece {
            added::Piece::Token(id) => {
                ids.push(id);
                ids.len() < enough
            }
            added::Piece::Text(text) => {
                for word in classes::words(text, parts.special_words) {
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
