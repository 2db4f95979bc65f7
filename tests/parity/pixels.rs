//! Compares pixels with Pillow's `convert("RGB")`, transformers' `CLIPImageProcessor`, and the
//! transforms of HPS v2 and ImageReward in their authors' code.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;

use pickscore_pixels::{Limits, Original, Picture, Processor, Resize, decode, decode_original};
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
        let image = match decode(&bytes_of(name), &Limits::default()) {
            Ok(image) => image,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        if (image.width(), image.height()) != (width, height) {
            failures.push(format!("{name}: {} × {}", image.width(), image.height()));
            continue;
        }
        let found = Processor::clip(size).crop(&image);
        for (what, (largest, mean, off)) in
            [("image", difference(image.values(), &whole)), ("crop", difference(&found, &crop))]
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
        ("[]", "not a JSON object"),
        ("{", "cannot be read"),
    ] {
        let error = Processor::from_json(json.as_bytes(), 224).unwrap_err().to_string();
        assert!(error.contains(field), "{json}: {error}");
    }
}

/// The result of decoding a file, in the form of the fixtures of Pillow's results.
fn verdict(bytes: &[u8]) -> Value {
    match decode(bytes, &Limits::default()) {
        Ok(image) => {
            serde_json::json!([image.width(), image.height(), crc32fast::hash(image.values())])
        }
        Err(_) => "refused".into(),
    }
}

/// Files from public bug reports. This project decodes one that Pillow refuses because its text is
/// too large once inflated.
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

/// A representative part of thousands of files in all formats: from other encoders, with every kind
/// of header, and damaged.
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

/// The levels that ImageReward's processor makes its values of.
fn levels(pixels: &pickscore_pixels::Pixels) -> Vec<u8> {
    let processor = Processor::image_reward(pixels.size);
    let plane = pixels.size * pixels.size;
    let level = |at: usize| {
        let (mean, deviation) = (processor.mean[at % 3], processor.deviation[at % 3]);
        let value = pixels.values[at % 3 * plane + at / 3];
        let level = ((value * deviation + mean) * 255.0).round() as u8;
        // The very value that torch computes of the level.
        assert_eq!(value, (f32::from(level) / 255.0 - mean) / deviation);
        level
    };
    (0..3 * plane).map(level).collect()
}

/// CRC-32 of ImageReward's levels of a file, or null where the file is refused.
fn image_reward(bytes: &[u8], size: usize) -> Value {
    let pixels = Processor::image_reward(size).pixels(bytes);
    pixels.map_or(Value::Null, |pixels| crc32fast::hash(&levels(&pixels)).into())
}

#[test]
fn image_reward_equals_its_authors_code() {
    let index: Value = serde_json::from_str(include_str!("fixtures/pixels/image-reward.json")).unwrap();
    let mut failures = Vec::new();
    let mut compare = |name: &str, found: Value, expected: &Value| {
        if found != *expected {
            failures.push(format!("{name}: {found}; expected {expected}"));
        }
    };
    for case in index["files"].as_array().unwrap() {
        let name = case[0].as_str().unwrap();
        let size = usize::try_from(case[1].as_u64().unwrap()).unwrap();
        compare(name, image_reward(&bytes_of(&format!("../{name}")), size), &case[2]);
    }
    let names: Value = serde_json::from_str(include_str!("fixtures/pixels/formats.json")).unwrap();
    let packed = include_bytes!("fixtures/pixels/formats.bin");
    let packed = miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap();
    let mut rest = packed.as_slice();
    for (case, expected) in names.as_array().unwrap().iter().zip(index["formats"].as_array().unwrap()) {
        let (file, after) = rest.split_at(number(case, "length"));
        rest = after;
        compare(case["name"].as_str().unwrap(), image_reward(file, 20), expected);
    }
    let formulas = index["formulas"].as_array().unwrap();
    assert!(formulas.len() > 70);
    for case in formulas {
        let [width, height, size] = [0, 1, 2].map(|at| usize::try_from(case[at].as_u64().unwrap()).unwrap());
        let (processor, limits) = (Processor::image_reward(size), Limits::default());
        let rgb = processor.prepare(&formula(width, height));
        compare(&format!("{width} × {height}"), crc32fast::hash(&levels(&rgb)).into(), &case[3]);
        // `rgba` of `tests/parity/reference/transforms.py`.
        let image = formula(width, height);
        let pixels = image.values().as_chunks().0.iter().enumerate();
        let rgba = pixels.flat_map(|(at, &[red, green, blue])| {
            let alpha = u32::from(green) / 2 * 2 + u32::from((at % width).is_multiple_of(7));
            [red, green, blue, u8::try_from((alpha * 3).min(255)).unwrap()]
        });
        let original = Original::from_rgba(width, height, rgba.collect(), &limits).unwrap();
        let found = crc32fast::hash(&levels(&processor.prepare_original(original)));
        compare(&format!("{width} × {height} with alpha"), found.into(), &case[4]);
    }
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn hps_equals_its_authors_code() {
    const SCALE: f32 = 4096.0;
    let cases: Vec<[usize; 2]> = serde_json::from_str(include_str!("fixtures/pixels/hps.json")).unwrap();
    let packed = include_bytes!("fixtures/pixels/hps.bin");
    let packed = miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap();
    let mut rest = packed.as_slice();
    assert!(cases.len() > 70);
    let mut worst = 0.0_f32;
    for [width, height] in cases {
        let (expected, after) = rest.split_at(3 * 16 * 16 * 2);
        rest = after;
        let pixels = Processor::hps(16).prepare(&formula(width, height));
        for (found, &expected) in pixels.values.iter().zip(expected.as_chunks().0) {
            let off = (found - f32::from(i16::from_le_bytes(expected)) / SCALE).abs();
            worst = worst.max(off);
            // What is stored is rounded to half of 1/4096.
            assert!(off < 0.5 / SCALE + 1e-5, "{width} × {height}: {found} is off by {off}");
        }
    }
    let pixels = Processor::hps(64).pixels(&bytes_of("photo.png")).unwrap();
    assert_eq!(rest.len(), 4 * pixels.values.len());
    let differences = pixels.values.iter().zip(rest.as_chunks().0);
    let worst_exact = differences
        .map(|(found, &expected)| (found - f32::from_le_bytes(expected)).abs())
        .fold(0.0, f32::max);
    println!("rounded to 1/4096: {worst}; in f32: {worst_exact}");
    assert!(worst_exact < 3e-6, "{worst_exact}");
}

/// Where the authors' code fails: an edge that is rounded to no pixels, and an image with alpha.
#[test]
fn hps_goes_on_where_its_authors_code_fails() {
    let processor = Processor::hps(16);
    for (width, height) in [(1, 1000), (1000, 1), (33, 1), (16, 1)] {
        let white = vec![255; width * height * 3];
        let image = Picture::from_rgb(width, height, white, &Limits::default()).unwrap();
        let pixels = processor.prepare(&image);
        assert_eq!(pixels.values.len(), 3 * 16 * 16);
        let black = -processor.mean[0] / processor.deviation[0];
        let shown = pixels.values[..256].iter().filter(|&&value| value != black).count();
        assert_eq!(shown, 16, "{width} × {height}");
    }
    let rgba = Original::from_rgba(2, 1, vec![255, 0, 0, 9, 0, 255, 0, 0], &Limits::default()).unwrap();
    let rgb = Picture::from_rgb(2, 1, vec![255, 0, 0, 0, 255, 0], &Limits::default()).unwrap();
    assert_eq!(processor.prepare_original(rgba), processor.prepare(&rgb));
}

/// An image in its own mode is the same RGB image, and is bounded alike.
#[test]
fn an_original_becomes_the_same_image() {
    let limits = Limits { max_pixels: 1 };
    let index: Value = serde_json::from_str(include_str!("fixtures/pixels/image-reward.json")).unwrap();
    for case in index["files"].as_array().unwrap() {
        let bytes = bytes_of(&format!("../{}", case[0].as_str().unwrap()));
        let (image, original) = (
            decode(&bytes, &Limits::default()).unwrap(),
            decode_original(&bytes, &Limits::default()).unwrap(),
        );
        assert_eq!(
            Processor::clip(16).prepare(&image),
            Processor::clip(16).prepare_original(original),
            "{}",
            case[0]
        );
        assert_eq!(decode_original(&bytes, &limits).err(), decode(&bytes, &limits).err());
    }
}
