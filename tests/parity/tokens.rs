//! Compares tokens with transformers' `CLIPTokenizerFast`, id for id.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use pickscore_tokens::{Tokenizer, TokenizerError};
use serde_json::{Value, json};

const CONTEXT: usize = 77;

struct Record {
    text: String,
    /// Number of tokens before truncation, with start and end tokens.
    whole: usize,
    ids: Vec<u32>,
}

fn records(deflated: &[u8]) -> Vec<Record> {
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(deflated).unwrap();
    let mut rest = bytes.as_slice();
    let mut take = |count: usize| {
        let (taken, later) = rest.split_at(count);
        rest = later;
        (taken, later.is_empty())
    };
    let mut found = Vec::new();
    loop {
        let length = u32::from_le_bytes(take(4).0.try_into().unwrap()) as usize;
        let text = String::from_utf8(take(length).0.to_vec()).unwrap();
        let whole = u32::from_le_bytes(take(4).0.try_into().unwrap()) as usize;
        let count = usize::from(u16::from_le_bytes(take(2).0.try_into().unwrap()));
        let (ids, last) = take(2 * count);
        let ids = ids.chunks(2).map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]]))).collect();
        found.push(Record { text, whole, ids });
        if last {
            return found;
        }
    }
}

fn compare(tokenizer: &Tokenizer, records: &[Record]) {
    for record in records {
        let tokens = tokenizer.encode(&record.text, CONTEXT);
        assert_eq!(tokens.ids[..tokens.length], record.ids, "{:?}", record.text);
        assert_eq!(tokens.truncated, record.whole > CONTEXT, "{:?}", record.text);
        assert_eq!(tokens.ids.len(), CONTEXT);
        assert!(tokens.ids[tokens.length..].iter().all(|&id| id == tokenizer.end()));
        // The same text without truncation, and truncated to a shorter length.
        let long = tokenizer.encode(&record.text, record.whole.max(2));
        assert_eq!((long.length, long.truncated), (record.whole.max(2), false), "{:?}", record.text);
        let short = tokenizer.encode(&record.text, 16);
        assert_eq!(short.ids[..short.length - 1], record.ids[..short.length - 1]);
        assert_eq!(short.ids[short.length - 1], tokenizer.end());
        assert_eq!(short.truncated, record.whole > 16);
    }
}

#[test]
fn the_published_vocabulary_equals_the_reference() {
    let records = records(include_bytes!("fixtures/tokens/strings.bin"));
    assert!(records.len() >= 20_000);
    compare(&Tokenizer::clip(), &records);
}

#[test]
fn every_code_point_equals_the_reference() {
    let expected = include_bytes!("fixtures/tokens/code_points.bin").as_chunks::<4>().0;
    assert_eq!(expected.len(), 0x1100);
    let tokenizer = Tokenizer::clip();
    let mut wrong = Vec::new();
    for (block, sum) in (0u32..).zip(expected) {
        let mut crc = crc32fast::Hasher::new();
        for letter in (block * 256..(block + 1) * 256).filter_map(char::from_u32) {
            for text in [letter.to_string(), format!("a{letter}b")] {
                let tokens = tokenizer.encode(&text, CONTEXT);
                for &id in &tokens.ids[..tokens.length] {
                    crc.update(&u16::try_from(id).unwrap().to_le_bytes());
                }
            }
        }
        if crc.finalize() != u32::from_le_bytes(*sum) {
            wrong.push(format!("U+{:04X}", block * 256));
        }
    }
    assert!(wrong.is_empty(), "blocks of 256 that differ: {wrong:?}");
}

const SMALL: &str = include_str!("fixtures/tokens/small.json");

#[test]
fn a_tokenizer_json_equals_the_reference() {
    let tokenizer = Tokenizer::from_json(SMALL.as_bytes()).unwrap();
    assert_eq!((tokenizer.start(), tokenizer.end()), (1, 2));
    compare(&tokenizer, &records(include_bytes!("fixtures/tokens/small.bin")));
}

#[test]
fn older_merges_and_templates_are_the_same() {
    let mut json: Value = serde_json::from_str(SMALL).unwrap();
    for merge in json["model"]["merges"].as_array_mut().unwrap() {
        *merge = format!("{} {}", merge[0].as_str().unwrap(), merge[1].as_str().unwrap()).into();
    }
    json["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                   {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "pair": [],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}},
    });
    let tokenizer = Tokenizer::from_json(json.to_string().as_bytes()).unwrap();
    compare(&tokenizer, &records(include_bytes!("fixtures/tokens/small.bin")));
}

#[test]
fn what_differs_is_refused_by_name() {
    let cases = [
        ("/model/type", json!("WordPiece"), "model.type"),
        ("/model/end_of_word_suffix", json!(null), "model.end_of_word_suffix"),
        ("/model/continuing_subword_prefix", json!("##"), "model.continuing_subword_prefix"),
        ("/model/dropout", json!(0.1), "model.dropout"),
        // Not every byte is in the vocabulary.
        ("/model/fuse_unk", json!(true), "model.fuse_unk"),
        ("/model/byte_fallback", json!(true), "model.byte_fallback"),
        ("/truncation", json!({"direction": "Up"}), "truncation.direction"),
        ("/normalizer/normalizers/0/type", json!("NFKC"), "normalizer"),
        ("/normalizer", json!(null), "normalizer"),
        ("/pre_tokenizer/pretokenizers/0/pattern/Regex", json!("\\w+"), "pre_tokenizer"),
        ("/pre_tokenizer/pretokenizers/1/add_prefix_space", json!(true), "pre_tokenizer"),
        ("/post_processor", json!(null), "post_processor"),
        ("/post_processor", json!({"type": "Sequence", "processors": []}), "post_processor"),
        ("/added_tokens", json!(vec![json!({"id": 0, "content": "a"}); 4097]), "added_tokens"),
    ];
    for (pointer, value, part) in cases {
        let mut json: Value = serde_json::from_str(SMALL).unwrap();
        *json.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not there")) = value;
        let Err(error) = Tokenizer::from_json(json.to_string().as_bytes()) else {
            panic!("{pointer} is read")
        };
        assert!(
            matches!(&error, TokenizerError::Unsupported { part: found, .. } if found == part),
            "{error}"
        );
    }
}

/// CLIP's `tokenizer.json`, rebuilt from the library's vocabulary.
fn clip_json() -> Value {
    let vocabulary = Tokenizer::clip().vocabulary();
    let spelling = |id: &u32| vocabulary.spellings[id].clone();
    let merges: Vec<Value> = vocabulary
        .merges
        .iter()
        .map(|[first, second, _]| json!([spelling(first), spelling(second)]))
        .collect();
    let mut vocab: serde_json::Map<String, Value> =
        vocabulary.spellings.iter().map(|(id, spelling)| (spelling.clone(), json!(id))).collect();
    let mut json: Value = serde_json::from_str(SMALL).unwrap();
    let special = [("<|startoftext|>", 49406), ("<|endoftext|>", 49407)];
    let added = |(content, id)| json!({"id": id, "content": content, "special": true, "normalized": true});
    json["added_tokens"] = special.map(added).to_vec().into();
    vocab.extend(special.map(|(content, id)| (content.to_owned(), json!(id))));
    json["model"]["vocab"] = vocab.into();
    json["model"]["merges"] = merges.into();
    json["model"]["unk_token"] = json!("<|endoftext|>");
    json["post_processor"]["cls"] = json!(["<|startoftext|>", 49406]);
    json["post_processor"]["sep"] = json!(["<|endoftext|>", 49407]);
    json
}

/// Changes that occur in people's files, applied to CLIP's own file and to a small one.
#[test]
fn variants_of_tokenizer_json_equal_the_reference() {
    let json =
        miniz_oxide::inflate::decompress_to_vec_zlib(include_bytes!("fixtures/tokens/variants.json.zlib"))
            .unwrap();
    let variants: Vec<Value> = serde_json::from_slice(&json).unwrap();
    assert_eq!(variants.len(), 16);
    for variant in &variants {
        let mut json =
            if variant["base"] == "clip" { clip_json() } else { serde_json::from_str(SMALL).unwrap() };
        for (pointer, value) in variant["changes"].as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            json.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        let tokenizer = Tokenizer::from_json(json.to_string().as_bytes()).unwrap();
        let records: Vec<Record> = variant["cases"].as_array().unwrap().iter().map(record).collect();
        println!("{}: {} texts", variant["name"], records.len());
        let keeps_end = json["truncation"]["direction"] == "Left";
        for Record { text, whole, ids } in &records {
            let tokens = tokenizer.encode(text, CONTEXT);
            assert_eq!(tokens.ids[..tokens.length], *ids, "{}: {text:?}", variant["name"]);
            assert_eq!(tokens.truncated, *whole > CONTEXT, "{}: {text:?}", variant["name"]);
        }
        if !keeps_end {
            compare(&tokenizer, &records);
        }
        if variant["name"] == "published" {
            compare(&Tokenizer::clip(), &records);
        }
    }
}

fn record(case: &Value) -> Record {
    let ids = case[2].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
    Record { text: case[0].as_str().unwrap().into(), whole: case[1].as_u64().unwrap() as usize, ids }
}

#[test]
fn hostile_json_is_refused() {
    let refuse = |json: &[u8]| Tokenizer::from_json(json).unwrap_err().to_string();
    assert!(refuse(b"").contains("cannot be read"));
    assert!(refuse(b"\xff").contains("cannot be read"));
    assert!(refuse("[".repeat(100_000).as_bytes()).contains("cannot be read"));
    assert!(refuse(b"{\"model\": {\"vocab\": {}}}").contains("missing field `merges`"));
    assert!(refuse(&vec![b' '; (32 << 20) + 1]).contains("expected at most 33554432"));
    let mut json: Value = serde_json::from_str(SMALL).unwrap();
    json["model"]["merges"][0] = json!(["a", "no such token"]);
    assert!(refuse(json.to_string().as_bytes()).contains("uses the token \"no such token\""));
}

#[test]
fn a_very_long_prompt_ends() {
    let tokenizer = Tokenizer::clip();
    for prompt in
        ["a".repeat(2_000_000), "a b ".repeat(500_000), "\u{301}".repeat(500_000), " ".repeat(2_000_000)]
    {
        let tokens = tokenizer.encode(&prompt, CONTEXT);
        assert_eq!(tokens.ids.len(), CONTEXT);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_string_has_a_start_an_end_and_known_tokens(text: String, context in 2usize..100) {
        let tokenizer = Tokenizer::clip();
        let tokens = tokenizer.encode(&text, context);
        assert_eq!(tokens.ids.len(), context);
        assert_eq!(tokens.ids[0], tokenizer.start());
        assert_eq!(tokens.ids[tokens.length - 1], tokenizer.end());
        assert!(tokens.ids.iter().all(|&id| id < 49408));
    }
}
