//! What a scorer needs of a tokenizer. A trait, so that a program contains only the tokenizers
//! that it creates.

use std::fmt::Debug;

use pickscore_tokens::{BertTokenizer, OpenClipTokenizer, Tokenizer, Tokens};

/// Tokenizes the prompts of a scorer.
pub trait PromptTokenizer: Debug + Send + Sync {
    /// Tokenizes a prompt, truncated or padded to `context` tokens.
    fn encode(&self, prompt: &str, context: usize) -> Tokens;
}

impl PromptTokenizer for Tokenizer {
    fn encode(&self, prompt: &str, context: usize) -> Tokens {
        self.encode(prompt, context)
    }
}

impl PromptTokenizer for OpenClipTokenizer {
    fn encode(&self, prompt: &str, context: usize) -> Tokens {
        self.encode(prompt, context)
    }
}

impl PromptTokenizer for BertTokenizer {
    fn encode(&self, prompt: &str, context: usize) -> Tokens {
        self.encode(prompt, context)
    }
}
