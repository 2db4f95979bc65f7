//! Hugging Face's `tokenizer.json`, as far as CLIP's own goes.
//!
//! Everything that would make other tokens is compared to what transformers' `CLIPConverter` writes; what differs is refused by name.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Tokenizer, TokenizerError,
    added::AddedTokens,
    bpe::{Bpe, byte_character},
    normalize::normalize,
};

/// Longest file that is read; CLIP's has 2 MB.
const LONGEST: usize = 32 << 20;
/// Most added tokens: each is looked for at every position of a prompt.
const MOST_ADDED: usize = 1024;
/// Longest value that a message repeats.
const QUOTED: usize = 120;

#[derive(Deserialize)]
struct File {
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

#[derive(Deserialize)]
struct Added {
    id: u32,
    content: String,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    normalized: bool,
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

/// Older files join the two parts with a space.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Joined(String),
    Pair(String, String),
}

pub(super) fn read(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    if bytes.len() > LONGEST {
        return Err(TokenizerError::TooLong { found: bytes.len(), most: LONGEST });
    }
    let file = serde_json::from_slice::<File>(bytes);
    let file = file.map_err(|error| TokenizerError::Malformed { reason: error.to_string() })?;
    check_text(&file)?;
    check_model(&file.model)?;
    let (start, end) = special(&file.post_processor)?;
    let bpe = build(&file.model)?;
    let mut added = AddedTokens::default();
    if file.added_tokens.len() > MOST_ADDED {
        let (found, expected) =
            (format!("{} tokens long", file.added_tokens.len()), format!("at most {MOST_ADDED}"));
        return Err(TokenizerError::Unsupported { part: "added_tokens".into(), found, expected });
    }
    for token in file.added_tokens {
        if token.single_word || token.lstrip || token.rstrip || token.content.is_empty() {
            let found =
                format!("{:?} with `single_word`, `lstrip` or `rstrip`, or without content", token.content);
            return Err(unsupported("added_tokens", &found, "tokens without these"));
        }
        if token.normalized {
            added.normalized.push((normalize(&token.content), token.id));
        } else {
            added.raw.push((token.content, token.id));
        }
    }
    Ok(Tokenizer::new(bpe, added, start, end))
}

/// How the text is normalised and cut.
fn check_text(file: &File) -> Result<(), TokenizerError> {
    let normalizer = json!({"type": "Sequence", "normalizers": [
        {"type": "NFC"},
        {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
        {"type": "Lowercase"},
    ]});
    same("normalizer", &file.normalizer, &normalizer)?;
    let pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
    let mut pre_tokenizer = file.pre_tokenizer.clone();
    if let Some(byte_level) = pre_tokenizer.pointer_mut("/pretokenizers/1").and_then(Value::as_object_mut) {
        // What words are cut by has been decided, and offsets are not asked for.
        byte_level.remove("use_regex");
        byte_level.remove("trim_offsets");
    }
    let expected = json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": true},
        {"type": "ByteLevel", "add_prefix_space": false},
    ]});
    same("pre_tokenizer", &pre_tokenizer, &expected)
}

fn same(part: &str, found: &Value, expected: &Value) -> Result<(), TokenizerError> {
    if found == expected { Ok(()) } else { Err(unsupported(part, &found.to_string(), &expected.to_string())) }
}

fn unsupported(part: &str, found: &str, expected: &str) -> TokenizerError {
    let short = match found.char_indices().nth(QUOTED) {
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
    let switches = [
        ("fuse_unk", model.fuse_unk),
        ("byte_fallback", model.byte_fallback),
        ("ignore_merges", model.ignore_merges),
    ];
    match switches.iter().find(|(_, on)| *on) {
        Some((name, _)) => Err(unsupported(&part(name), "true", "false")),
        None => Ok(()),
    }
}

/// Start and end token, from the part that puts them around a prompt.
fn special(processor: &Value) -> Result<(u32, u32), TokenizerError> {
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
    let unknown = |token: &str| TokenizerError::UnknownToken { token: token.chars().take(QUOTED).collect() };
    let id = |token: &str| model.vocab.get(token).copied();
    let outside = model.unk_token.as_deref().and_then(id);
    let mut bytes = [[0; 256]; 2];
    for byte in 0..=255u8 {
        let plain = byte_character(byte).to_string();
        for (end, token) in [plain.clone(), plain + "</w>"].into_iter().enumerate() {
            bytes[end][usize::from(byte)] = id(&token).or(outside).ok_or_else(|| unknown(&token))?;
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
    Ok(Bpe { bytes, merges })
}
