//! Compares embeddings of generated models with transformers' `CLIPModel` and open_clip.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Loader, Precision};
use pickscore_generate::{Convention, Dtype, pixels, prompt, tensors, write_safetensors};
use pickscore_model::towers::{Clip, Embedding, Kernels, ModelBuilder};
use pickscore_score::score;
use pickscore_tokens::Tokens;
use pollster::FutureExt as _;
use serde_json::Value;

/// Passes what is written to it to a loader.
struct Pipe<'a> {
    loader: &'a mut Loader,
    builder: &'a mut ModelBuilder,
}

impl std::io::Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let builder = &mut *self.builder;
        let pushed = self.loader.push(bytes, &mut |parameter, values| builder.accept(parameter, values));
        pushed.map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A generated model on the CPU.
fn model(case: &Value, precision: Precision) -> Clip {
    model_with(case, precision, Kernels::Cpu(precision.into()))
}

/// A generated model, loaded without a file.
fn model_with(case: &Value, precision: Precision, kernels: Kernels) -> Clip {
    let source = &case["source"];
    let config = ClipConfig::from_json(source.to_string().as_bytes()).unwrap();
    let open_clip = source.get("vision_cfg").is_some();
    let convention = if open_clip { Convention::OpenClip } else { Convention::HuggingFace };
    let list = tensors(&config, convention);
    let mut loader = Loader::new(&config, precision);
    let mut builder = ModelBuilder::new(config, kernels);
    loader.begin("generated", None, true);
    let mut pipe = Pipe { loader: &mut loader, builder: &mut builder };
    write_safetensors(&list, case["seed"].as_u64().unwrap(), Dtype::F32, &mut pipe).unwrap();
    loader.end().unwrap();
    assert!(loader.finish("generated").unwrap().unexpected.is_empty());
    builder.finish().unwrap().into_clip().unwrap()
}

fn rows(value: &Value) -> Vec<Vec<f32>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The differences between a model's results and the reference's.
#[derive(Debug)]
struct Distance {
    /// Lowest cosine similarity between an embedding and the reference's.
    cosine: f64,
    /// Largest difference between scores, at the model's logit scale of 100.
    score: f32,
}

fn embeddings(case: &Value, clip: &Clip) -> (Vec<Embedding>, Vec<Embedding>) {
    let seed = case["seed"].as_u64().unwrap();
    let (text, vision) = (&clip.config().text, &clip.config().vision);
    let count = case["texts"].as_array().unwrap().len();
    let prompts: Vec<_> =
        (0..count).map(|index| prompt(seed, index, text.context, text.vocabulary)).collect();
    let images: Vec<_> = (0..count).map(|index| pixels(seed, index, vision.image_size)).collect();
    let texts = clip.text(&prompts.iter().collect::<Vec<_>>()).block_on().unwrap();
    let images = clip.vision(&images.iter().collect::<Vec<_>>()).block_on().unwrap();
    (texts, images)
}

fn distance(case: &Value, clip: &Clip) -> Distance {
    let scale = clip.logit_scale();
    assert!((f64::from(scale) - case["logit_scale"].as_f64().unwrap()).abs() < 1e-3);
    let (texts, images) = embeddings(case, clip);
    let (expected_texts, expected_images) = (rows(&case["texts"]), rows(&case["images"]));
    let mut distance = Distance { cosine: 1.0, score: 0.0 };
    let found = texts.iter().zip(&expected_texts).chain(images.iter().zip(&expected_images));
    for (found, expected) in found {
        assert_eq!(found.values().len(), expected.len());
        let length = cosine(found.values(), found.values()).sqrt();
        assert!((length - 1.0).abs() < 1e-6);
        distance.cosine = distance.cosine.min(cosine(found.values(), expected));
    }
    for (text, expected_text) in texts.iter().zip(&expected_texts) {
        for (image, expected_image) in images.iter().zip(&expected_images) {
            let expected = scale * cosine(expected_text, expected_image) as f32;
            distance.score = distance.score.max((score(scale, text, image) - expected).abs());
        }
    }
    distance
}

fn cases(compressed: &[u8]) -> Vec<Value> {
    let json = miniz_oxide::inflate::decompress_to_vec_zlib(compressed).unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn every_architecture_equals_the_reference() {
    let cases = cases(include_bytes!("fixtures/towers.json.zlib"));
    assert!(cases.len() >= 16);
    for case in &cases {
        let found = distance(case, &model(case, Precision::F32));
        println!(
            "{}: {found:?}, the reference's own error {:.1e}",
            case["name"],
            case["own_error"].as_f64().unwrap()
        );
        assert!(found.cosine >= 0.99999 && found.score <= 0.002, "{}: {found:?}", case["name"]);
    }
}

#[test]
fn sixteen_bits_stay_close() {
    for case in &cases(include_bytes!("fixtures/towers.json.zlib")) {
        let found = distance(case, &model(case, Precision::F16));
        println!("{}: {found:?}", case["name"]);
        assert!(found.score <= 0.05, "{}: {found:?}", case["name"]);
    }
}

/// In 8 bits, small random models get a loose bound: they have so few numbers that rounding errors
/// do not average out. Their embeddings must still be close to the reference's.
#[test]
fn eight_bits_stay_recognisable() {
    for case in &cases(include_bytes!("fixtures/towers.json.zlib")) {
        for precision in [Precision::Q8, Precision::Q8Fast] {
            let found = distance(case, &model(case, precision));
            println!("{} {precision:?}: {found:?}", case["name"]);
            assert!(found.cosine >= 0.998, "{} {precision:?}: {found:?}", case["name"]);
        }
    }
}

/// A token beyond CLIP's vocabulary, such as textual inversion adds, has the highest id. With
/// `eos_token_id: 2`, transformers pools at the highest id, and so at this token. With the id of
/// the end token, it pools at the end (`CLIPTextTransformer.forward`).
#[test]
fn an_added_token_is_pooled_where_the_reference_pools() {
    for case in &serde_json::from_str::<Vec<Value>>(include_str!("fixtures/pooling.json")).unwrap() {
        let clip = model(case, Precision::F32);
        let context = clip.config().text.context;
        let prompts: Vec<Tokens> =
            case["ids"].as_array().unwrap().iter().map(|ids| tokens(ids, context)).collect();
        let found = clip.text(&prompts.iter().collect::<Vec<_>>()).block_on().unwrap();
        for (found, expected) in found.iter().zip(rows(&case["texts"])) {
            assert!(cosine(found.values(), &expected) > 0.999_999, "{}", case["name"]);
        }
        let mut beyond = prompts[0].clone();
        beyond.ids[1] = clip.config().text.vocabulary as u32;
        let said = clip.text(&[&beyond]).block_on().unwrap_err().to_string();
        assert!(said.contains("token 61, but the model's vocabulary has only 61 tokens"), "{said}");
    }
}

fn tokens(ids: &Value, context: usize) -> Tokens {
    let ids: Vec<u32> = ids.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
    assert_eq!(ids.len(), context);
    Tokens { ids, length: context, truncated: false }
}

/// Computing inputs in one batch does not change their results.
#[test]
fn a_batch_equals_its_parts() {
    for case in cases(include_bytes!("fixtures/towers.json.zlib")).iter().step_by(5) {
        let clip = model(case, Precision::F32);
        let seed = case["seed"].as_u64().unwrap();
        let (texts, images) = embeddings(case, &clip);
        let (text, vision) = (&clip.config().text, &clip.config().vision);
        for index in 0..texts.len() {
            let alone = clip.text(&[&prompt(seed, index, text.context, text.vocabulary)]).block_on().unwrap();
            assert!(cosine(alone[0].values(), texts[index].values()) > 0.999_999);
            let alone = clip.vision(&[&pixels(seed, index, vision.image_size)]).block_on().unwrap();
            assert!(cosine(alone[0].values(), images[index].values()) > 0.999_999);
        }
    }
}

/// burn's operations on the CPU, the slow reference for all other code paths.
#[test]
fn burns_operations_equal_the_reference() {
    use burn::tensor::{Device, FloatDType};

    for case in cases(include_bytes!("fixtures/towers.json.zlib")).iter().step_by(3) {
        for precision in [Precision::F32, Precision::F16, Precision::Q8] {
            let kernels = Kernels::Burn { device: Device::flex(), products: FloatDType::F32 };
            let found = distance(case, &model_with(case, precision, kernels));
            println!("{} {precision:?}: {found:?}", case["name"]);
            match precision {
                Precision::F32 => assert!(found.cosine >= 0.99999 && found.score <= 0.002),
                Precision::F16 => assert!(found.score <= 0.05),
                Precision::Q8 | Precision::Q8Fast => assert!(found.cosine >= 0.998),
            }
        }
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    //! Tests on any available GPU. `cargo xtask parity --gpu` runs them.

    #![allow(clippy::print_stdout, reason = "what was measured")]

    use std::{sync::OnceLock, time::Instant};

    use burn::tensor::{Device, FloatDType, wgpu::wgpu::Features};
    use pickscore_model::towers::{Capabilities, Q8Inputs, Tuning, Wgsl, tune};

    use super::*;

    /// The device, whether it supports 16-bit products, its capabilities and its tuning. A process
    /// can initialise a device only once.
    fn device() -> &'static (Device, bool, Capabilities, Tuning) {
        static DEVICE: OnceLock<(Device, bool, Capabilities, Tuning)> = OnceLock::new();
        DEVICE.get_or_init(|| {
            let (device, setup) = Device::wgpu_options().init_with_setup().unwrap();
            let capabilities = Capabilities::of(&setup);
            let start = Instant::now();
            let now = || start.elapsed().as_secs_f64() * 1000.0;
            let tuning = tune(&device, None, capabilities, Precision::Q8Fast, &now).block_on().unwrap();
            println!("{}: {}", setup.adapter.get_info().name, tuning.name());
            (device, setup.device.features().contains(Features::SHADER_F16), capabilities, tuning)
        })
    }

    fn check(exact: &Kernels, rounded: &Kernels) {
        for case in &cases(include_bytes!("fixtures/towers.json.zlib")) {
            let found = |precision, kernels: &Kernels| {
                let found = distance(case, &model_with(case, precision, kernels.clone()));
                println!("{} {precision:?} with {kernels:?}: {found:?}", case["name"]);
                found
            };
            let single = found(Precision::F32, exact);
            assert!(single.cosine >= 0.99999 && single.score <= 0.002, "{}: {single:?}", case["name"]);
            // Weights stored in 16 bits and computed in 32 are as close as on the CPU; 16-bit
            // products add their own rounding.
            let stored = found(Precision::F16, exact);
            assert!(stored.score <= 0.05, "{}: {stored:?}", case["name"]);
            let computed = found(Precision::F16, rounded);
            assert!(computed.cosine >= 0.999, "{}: {computed:?}", case["name"]);
            let blocks = found(Precision::Q8, rounded);
            assert!(blocks.cosine >= 0.998, "{}: {blocks:?}", case["name"]);
        }
    }

    #[test]
    #[ignore = "needs a GPU"]
    fn wgsl_equals_the_reference() {
        let (device, .., tuning) = device();
        for tuning in [*tuning, Tuning::default()] {
            let kernels = Kernels::Wgsl(Wgsl::new(device, tuning, Q8Inputs::Fine).unwrap());
            check(&kernels, &kernels);
        }
    }

    /// q8 in f16 arithmetic, even where it is slow, on GPUs that have it.
    #[test]
    #[ignore = "needs a GPU"]
    fn f16_in_wgsl_equals_the_reference() {
        let (device, half, capabilities, _) = device();
        if !half {
            return;
        }
        let name = "direct-8x4 halves:f16-32x64";
        let tuning = tune(device, Some(name), *capabilities, Precision::Q8, &|| 0.0).block_on().unwrap();
        assert_eq!(tuning.name(), name);
        let of = |tuning| Kernels::Wgsl(Wgsl::new(device, tuning, Q8Inputs::Fine).unwrap());
        let (in_f16, in_f32) = (of(tuning), of(Tuning::default()));
        for case in &cases(include_bytes!("fixtures/towers.json.zlib")) {
            let found = |kernels: &Kernels| distance(case, &model_with(case, Precision::Q8, kernels.clone()));
            let (found, without) = (found(&in_f16), found(&in_f32));
            println!("{} q8 in f16: {found:?}, in f32: {without:?}", case["name"]);
            assert!(found.cosine >= 0.998, "{}: {found:?}", case["name"]);
        }
    }

    /// Matrices of f16, even where they are slow, on GPUs that have them.
    #[test]
    #[ignore = "needs a GPU"]
    fn matrices_in_wgsl_equal_the_reference() {
        let (device, _, capabilities, _) = device();
        let side = capabilities.matrix;
        for extent in [4 * side, 8 * side].into_iter().filter(|_| side > 0) {
            let name = format!("direct-8x4 halves:matrix{side}-{extent}x{extent}");
            let tuned = tune(device, Some(&name), *capabilities, Precision::F16, &|| 0.0).block_on();
            let tuning = tuned.unwrap();
            assert_eq!(tuning.name(), name);
            let kernels = Kernels::Wgsl(Wgsl::new(device, tuning, Q8Inputs::Fine).unwrap());
            check(&kernels, &kernels);
        }
    }

    /// Products of bytes, even where they are slow.
    #[test]
    #[ignore = "needs a GPU"]
    fn bytes_in_wgsl_equal_the_reference() {
        let (device, ..) = device();
        let capabilities = Capabilities { bytes: true, ..Capabilities::default() };
        for tile in ["direct-8x4", "blocked-32x64"] {
            let name = format!("direct-8x4 bytes:{tile}");
            let tuned = tune(device, Some(&name), capabilities, Precision::Q8Fast, &|| 0.0).block_on();
            let tuning = tuned.unwrap();
            assert_eq!(tuning.name(), name);
            let kernels = Kernels::Wgsl(Wgsl::new(device, tuning, Q8Inputs::Bytes).unwrap());
            for case in &cases(include_bytes!("fixtures/towers.json.zlib")) {
                let found = distance(case, &model_with(case, Precision::Q8Fast, kernels.clone()));
                println!("{} bytes with {tile}: {found:?}", case["name"]);
                assert!(found.cosine >= 0.998, "{}: {found:?}", case["name"]);
            }
        }
    }

    #[test]
    #[ignore = "needs a GPU"]
    fn burns_operations_equal_the_reference() {
        let (device, half, ..) = device();
        let burns = |products| Kernels::Burn { device: device.clone(), products };
        let rounded = if *half { FloatDType::F16 } else { FloatDType::F32 };
        check(&burns(FloatDType::F32), &burns(rounded));
    }
}

/// The full-size model; takes minutes and 5 GB. `cargo xtask parity` runs it.
#[test]
#[ignore = "minutes and gigabytes"]
fn the_full_size_equals_the_reference() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/parity/fixtures/towers-full.json.zlib");
    for case in &cases(&std::fs::read(folder).unwrap()) {
        for (precision, bound) in
            [(Precision::F32, 0.002), (Precision::F16, 0.05), (Precision::Q8, f32::INFINITY)]
        {
            let found = distance(case, &model(case, precision));
            println!("{} {precision:?}: cosine {:.8}, score {:.5}", case["name"], found.cosine, found.score);
            assert!(found.score <= bound, "{}: {found:?}", case["name"]);
            assert!(precision != Precision::F32 || found.cosine >= 0.99999, "{}: {found:?}", case["name"]);
        }
    }
}
