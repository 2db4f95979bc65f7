//! Tokens of the other scorers' tokenizers, id for id: open_clip's `SimpleTokenizer` (HPS v2) and
//! transformers' `BertTokenizer` (ImageReward).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use pickscore_tokens::{BertTokenizer, OpenClipTokenizer, Tokens, WordPieceError};
use serde_json::{Value, json};

fn inflate(deflated: &[u8]) -> Vec<u8> {
    miniz_oxide::inflate::decompress_to_vec_zlib(deflated).unwrap()
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, later) = rest.split_at(count);
    *rest = later;
    taken
}

fn short(rest: &mut &[u8]) -> u16 {
    u16::from_le_bytes(take(rest, 2).try_into().unwrap())
}

/// The strings with which `tests/parity/tokens.rs` compares CLIP's tokenizer.
fn strings() -> Vec<String> {
    let bytes = inflate(include_bytes!("fixtures/tokens/strings.bin"));
    let (mut rest, mut found) = (bytes.as_slice(), Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(take(&mut rest, 4).try_into().unwrap()) as usize;
        found.push(String::from_utf8(take(&mut rest, length).to_vec()).unwrap());
        take(&mut rest, 4);
        let count = usize::from(short(&mut rest));
        take(&mut rest, 2 * count);
    }
    assert!(found.len() >= 24_000);
    found
}

/// The low half of the CRC-32 of the ids.
fn sum<'a>(all: impl IntoIterator<Item = &'a Tokens>) -> u16 {
    let ids = all.into_iter().flat_map(|tokens| &tokens.ids);
    let bytes: Vec<u8> = ids.flat_map(|&id| u16::try_from(id).unwrap().to_le_bytes()).collect();
    crc32fast::hash(&bytes) as u16
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
fn open_clip_equals_the_reference() {
    let bytes = inflate(include_bytes!("fixtures/tokens/open_clip.bin"));
    let mut rest = bytes.as_slice();
    let mut cases: Vec<(String, u16)> = strings().into_iter().map(|text| (text, short(&mut rest))).collect();
    while !rest.is_empty() {
        let length = short(&mut rest).into();
        let text = String::from_utf8(take(&mut rest, length).to_vec()).unwrap();
        cases.push((text, short(&mut rest)));
    }
    assert!(cases.len() >= 30_000);
    let tokenizer = OpenClipTokenizer::clip();
    cases.retain(|(text, expected)| sum([&tokenizer.encode(text, 77)]) != *expected);
    assert_none(&cases.into_iter().map(|(text, _)| text).collect::<Vec<_>>());
}

/// Splits a fixture of `tests/parity/reference/bert.py` into its vocabulary and the rest.
fn vocabulary(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap();
    (&bytes[..end], &bytes[end + 1..])
}

fn compare_bert(deflated: &[u8]) {
    let bytes = inflate(deflated);
    let (vocabulary, mut rest) = vocabulary(&bytes);
    let tokenizer = BertTokenizer::from_vocabulary(vocabulary).unwrap();
    let mut wrong = Vec::new();
    for text in strings() {
        let (length, expected) = (short(&mut rest), short(&mut rest));
        let changed = String::from_utf8(take(&mut rest, length.into()).to_vec()).unwrap();
        let text = if changed.is_empty() { text } else { changed };
        if sum([&tokenizer.encode(&text, 35)]) != expected {
            wrong.push(text);
        }
    }
    for block in 0..0x400 {
        let letters = (block * 256..(block + 1) * 256).filter_map(char::from_u32);
        let all: Vec<Tokens> =
            letters.map(|letter| tokenizer.encode(&format!("{letter} a{letter}b"), 35)).collect();
        if sum(&all) != short(&mut rest) {
            wrong.push(format!("U+{:04X} to U+{:04X}", block * 256, block * 256 + 255));
        }
    }
    assert!(rest.is_empty());
    assert_none(&wrong);
}

#[test]
fn bert_equals_the_reference() {
    compare_bert(include_bytes!("fixtures/tokens/bert.bin"));
}

/// Compares all strings with the published vocabulary: `BERT_FIXTURE` is the path of the file that
/// `tests/parity/reference/bert.py` writes for it. `image_reward.rs` compares a few without it.
#[test]
fn the_published_bert_equals_the_reference() {
    if let Some(path) = std::env::var_os("BERT_FIXTURE") {
        compare_bert(&std::fs::read(path).unwrap());
    }
}

fn small() -> BertTokenizer {
    let tokens = "[PAD] [UNK] [CLS] [SEP] [MASK] cat ##s a c ##a ##t ,";
    BertTokenizer::from_vocabulary(tokens.replace(' ', "\r\n").as_bytes()).unwrap()
}

#[test]
fn bert_pads_truncates_and_knows_special_tokens() {
    let tokens = small().encode("Cáts, cat dog [MASK][ENC]", 10);
    assert_eq!(tokens, Tokens { ids: vec![2, 5, 6, 11, 5, 1, 4, 13, 3, 0], length: 9, truncated: false });
    let tokens = small().encode("cats cats", 5);
    assert_eq!(tokens, Tokens { ids: vec![2, 5, 6, 5, 3], length: 5, truncated: true });
    assert_eq!(small().encode(&"c".repeat(101), 3).ids, [2, 1, 3]);
}

#[test]
fn a_tokenizer_json_is_a_vocabulary_with_settings() {
    let vocab = json!({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "cat": 5});
    let mut file = json!({
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "vocab": vocab, "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
    });
    let read = |file: &Value| BertTokenizer::from_json(file.to_string().as_bytes());
    assert_eq!(read(&file).unwrap().encode("Cat [DEC]", 4).ids, [2, 5, 6, 3]);
    file["normalizer"]["lowercase"] = json!(false);
    let error = read(&file).unwrap_err();
    assert!(error.to_string().contains("normalizer.lowercase"), "{error}");
    assert!(matches!(BertTokenizer::from_json(b"{"), Err(WordPieceError::Malformed { .. })));
    assert!(matches!(BertTokenizer::from_vocabulary(b"\xff"), Err(WordPieceError::Malformed { .. })));
    assert!(matches!(BertTokenizer::from_vocabulary(b"cat"), Err(WordPieceError::Missing { .. })));
    let long = vec![b' '; (16 << 20) + 1];
    assert!(matches!(BertTokenizer::from_vocabulary(&long), Err(WordPieceError::TooLong { .. })));
}

#[test]
fn a_hostile_prompt_ends() {
    let (open_clip, bert) = (OpenClipTokenizer::clip(), small());
    for prompt in [
        &*format!("é&{}", "amp;".repeat(100_000)),
        &"Ã".repeat(100_000),
        &"â€™".repeat(50_000),
        &"&#".repeat(100_000),
        &format!("é&#{}", "9".repeat(100_000)),
        &"\x1b[".repeat(100_000),
        &"é<\n".repeat(50_000),
        &"ﷺ\u{344}".repeat(50_000),
        &"[".repeat(500_000),
        &"c".repeat(500_000),
        &" [CLS".repeat(100_000),
    ] {
        assert_eq!(open_clip.encode(prompt, 77).ids.len(), 77);
        assert_eq!(bert.encode(prompt, 35).ids.len(), 35);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]
    /// Any text, and bytes of UTF-8 read as Latin-1, entities and escapes.
    #[test]
    fn any_string_has_a_start_and_an_end(
        any: String,
        damaged in "([\u{80}-\u{ff}\x1a?é€™œ\u{fffd} ]|&[#a-zA-Z0-9]{0,5};?|\x1b\\[[0-9;]*m?|<|\n|\\[(CLS|SEP)\\]){0,40}",
        context in 2usize..100,
    ) {
        for text in [any, damaged] {
            for (tokens, start, end) in
                [(OpenClipTokenizer::clip().encode(&text, context), 49406, 49407), (small().encode(&text, context), 2, 3)]
            {
                assert_eq!((tokens.ids.len(), tokens.ids[0], tokens.ids[tokens.length - 1]), (context, start, end));
            }
        }
    }
}
