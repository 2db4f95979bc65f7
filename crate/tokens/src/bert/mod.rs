//! BERT's tokenizer, which ImageReward uses.

mod error;
mod read;
mod words;

use std::{collections::HashMap, sync::Arc};

pub use error::WordPieceError;

use super::tokenizer::Tokens;

/// Longest word that is cut into pieces, in characters.
const LONGEST: usize = 100;
/// The published vocabulary, compressed with DEFLATE. `VOCABULARY.md` has its source and licence.
static PUBLISHED: &[u8] = include_bytes!("vocabulary.bin");

/// The tokenizer of `bert-base-uncased` with ImageReward's added tokens: transformers'
/// `BertTokenizer` (4.57). Clones share the vocabulary.
#[derive(Debug, Clone)]
pub struct BertTokenizer(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    vocabulary: HashMap<String, u32>,
    /// Tokens that are found in a prompt before anything else happens to it.
    special: Vec<(&'static str, u32)>,
    unknown: u32,
    start: u32,
    end: u32,
    padding: u32,
}

impl BertTokenizer {
    /// Reads a `vocab.txt`.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8, or lacks one of BERT's special tokens.
    pub fn from_vocabulary(bytes: &[u8]) -> Result<Self, WordPieceError> {
        Self::new(read::lines(bytes)?)
    }

    /// Reads Hugging Face's `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// When its settings are not those of `bert-base-uncased`, or it lacks one of BERT's special
    /// tokens.
    pub fn from_json(bytes: &[u8]) -> Result<Self, WordPieceError> {
        Self::new(read::json(bytes)?)
    }

    /// The tokenizer with the published vocabulary, which is built in.
    pub fn published() -> Self {
        // The data is a constant, so it cannot be damaged; the parity tests would detect it.
        Self::from_compressed(PUBLISHED).unwrap_or_else(|_| unreachable!("a constant"))
    }

    /// As [`BertTokenizer::from_vocabulary`], from a `vocab.txt` that is compressed with DEFLATE.
    ///
    /// # Errors
    ///
    /// As [`BertTokenizer::from_vocabulary`], and when it cannot be decompressed.
    pub fn from_compressed(bytes: &[u8]) -> Result<Self, WordPieceError> {
        let text = miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, read::LONGEST);
        let text = text.map_err(|error| WordPieceError::Malformed { reason: error.to_string() })?;
        Self::from_vocabulary(&text)
    }

    fn new(vocabulary: HashMap<String, u32>) -> Result<Self, WordPieceError> {
        let id = |token| vocabulary.get(token).copied().ok_or(WordPieceError::Missing { token });
        let (unknown, start, end) = (id("[UNK]")?, id("[CLS]")?, id("[SEP]")?);
        let padding = id("[PAD]")?;
        let mut special = vec![
            ("[UNK]", unknown),
            ("[CLS]", start),
            ("[SEP]", end),
            ("[PAD]", padding),
            ("[MASK]", id("[MASK]")?),
        ];
        let mut next = u32::try_from(vocabulary.len()).unwrap_or(u32::MAX);
        for added in ["[DEC]", "[ENC]"] {
            special.push((added, vocabulary.get(added).copied().unwrap_or(next)));
            next = next.saturating_add(u32::from(!vocabulary.contains_key(added)));
        }
        Ok(Self(Arc::new(Parts { vocabulary, special, unknown, start, end, padding })))
    }

    /// Tokens of a prompt, cut or padded to `context` (35), which is at least 2. The text tower
    /// ignores those from [`Tokens::length`] on.
    pub fn encode(&self, prompt: &str, context: usize) -> Tokens {
        let parts = &*self.0;
        // One more than fits tells whether something was lost.
        let enough = context.max(2);
        let (mut ids, mut rest) = (vec![parts.start], prompt);
        while !rest.is_empty() && ids.len() < enough {
            let (before, token, after) = parts.split(rest);
            for word in words::words(before).split_whitespace() {
                if ids.len() >= enough {
                    break;
                }
                parts.encode_word(word, &mut ids);
            }
            ids.extend(token);
            rest = after;
        }
        let truncated = ids.len() >= enough;
        ids.truncate(enough - 1);
        ids.push(parts.end);
        let length = ids.len();
        ids.resize(enough, parts.padding);
        Tokens { ids, length, truncated }
    }
}

impl Parts {
    /// What stands before the first special token, the token, and what stands after it.
    fn split<'a>(&self, text: &'a str) -> (&'a str, Option<u32>, &'a str) {
        for (at, _) in text.match_indices('[') {
            let found = self.special.iter().find(|(content, _)| text[at..].starts_with(content));
            if let Some((content, id)) = found {
                return (&text[..at], Some(*id), &text[at + content.len()..]);
            }
        }
        (text, None, "")
    }

    /// Appends the pieces of a word, at each place the longest one: `WordpieceTokenizer`.
    fn encode_word(&self, word: &str, ids: &mut Vec<u32>) {
        let start = ids.len();
        if word.chars().nth(LONGEST).is_some() {
            ids.push(self.unknown);
            return;
        }
        let ends: Vec<usize> = word.char_indices().map(|(at, letter)| at + letter.len_utf8()).rev().collect();
        let (mut at, mut piece) = (0, String::new());
        while at < word.len() {
            let longest = ends.iter().take_while(|&&end| end > at).find_map(|&end| {
                piece.clear();
                piece.push_str(if at == 0 { "" } else { "##" });
                piece.push_str(&word[at..end]);
                Some((end, *self.vocabulary.get(&piece)?))
            });
            let Some((end, id)) = longest else {
                ids.truncate(start);
                ids.push(self.unknown);
                return;
            };
            ids.push(id);
            at = end;
        }
    }
}
