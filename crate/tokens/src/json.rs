//! Reads Hugging Face's `tokenizer.json` of CLIP tokenizers.
//!
//! Every setting that affects the tokens is compared with the output of transformers'
//! `CLIPConverter` (4.x) and `CLIPTokenizer` (5.x). Any other value is an error that names the
//! setting.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    added::{AddedToken, AddedTokens},
    bpe::{Bpe, byte_character},
    classes::SpecialWords,
    error::TokenizerError,
    tokenizer::{Parts, Tokenizer},
};

/// Maximum size of the file in bytes; CLIP's has 2 MB.
const MAX_LENGTH: usize = 32 << 20;
/// Maximum number of added tokens: each is compared with all earlier ones.
const MAX_ADDED: usize = 4096;
/// Maximum length of a value quoted in an error message.
const MAX_QUOTED: usize = 120;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    truncation: Value,
    #[serde(default)]
    added_tokens: Vec<Added>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    model: Model,
}

/// An added token. The `id` field is not read, because the reference assigns its own ids.
#[derive(Deserialize)]
struct Added {
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
    #[serde(default)]
    special: bool,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type", default = "bpe")]
    kind: String,
    vocab: HashMap<String, u32>,
    merges: Vec<Merge>,
    unk_token: Option<String>,
    end_of_word_suffix: Option<String>,
    continuing_subword_prefix: Option<String>,
    #[serde(default)]
    dropout: Option<f64>,
    #[serde(default)]
    fuse_unk: bool,
    #[serde(default)]
    byte_fallback: bool,
    #[serde(default)]
    ignore_merges: bool,
}

fn bpe() -> String {
    "BPE".into()
}

/// A merge; older files join its two parts with a space.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Joined(String),
    Pair(String, String),
}

pub(super) fn read(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    if bytes.len() > MAX_LENGTH {
        return Err(TokenizerError::TooLong { found: bytes.len(), most: MAX_LENGTH });
    }
    let file = serde_json::from_slice::<File>(bytes);
    let file = file.map_err(|error| TokenizerError::Malformed { reason: error.to_string() })?;
    check_normalizer(&file.normalizer)?;
    let special_words = words(&file.pre_tokenizer)?;
    let keeps_end = keeps_end(&file.truncation)?;
    check_model(&file.model)?;
    let (start, end) = special(&file.post_processor)?;
    let bpe = build(&file.model)?;
    let added = added(file.added_tokens, &file.model.vocab)?;
    Ok(Tokenizer::new(Parts { bpe, added, start, end, special_words, keeps_end }))
}

/// Assigns ids to the added tokens.
fn added(listed: Vec<Added>, vocabulary: &HashMap<String, u32>) -> Result<AddedTokens, TokenizerError> {
    if listed.len() > MAX_ADDED {
        let found = format!("a list of {} tokens", listed.len());
        return Err(unsupported("added_tokens", &found, &format!("at most {MAX_ADDED} tokens")));
    }
    let token = |Added { content, single_word, lstrip, rstrip, normalized, special }| AddedToken {
        content,
        single_word,
        lstrip,
        rstrip,
        normalized,
        special,
    };
    let tokens = listed.into_iter().map(token).collect();
    let added = AddedTokens::new(tokens, |content| vocabulary.get(content).copied(), vocabulary.len());
    added.map_err(|content| {
        unsupported(
            "added_tokens",
            &format!("{content:?} after the id {}", u32::MAX),
            "a free id for each token",
        )
    })
}

/// Checks the settings of the normaliser.
fn check_normalizer(found: &Value) -> Result<(), TokenizerError> {
    let expected = json!({"type": "Sequence", "normalizers": [
        {"type": "NFC"},
        {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
        {"type": "Lowercase"},
    ]});
    same("normalizer", found, &expected)
}

/// Checks the settings of the pre-tokenizer and returns how it treats special tokens.
fn words(found: &Value) -> Result<SpecialWords, TokenizerError> {
    const PATTERN: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    const SPECIAL: &str = r"<\|startoftext\|>|<\|endoftext\|>|";
    let mut rest = found.clone();
    // With `use_regex`, `ByteLevel` splits each word again with GPT-2's expression, which only
    // changes special tokens.
    let mut cuts_again = true;
    if let Some(byte_level) = rest.pointer_mut("/pretokenizers/1").and_then(Value::as_object_mut) {
        cuts_again = byte_level.remove("use_regex").is_none_or(|value| value != false);
        // Offsets are not used.
        byte_level.remove("trim_offsets");
    }
    let mut special = false;
    if let Some(pattern) = rest.pointer_mut("/pretokenizers/0/pattern/Regex")
        && let Some(plain) = pattern.as_str().and_then(|pattern| pattern.strip_prefix(SPECIAL))
    {
        (*pattern, special) = (plain.into(), true);
    }
    let expected = json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Removed", "invert": true},
        {"type": "ByteLevel", "add_prefix_space": false},
    ]});
    same("pre_tokenizer", &rest, &expected)?;
    Ok(match (special, cuts_again) {
        (false, _) => SpecialWords::Text,
        (true, false) => SpecialWords::Whole,
        (true, true) => SpecialWords::Cut,
    })
}

/// Whether truncation keeps the end of a long prompt. The file's maximum length is ignored, because
/// the model's context length applies. Padding is ignored, because it comes after the end token,
/// where the model does not attend to it.
fn keeps_end(truncation: &Value) -> Result<bool, TokenizerError> {
    match &truncation["direction"] {
        Value::Null => Ok(false),
        Value::String(right) if right == "Right" => Ok(false),
        Value::String(left) if left == "Left" => Ok(true),
        other => Err(unsupported("truncation.direction", &other.to_string(), "\"Right\" or \"Left\"")),
    }
}

fn same(part: &str, found: &Value, expected: &Value) -> Result<(), TokenizerError> {
    if found == expected { Ok(()) } else { Err(unsupported(part, &found.to_string(), &expected.to_string())) }
}

fn unsupported(part: &str, found: &str, expected: &str) -> TokenizerError {
    let short = match found.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &found[..end]),
        None => found.into(),
    };
    TokenizerError::Unsupported { part: part.into(), found: short, expected: expected.into() }
}

fn check_model(model: &Model) -> Result<(), TokenizerError> {
    let part = |name: &str| format!("model.{name}");
    if model.kind != "BPE" {
        return Err(unsupported(&part("type"), &model.kind, "BPE"));
    }
    if model.end_of_word_suffix.as_deref() != Some("</w>") {
        let found = format!("{:?}", model.end_of_word_suffix);
        return Err(unsupported(&part("end_of_word_suffix"), &found, "\"</w>\""));
    }
    if model.continuing_subword_prefix.as_ref().is_some_and(|prefix| !prefix.is_empty()) {
        let found = format!("{:?}", model.continuing_subword_prefix);
        return Err(unsupported(&part("continuing_subword_prefix"), &found, "empty"));
    }
    if model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return Err(unsupported(&part("dropout"), &format!("{:?}", model.dropout), "none"));
    }
    // Both settings concern bytes without a token, so they have no effect if the vocabulary has all
    // bytes.
    let switches = [("fuse_unk", model.fuse_unk), ("byte_fallback", model.byte_fallback)];
    let has_every_byte = || byte_tokens().flatten().all(|token| model.vocab.contains_key(&token));
    match switches.iter().find(|(_, on)| *on && !has_every_byte()) {
        Some((name, _)) => Err(unsupported(&part(name), "true", "false")),
        None => Ok(()),
    }
}

/// The vocabulary entries of each byte: inside a word and at the end of a word.
fn byte_tokens() -> impl Iterator<Item = [String; 2]> {
    (0..=255).map(byte_character).map(|letter| [letter.to_string(), format!("{letter}</w>")])
}

/// The start and end tokens, from the post-processor.
fn special(processor: &Value) -> Result<(u32, u32), TokenizerError> {
    // `ByteLevel` as a post-processor only changes offsets.
    let parts = processor["processors"].as_array().filter(|_| processor["type"] == "Sequence");
    let mut parts = parts.into_iter().flatten().filter(|part| part["type"] != "ByteLevel");
    if let (Some(only), None) = (parts.next(), parts.next())
        && only["type"] != "Sequence"
    {
        return special(only);
    }
    let wrong = || {
        let expected =
            "RobertaProcessing, or TemplateProcessing with one token before the prompt and one after it";
        unsupported("post_processor", &processor.to_string(), expected)
    };
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    let found = match processor["type"].as_str() {
        Some("RobertaProcessing") => id(&processor["cls"][1]).zip(id(&processor["sep"][1])),
        Some("TemplateProcessing") => {
            let template = processor["single"].as_array().map(Vec::as_slice).unwrap_or_default();
            let token = |piece: &Value| {
                let name = piece["SpecialToken"]["id"].as_str()?;
                let ids = processor["special_tokens"].get(name)?["ids"].as_array()?;
                if let [only] = ids.as_slice() { id(only) } else { None }
            };
            match template {
                [before, prompt, after] if prompt["Sequence"]["id"] == "A" => token(before).zip(token(after)),
                _ => None,
            }
        }
        _ => None,
    };
    found.ok_or_else(wrong)
}

fn build(model: &Model) -> Result<Bpe, TokenizerError> {
    let unknown =
        |token: &str| TokenizerError::UnknownToken { token: token.chars().take(MAX_QUOTED).collect() };
    let id = |token: &str| model.vocab.get(token).copied();
    let outside = model.unk_token.as_deref().and_then(id);
    let mut bytes = [[0; 256]; 2];
    for (byte, spellings) in byte_tokens().enumerate() {
        for (end, token) in spellings.into_iter().enumerate() {
            bytes[end][byte] = id(&token).or(outside).ok_or_else(|| unknown(&token))?;
        }
    }
    let mut merges = HashMap::with_capacity(model.merges.len());
    for (rank, merge) in (0..).zip(&model.merges) {
        let (first, second) = match merge {
            Merge::Pair(first, second) => (first.as_str(), second.as_str()),
            Merge::Joined(joined) => joined.split_once(' ').ok_or_else(|| unknown(joined))?,
        };
        let merged = format!("{first}{second}");
        let ids = (id(first).ok_or_else(|| unknown(first))?, id(second).ok_or_else(|| unknown(second))?);
        merges.insert(ids, (rank, id(&merged).ok_or_else(|| unknown(&merged))?));
    }
    Ok(Bpe { bytes, merges, whole: model.ignore_merges.then(|| whole_words(&model.vocab)) })
}

/// The vocabulary's tokens as bytes, without tokens that do not represent bytes.
fn whole_words(vocabulary: &HashMap<String, u32>) -> HashMap<Vec<u8>, u32> {
    let bytes: HashMap<char, u8> = (0..=255).map(|byte| (byte_character(byte), byte)).collect();
    let spelled = |token: &str| -> Option<Vec<u8>> {
        token.chars().map(|letter| bytes.get(&letter).copied()).collect()
    };
    vocabulary.iter().filter_map(|(token, &id)| Some((spelled(token)?, id))).collect()
}
