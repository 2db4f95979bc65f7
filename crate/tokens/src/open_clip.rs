//! open_clip's tokenizer, which HPS v2 uses.

use super::{
    classes::next_word,
    clean::clean,
    tokenizer::{Tokenizer, Tokens},
};

/// What open_clip's expression matches before letters, digits and the rest. It ignores case, for
/// which a long s is an s.
const FIXED: [&str; 4] = ["<start_of_text>", "<ſtart_of_text>", "<end_of_text>", "'ſ"];

/// CLIP's vocabulary behind open_clip's cleaning of prompts: `SimpleTokenizer` of `open_clip_torch`
/// 3.3.
///
/// Of a very long prompt the first 16 KiB are read.
#[derive(Debug, Clone)]
pub struct OpenClipTokenizer(Tokenizer);

impl OpenClipTokenizer {
    /// The published vocabulary.
    pub fn clip() -> Self {
        Self(Tokenizer::clip())
    }

    /// Tokens of a prompt, cut or padded with zeros to `context` (77), which is at least 2.
    pub fn encode(&self, prompt: &str, context: usize) -> Tokens {
        let (start, end) = (self.0.start(), self.0.end());
        // The expression ignores case, in which U+0345 is both a letter and not, and matches it
        // nowhere.
        let text = clean(prompt).replace('\u{345}', " ");
        let (mut ids, mut rest) = (vec![start], text.as_str());
        while ids.len() < context.max(2)
            && let Some(word) = next_word(&mut rest, &FIXED)
        {
            match word {
                "<start_of_text>" => ids.push(start),
                "<end_of_text>" => ids.push(end),
                word => self.0.0.bpe.encode(word.as_bytes(), &mut ids),
            }
        }
        let most = context.max(2) - 1;
        let truncated = ids.len() > most;
        ids.truncate(most);
        ids.push(end);
        let length = ids.len();
        ids.resize(context.max(length), 0);
        Tokens { ids, length, truncated }
    }
}
