//! Vocabularies of word pieces: `vocab.txt` and Hugging Face's `tokenizer.json`.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::WordPieceError;

/// Longest file that is read; the `tokenizer.json` of `bert-base-uncased` has 0.5 MB.
pub(super) const LONGEST: usize = 16 << 20;

fn check_length(bytes: &[u8]) -> Result<(), WordPieceError> {
    if bytes.len() > LONGEST {
        return Err(WordPieceError::TooLong { found: bytes.len(), most: LONGEST });
    }
    Ok(())
}

/// One token a line; its id is the number of lines before it.
pub(super) fn lines(bytes: &[u8]) -> Result<HashMap<String, u32>, WordPieceError> {
    check_length(bytes)?;
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|error| WordPieceError::Malformed { reason: error.to_string() })?;
    Ok(text.lines().map(str::to_owned).zip(0..).collect())
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<String, u32>,
    #[serde(rename = "type", default)]
    kind: Value,
    #[serde(default)]
    unk_token: Value,
    #[serde(default)]
    continuing_subword_prefix: Value,
    #[serde(default)]
    max_input_chars_per_word: Value,
}

pub(super) fn json(bytes: &[u8]) -> Result<HashMap<String, u32>, WordPieceError> {
    check_length(bytes)?;
    let file: File = serde_json::from_slice(bytes)
        .map_err(|error| WordPieceError::Malformed { reason: error.to_string() })?;
    let (normalizer, model) = (&file.normalizer, &file.model);
    let yes = [json!(true), json!(null)];
    for (part, found, expected) in [
        ("model.type", &model.kind, &[json!("WordPiece"), json!(null)][..]),
        ("model.unk_token", &model.unk_token, &[json!("[UNK]")]),
        ("model.continuing_subword_prefix", &model.continuing_subword_prefix, &[json!("##")]),
        ("model.max_input_chars_per_word", &model.max_input_chars_per_word, &[json!(100)]),
        ("pre_tokenizer.type", &file.pre_tokenizer["type"], &[json!("BertPreTokenizer")]),
        ("normalizer.type", &normalizer["type"], &[json!("BertNormalizer")]),
        ("normalizer.clean_text", &normalizer["clean_text"], &yes[..1]),
        ("normalizer.handle_chinese_chars", &normalizer["handle_chinese_chars"], &yes[..1]),
        ("normalizer.strip_accents", &normalizer["strip_accents"], &yes),
        ("normalizer.lowercase", &normalizer["lowercase"], &yes[..1]),
    ] {
        if !expected.contains(found) {
            let found: String = found.to_string().chars().take(120).collect();
            return Err(WordPieceError::Unsupported { part, found, expected: expected[0].to_string() });
        }
    }
    Ok(file.model.vocab)
}
