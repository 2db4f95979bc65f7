//! The fuzz targets' properties on generated and damaged input, for compilers without a fuzzer.

#[path = "../fuzz/properties.rs"]
#[allow(clippy::expect_used, reason = "a property says so by failing")]
mod properties;

mod common;

use common::{TINY, safetensors, tiny_tensors};
use proptest::{prelude::*, sample::Index};

/// A change to a text or file.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte, replaced.
    Replace(Index, u8),
    /// A piece, left out.
    Cut(Index, usize),
    /// A piece, said twice.
    Repeat(Index, usize),
    /// Something that means something in JSON or a header, put in.
    Insert(Index, &'static [u8]),
}

const WORDS: [&[u8]; 18] = [
    b"null",
    b"-1",
    b"0",
    b"1e999",
    b"18446744073709551615",
    b"9007199254740993",
    b"[]",
    b"{}",
    b"\"\"",
    b"[[[[[[[[",
    b"{\"a\":",
    b"\\u0000",
    b"\\ud800",
    b"\"F64\"",
    b"\"BF16\"",
    b"true",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
];

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (any::<Index>(), 1usize..40).prop_map(|(at, length)| Damage::Cut(at, length)),
        (any::<Index>(), 1usize..40).prop_map(|(at, length)| Damage::Repeat(at, length)),
        (any::<Index>(), prop::sample::select(WORDS.to_vec()))
            .prop_map(|(at, word)| Damage::Insert(at, word)),
    ]
}

/// `bytes` with each damage done in turn.
fn damaged(bytes: &[u8], list: &[Damage]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in list {
        if bytes.is_empty() {
            break;
        }
        let piece = |at: usize, length: usize, all: usize| at..(at + length).min(all);
        match damage {
            Damage::Replace(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Cut(at, length) => drop(bytes.drain(piece(at.index(bytes.len()), *length, bytes.len()))),
            Damage::Repeat(at, length) => {
                let piece = piece(at.index(bytes.len()), *length, bytes.len());
                let copy = bytes[piece.clone()].to_vec();
                bytes.splice(piece.start..piece.start, copy);
            }
            Damage::Insert(at, word) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, word.iter().copied());
            }
        }
    }
    bytes
}

const TOKENIZER: &str = r##"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [
    {"id": 10, "content": "<|startoftext|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": true},
    {"id": 11, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
  "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"}]},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"}, "behavior": "Removed", "invert": true}, {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}]},
  "post_processor": {"type": "RobertaProcessing", "sep": ["<|endoftext|>", 11], "cls": ["<|startoftext|>", 10], "trim_offsets": false, "add_prefix_space": false},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "dropout": null, "unk_token": "<|endoftext|>", "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false,
    "vocab": {"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab": 4, "ab</w>": 5, "<|startoftext|>": 10, "<|endoftext|>": 11}, "merges": ["a b", "a b</w>"]}}"##;

const PREPROCESSOR: &str = r#"{"crop_size": {"height": 32, "width": 32}, "do_center_crop": true, "do_convert_rgb": true, "do_normalize": true, "do_rescale": true, "do_resize": true,
    "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 32}}"#;

const OPEN_CLIP: &str = r#"{"model_cfg": {"embed_dim": 40, "quick_gelu": true, "vision_cfg": {"image_size": 48, "layers": 3, "width": 80, "head_width": 20, "patch_size": 12},
    "text_cfg": {"context_length": 24, "vocab_size": 150, "width": 64, "heads": 4, "layers": 3}}, "preprocess_cfg": {"mean": [0.4, 0.4, 0.4]}}"#;

const INDEX: &str = r#"{"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_safetensors(mode: u8, list in prop::collection::vec(damage(), 0..4)) {
        let whole = safetensors(&tiny_tensors());
        let whole = if mode & 1 == 0 { &whole[..] } else { &whole[8..] };
        properties::safetensors(&[&[mode], &damaged(whole, &list)[..]].concat());
    }

    #[test]
    fn any_checkpoint(which in 0usize..3, piece: u8, list in prop::collection::vec(damage(), 0..4)) {
        let name = ["state_dict.pt", "state_dict_legacy.pt", "shared.pt"][which];
        let whole = file(&format!("parity/fixtures/torch/{name}"));
        // As a file: a multiple of three.
        properties::checkpoint(&[&[piece / 3 * 3], &damaged(&whole, &list)[..]].concat());
    }

    #[test]
    fn any_text(text in "\\PC{0,60}|[\\x00-\\x7f]{0,200}|(['a-c <>|&;0-9\\n]){0,200}") {
        properties::tokenizer(text.as_bytes());
    }

    #[test]
    fn any_tokenizer(list in prop::collection::vec(damage(), 1..4)) {
        properties::tokenizer(&damaged(TOKENIZER.as_bytes(), &list));
    }

    #[test]
    fn any_configuration(which in 0usize..4, list in prop::collection::vec(damage(), 0..4)) {
        properties::configuration(&damaged([TINY, PREPROCESSOR, OPEN_CLIP, INDEX][which].as_bytes(), &list));
    }
}

fn file(path: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(path);
    std::fs::read(&path).unwrap_or_default()
}

/// A round with answers, as it is stored.
const ROUND: &str = r#"{"round_version":1,"settings":{"mode":"winner-stays","seed":7,"images":[
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13"],"controlRate":0.1},"answers":[],"pair":null}"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_dataset(which in 0usize..3, list in prop::collection::vec(damage(), 1..4)) {
        let name = ["pandas", "pyarrow-2", "duckdb"][which];
        properties::dataset(&damaged(&file(&format!("dataset/fixtures/{name}.parquet")), &list));
    }

    #[test]
    fn any_contribution(kind in 0u8..3, list in prop::collection::vec(damage(), 1..4)) {
        let whole = if kind == 1 { file("dataset/fixtures/pandas.parquet") } else { file("records/v1.json") };
        properties::contribution(&[&[kind], &damaged(&whole, &list)[..]].concat());
    }

    #[test]
    fn any_record(which in 0usize..2, list in prop::collection::vec(damage(), 0..4)) {
        let records: Vec<serde_json::Value> = serde_json::from_slice(&file("records/v1.json")).unwrap_or_default();
        let record = records[which].to_string();
        properties::record(&damaged([record.as_str(), ROUND][which].as_bytes(), &list));
    }

    #[test]
    fn any_metadata(which in 0usize..4, list in prop::collection::vec(damage(), 1..4)) {
        let name = ["automatic1111.jpg", "comfyui.png", "fooocus.webp", "ztxt.png"][which];
        properties::metadata(&damaged(&file(&format!("metadata/fixtures/{name}")), &list));
    }
}

#[test]
fn the_undamaged_inputs_are_good() {
    use pickscore::{config::ClipConfig, pixels::Processor, tokens::Tokenizer, weights::ShardIndex};
    assert!(Tokenizer::from_json(TOKENIZER.as_bytes()).is_ok());
    assert!(
        ClipConfig::from_json(TINY.as_bytes()).is_ok() && ClipConfig::from_json(OPEN_CLIP.as_bytes()).is_ok()
    );
    assert!(Processor::from_json(PREPROCESSOR.as_bytes(), 32).is_ok());
    assert!(ShardIndex::parse("index", INDEX.as_bytes()).is_ok());
    for path in ["dataset/fixtures/pandas.parquet", "records/v1.json", "metadata/fixtures/comfyui.png"] {
        assert!(!file(path).is_empty(), "{path}");
    }
}
