//! Tokenizes prompts: prompt → [`Tokens`].
//!
//! ```text
//! prompt ─► NFC, white space to one space, lowercase
//!        ─► words (letters | one digit | other characters) ─► bytes ─► BPE ─► ids
//! ```
//!
//! The ids are identical to those of transformers' `CLIPTokenizerFast` (4.57) with the published
//! vocabulary, which is built in.

mod added;
mod bert;
mod bpe;
mod classes;
mod clean;
mod error;
mod json;
mod normalize;
mod open_clip;
mod published;
mod set;
mod tokenizer;
mod vocabulary;

pub use bert::{BertTokenizer, WordPieceError};
pub use error::TokenizerError;
pub use open_clip::OpenClipTokenizer;
pub use tokenizer::{Tokenizer, Tokens};
pub use vocabulary::Vocabulary;

impl Tokenizer {
    /// CLIP's tokenizer with the published vocabulary of 49,408 tokens, which is built in.
    pub fn clip() -> Self {
        published::tokenizer()
    }

    /// Reads the `tokenizer.json` (Hugging Face) of a CLIP model.
    ///
    /// # Errors
    ///
    /// Returns an error if the file does not describe a byte-level BPE like CLIP's. The error names
    /// the setting that differs.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TokenizerError> {
        json::read(bytes)
    }
}
