//! Pixels against Pillow's `convert("RGB")` and transformers' `CLIPImageProcessor`.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::path::Path;

use pickscore_pixels::{Limits, Picture, Processor, Resize, decode};
use serde_json::Value;

struct Golden {
    index: Value,
    expected: Vec<u8>,
    position: usize,
}

impl Golden {
    fn new() -> Self {
        let index = serde_json::from_str(include_str!("fixtures/pixels/index.json")).unwrap();
        let packed = include_bytes!("fixtures/pixels/expected.bin");
        let expected = miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap();
        Self { index, expected, position: 0 }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.position += count;
        self.expected[self.position - count..self.position].to_vec()
    }
}

fn number(value: &Value, key: &str) -> usize {
    usize::try_from(value[key].as_u64().unwrap()).unwrap()
}

fn bytes_of(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/pixels/files");
    std::fs::read(folder.join(name)).unwrap()
}

/// (largest difference, mean difference, share of levels that differ)
fn difference(found: &[u8], expected: &[u8]) -> (u8, f64, f64) {
    assert_eq!(found.len(), expected.len());
    let differences = || found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let count = found.len() as f64;
    let mean = differences().map(f64::from).sum::<f64>() / count;
    let off = differences().filter(|d| *d > 0).count() as f64 / count;
    (differences().max().unwrap_or(0), mean, off)
}

#[test]
fn every_file_equals_the_reference() {
    let mut golden = Golden::new();
    let mut failures = Vec::new();
    for case in golden.index["files"].as_array().unwrap().clone() {
        let (width, height, size) = (number(&case, "width"), number(&case, "height"), number(&case, "size"));
        let (whole, crop) = (golden.take(width * height * 3), golden.take(size * size * 3));
        let name = case["name"].as_str().unwrap();
        let picture = match decode(&bytes_of(name), &Limits::default()) {
            Ok(picture) => picture,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        if (picture.width(), picture.height()) != (width, height) {
            failures.push(format!("{name}: {} × {}", picture.width(), picture.height()));
            continue;
        }
        let found = Processor::clip(size).crop(&picture);
        for (what, (largest, mean, off)) in
            [("picture", difference(picture.values(), &whole)), ("crop", difference(&found, &crop))]
        {
            let fits = largest == 0;
            if !fits {
                failures.push(format!(
                    "{name}: {what} off by up to {largest}, {mean:.3} on average, {off:.4} of all"
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

/// `formula` of `tests/parity/reference/pixels.py`.
fn formula(width: usize, height: usize) -> Picture {
    let mut values = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            for c in 0..3 {
                let smooth = x * (3 + c) + y * (5 - c);
                let rough = (((x * 73 + y * 151 + c * 199) as u64 * 2_654_435_761) >> 16) & 63;
                values.push(((smooth / 4) as u64 + rough) as u8);
            }
        }
    }
    Picture::from_rgb(width, height, values, &Limits::default()).unwrap()
}

#[test]
fn every_size_equals_the_reference() {
    let mut golden = Golden::new();
    for case in golden.index["files"].as_array().unwrap().clone() {
        let (width, height, size) = (number(&case, "width"), number(&case, "height"), number(&case, "size"));
        golden.take(width * height * 3 + size * size * 3);
    }
    let cases = golden.index["formulas"].as_array().unwrap().clone();
    assert!(cases.len() > 80);
    for case in cases {
        let (width, height, size) = (number(&case, "width"), number(&case, "height"), number(&case, "size"));
        let expected = golden.take(size * size * 3);
        let found = Processor::clip(size).crop(&formula(width, height));
        assert_eq!(difference(&found, &expected).0, 0, "{width} × {height} to {size}");
    }
    assert_eq!(golden.position, golden.expected.len());
}

#[test]
fn normalised_values_equal_the_reference() {
    let packed = include_bytes!("fixtures/pixels/photo.f32");
    let expected = miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap();
    let expected: Vec<f32> = expected.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let pixels = Processor::clip(224).pixels(&bytes_of("photo.png")).unwrap();
    assert_eq!(pixels.size, 224);
    assert_eq!(pixels.values, expected);
}

#[test]
fn a_preprocessor_configuration_is_followed() {
    let published = r#"{
        "crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_convert_rgb": true, "do_normalize": true,
        "do_rescale": true, "do_resize": true, "feature_extractor_type": "CLIPFeatureExtractor",
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_processor_type": "CLIPImageProcessor",
        "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3, "rescale_factor": 0.00392156862745098,
        "size": {"shortest_edge": 224}}"#;
    assert_eq!(Processor::from_json(published.as_bytes(), 224).unwrap(), Processor::clip(224));
    assert_eq!(Processor::from_json(b"{}", 224).unwrap(), Processor::clip(224));
    let other =
        Processor::from_json(br#"{"size": 256, "crop_size": 224, "image_mean": [0.5, 0.5, 0.5]}"#, 224)
            .unwrap();
    assert_eq!((other.resize, other.mean), (Resize::Shortest(256), [0.5; 3]));
    let square = Processor::from_json(br#"{"size": {"width": 224, "height": 224}}"#, 224).unwrap();
    assert_eq!(square.resize, Resize::To { width: 224, height: 224 });
    let open_clip = br#"{"model_cfg": {}, "preprocess_cfg": {"mean": [0.1, 0.2, 0.3], "std": [1, 2, 3], "interpolation": "bicubic"}}"#;
    let open_clip = Processor::from_json(open_clip, 224).unwrap();
    assert_eq!((open_clip.mean, open_clip.deviation), ([0.1, 0.2, 0.3], [1.0, 2.0, 3.0]));

    for (json, field) in [
        (r#"{"resample": 2}"#, "resample"),
        (r#"{"do_center_crop": false}"#, "do_center_crop"),
        (r#"{"crop_size": 336}"#, "crop_size"),
        (r#"{"size": {"longest_edge": 224}}"#, "size"),
        (r#"{"size": 0}"#, "size"),
        (r#"{"size": {"shortest_edge": 1000000000}}"#, "size"),
        (r#"{"image_mean": [0.5, 0.5]}"#, "image_mean"),
        (r#"{"image_mean": [0.5, "a", 0.5]}"#, "image_mean"),
        (r#"{"image_std": [0.5, 0, 0.5]}"#, "image_std"),
        (r#"{"rescale_factor": -1}"#, "rescale_factor"),
        (r#"{"preprocess_cfg": {"resize_mode": "squash"}}"#, "resize_mode"),
        ("[]", "no JSON object"),
        ("{", "cannot be read"),
    ] {
        let error = Processor::from_json(json.as_bytes(), 224).unwrap_err().to_string();
        assert!(error.contains(field), "{json}: {error}");
    }
}

/// What Pillow makes of a file, next to what was made of it here.
fn verdict(bytes: &[u8]) -> Value {
    match decode(bytes, &Limits::default()) {
        Ok(picture) => {
            serde_json::json!([picture.width(), picture.height(), crc32fast::hash(picture.values())])
        }
        Err(_) => "refused".into(),
    }
}

/// Files after public bug reports. One is read here though Pillow refuses it: its text is too large once inflated.
#[test]
fn cases_equal_the_reference() {
    let cases: Value = serde_json::from_str(include_str!("fixtures/pixels/cases.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let found = verdict(&bytes_of(&format!("../cases/{name}")));
        if name == "17-bigztxt.png" {
            assert_eq!(case["expected"], "refused");
            assert_ne!(found, "refused");
        } else {
            assert_eq!(found, case["expected"], "{name}");
        }
    }
}

/// A representative part of thousands of files of all formats: of other encoders, with every header, and damaged.
#[test]
fn every_format_equals_the_reference() {
    let index: Value = serde_json::from_str(include_str!("fixtures/pixels/formats.json")).unwrap();
    let packed = include_bytes!("fixtures/pixels/formats.bin");
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap();
    let mut rest = bytes.as_slice();
    let mut failures = Vec::new();
    for case in index.as_array().unwrap() {
        let (file, after) = rest.split_at(number(case, "length"));
        rest = after;
        let found = verdict(file);
        if found != case["expected"] {
            failures.push(format!("{}: {found}; expected {}", case["name"], case["expected"]));
        }
    }
    assert!(rest.is_empty());
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}
