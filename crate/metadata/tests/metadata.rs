//! Metadata of image files: files made with the libraries that the generators use, and hostile
//! ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{fs, io::Write as _, path::Path, sync::LazyLock};

use common::png;
use flate2::{Compression, write::ZlibEncoder};
use pickscore_metadata::Metadata;
use proptest::prelude::*;
use serde_json::Value;

const GENERATORS: [&str; 14] = [
    "automatic1111",
    "civitai",
    "comfyui",
    "draw-things",
    "easy-diffusion",
    "fooocus",
    "huggingface-space",
    "invokeai",
    "midjourney",
    "novelai",
    "ruined-fooocus",
    "stability-matrix",
    "swarmui",
    "tensorart",
];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/metadata/fixtures")
}

fn expected() -> serde_json::Map<String, Value> {
    serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

#[test]
fn files_of_every_generator_are_read() {
    let expected = expected();
    assert!(expected.len() >= 20);
    for (name, expected) in expected {
        let found = Metadata::of(&fs::read(folder().join(&name)).unwrap());
        let text = |field: &str| expected.get(field).and_then(Value::as_str).map(str::to_owned);
        let number = |field: &str| expected.get(field).and_then(Value::as_f64);
        let expected = expected.is_object().then(|| Metadata {
            generator: GENERATORS.into_iter().find(|name| expected["generator"] == *name).unwrap(),
            prompt: text("prompt"),
            negative_prompt: text("negative_prompt"),
            seed: text("seed"),
            model: text("model"),
            steps: number("steps"),
            guidance: number("guidance"),
            sampler: text("sampler"),
            scheduler: text("scheduler"),
            width: number("width"),
            height: number("height"),
        });
        assert_eq!(found, expected, "{name}");
    }
}

/// Images reduced from bug reports about other readers. Only the listed fields are compared; a list
/// contains strings that must occur in the field.
#[test]
fn images_that_other_readers_misread() {
    let cases = fs::read(folder().join("cases.json")).unwrap();
    let cases: serde_json::Map<String, Value> = serde_json::from_slice(&cases).unwrap();
    assert!(cases.len() >= 21);
    for (name, expected) in cases {
        let found =
            Metadata::of(&fs::read(folder().join(&name)).unwrap()).unwrap_or_else(|| panic!("{name}"));
        let found = found.to_json();
        for (field, expected) in expected.as_object().unwrap() {
            match expected {
                Value::Array(parts) => {
                    for part in parts {
                        let text = found[field].as_str().unwrap();
                        assert!(text.contains(part.as_str().unwrap()), "{name}: {field} is {text}");
                    }
                }
                expected => assert_eq!(&found[field], expected, "{name}: {field}"),
            }
        }
        assert_eq!(found["negative_prompt"].is_null(), expected.get("negative_prompt").is_none(), "{name}");
    }
}

#[test]
fn json_has_every_field_and_whole_numbers_stay_whole() {
    let found = Metadata {
        generator: "automatic1111",
        prompt: Some("a fox".into()),
        seed: Some("12345678901234567890".into()),
        steps: Some(25.0),
        guidance: Some(7.5),
        width: Some(512.0),
        ..Metadata::default()
    };
    let expected = r#"{"generator":"automatic1111","prompt":"a fox","negative_prompt":null,"seed":"12345678901234567890","model":null,"steps":25,"guidance":7.5,"sampler":null,"scheduler":null,"width":512,"height":null}"#;
    assert_eq!(serde_json::to_string(&found).unwrap(), expected);
    assert_eq!(found.to_json(), serde_json::from_str::<Value>(expected).unwrap());
}

const TEXT: &str = "a fox\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1";

fn parameters(text: &[u8]) -> Vec<u8> {
    [b"parameters\0", text].concat()
}

#[test]
fn a_text_that_decompresses_to_gigabytes_is_skipped() {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b'a'; 1 << 20];
    (0..64).for_each(|_| packed.write_all(&zeros).unwrap());
    let bomb = [b"parameters\0\0".as_slice(), &packed.finish().unwrap()].concat();
    assert!(bomb.len() < 100_000);
    assert_eq!(Metadata::of(&png(&[(b"zTXt", bomb.clone())])), None);
    // Later chunks are read.
    let file = png(&[(b"zTXt", bomb), (b"tEXt", parameters(TEXT.as_bytes()))]);
    assert_eq!(Metadata::of(&file).unwrap().prompt.as_deref(), Some("a fox"));
}

#[test]
fn reading_stops_at_a_chunk_that_extends_past_the_end() {
    let mut file = png(&[(b"tEXt", parameters(TEXT.as_bytes()))]);
    assert!(Metadata::of(&file).is_some());
    file.extend([0xff, 0xff, 0xff, 0xff]);
    file.extend(b"tEXtparameters\0");
    assert!(Metadata::of(&file).is_some());
    file[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(Metadata::of(&file), None);
}

#[test]
fn the_number_of_texts_is_limited() {
    let mut chunks: Vec<(&[u8; 4], Vec<u8>)> =
        (0..10_000).map(|_| (b"tEXt", b"key\0text".to_vec())).collect();
    chunks.push((b"tEXt", parameters(TEXT.as_bytes())));
    assert_eq!(Metadata::of(&png(&chunks)), None);
}

#[test]
fn deep_json_and_cyclic_graphs_terminate() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = |key: &str, text: &str| png(&[(b"tEXt", [key.as_bytes(), b"\0", text.as_bytes()].concat())]);
    assert_eq!(Metadata::of(&text("invokeai_metadata", &format!("{{\"a\":{deep}}}"))), None);
    let circle = r#"{"1":{"class_type":"KSampler","inputs":{"positive":["2",0],"negative":["1",0],"seed":3,"model":["2",0]}},
        "2":{"class_type":"A","inputs":{"a":["3",0]}},"3":{"class_type":"B","inputs":{"text":["2",0],"b":["1",0]}}}"#;
    let found = Metadata::of(&text("prompt", circle)).unwrap();
    assert_eq!((found.prompt, found.seed.as_deref()), (None, Some("3")));
}

#[test]
fn values_of_other_types_are_skipped() {
    let json = r#"{"positive_prompt": ["a"], "negative_prompt": 5, "seed": 1.5, "model": "x", "steps": "many", "cfg_scale": "7.5", "width": null}"#;
    let file = png(&[(b"tEXt", [b"invokeai_metadata\0", json.as_bytes()].concat())]);
    assert_eq!(Metadata::of(&file), None);
    let json = json.replace("[\"a\"]", "\"a\"");
    let file = png(&[(b"tEXt", [b"invokeai_metadata\0", json.as_bytes()].concat())]);
    let expected = Metadata {
        generator: "invokeai",
        prompt: Some("a".into()),
        guidance: Some(7.5),
        ..Metadata::default()
    };
    assert_eq!(Metadata::of(&file), Some(expected));
}

/// All images in the fixtures.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let images = files.filter(|path| path.extension().is_some_and(|extension| extension != "json"));
    images.map(|path| fs::read(path).unwrap()).collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Reading a damaged file terminates without a panic.
    #[test]
    fn damaged_files_never_panic(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = FILES[which.index(FILES.len())].clone();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() * 4) + 1);
        let _ = Metadata::of(&bytes);
    }

    #[test]
    fn arbitrary_settings_never_panic(text in "\\PC{0,80}", line in "(Steps: 1, )?(\\PC{0,20}: \\PC{0,20}, ?){0,6}") {
        let _ = Metadata::of(&png(&[(b"tEXt", parameters(format!("{text}\n{line}").as_bytes()))]));
    }
}
