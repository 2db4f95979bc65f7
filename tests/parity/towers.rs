//! Embeddings against transformers' `CLIPModel` and open_clip, on generated weights.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use burn::tensor::{Device, FloatDType};
use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Loader, Precision};
use pickscore_generate::{Convention, Dtype, pixels, prompt, tensors, write_safetensors};
use pickscore_model::towers::{Clip, ClipBuilder, Embedding};
use pickscore_score::score;
use pickscore_tokens::Tokens;
use pollster::FutureExt as _;
use serde_json::Value;

/// Pushes what is written to it into a loader.
struct Pipe<'a> {
    loader: &'a mut Loader,
    builder: &'a mut ClipBuilder,
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
    model_on(case, precision, FloatDType::F32, Device::flex())
}

/// A generated model, through the loader and without a file.
fn model_on(case: &Value, precision: Precision, compute: FloatDType, device: Device) -> Clip {
    let source = &case["source"];
    let config = ClipConfig::from_json(source.to_string().as_bytes()).unwrap();
    let open_clip = source.get("vision_cfg").is_some();
    let convention = if open_clip { Convention::OpenClip } else { Convention::HuggingFace };
    let list = tensors(&config, convention);
    let mut loader = Loader::new(&config, precision);
    let mut builder = ClipBuilder::new(config, compute, device);
    loader.begin("generated", None, true);
    let mut pipe = Pipe { loader: &mut loader, builder: &mut builder };
    write_safetensors(&list, case["seed"].as_u64().unwrap(), Dtype::F32, &mut pipe).unwrap();
    loader.end().unwrap();
    assert!(loader.finish("generated").unwrap().unexpected.is_empty());
    builder.finish().unwrap()
}

fn rows(value: &Value) -> Vec<Vec<f32>> {
    let row = |row: &Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect();
    value.as_array().unwrap().iter().map(row).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// How far a model's answers lie from the reference's.
#[derive(Debug)]
struct Distance {
    /// Lowest cosine between an embedding and the reference's.
    cosine: f64,
    /// Largest difference of a score, at the model's logit scale of 100.
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

fn cases(json: &str) -> Vec<Value> {
    serde_json::from_str(json).unwrap()
}

#[test]
fn every_architecture_equals_the_reference() {
    let cases = cases(include_str!("fixtures/towers.json"));
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
    for case in &cases(include_str!("fixtures/towers.json")) {
        let found = distance(case, &model(case, Precision::F16));
        println!("{}: {found:?}", case["name"]);
        assert!(found.score <= 0.05, "{}: {found:?}", case["name"]);
    }
}

/// Eight bits have no bound in the issue of small random models, whose few numbers average nothing out; they must still mean the same.
#[test]
fn eight_bits_stay_recognisable() {
    for case in &cases(include_str!("fixtures/towers.json")) {
        let found = distance(case, &model(case, Precision::Q8));
        println!("{}: {found:?}", case["name"]);
        assert!(found.cosine >= 0.998, "{}: {found:?}", case["name"]);
    }
}

/// A token beyond CLIP's vocabulary, as textual inversion adds them, has the highest id. With `eos_token_id: 2` transformers pools at the
/// highest id, so at this token; with the id of the end token at the end (`CLIPTextTransformer.forward`).
#[test]
fn an_added_token_is_pooled_where_the_reference_pools() {
    for case in &cases(include_str!("fixtures/pooling.json")) {
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
        assert!(said.contains("this prompt has the token 61"), "{said}");
    }
}

fn tokens(ids: &Value, context: usize) -> Tokens {
    let ids: Vec<u32> = ids.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
    assert_eq!(ids.len(), context);
    Tokens { ids, length: context, truncated: false }
}

/// What is run together does not change what is run.
#[test]
fn a_batch_equals_its_parts() {
    for case in cases(include_str!("fixtures/towers.json")).iter().step_by(5) {
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

/// The same on whatever GPU there is, burn's operations in place of the CPU path's. `cargo xtask parity --gpu` runs it.
#[cfg(feature = "wgpu")]
#[test]
#[ignore = "needs a GPU"]
fn a_gpu_equals_the_reference() {
    use burn::tensor::wgpu::wgpu::Features;

    let (device, setup) = Device::wgpu_options().init_with_setup().unwrap();
    println!("{}", setup.adapter.get_info().name);
    let half = setup.device.features().contains(Features::SHADER_F16);
    let half = if half { FloatDType::F16 } else { FloatDType::F32 };
    for case in &cases(include_str!("fixtures/towers.json")) {
        let found = |precision, compute| {
            let found = distance(case, &model_on(case, precision, compute, device.clone()));
            println!("{} {precision:?} in {compute:?}: {found:?}", case["name"]);
            found
        };
        let exact = found(Precision::F32, FloatDType::F32);
        assert!(exact.cosine >= 0.99999 && exact.score <= 0.002, "{}: {exact:?}", case["name"]);
        // What is stored in 16 bits and computed in 32 lies as close as on the CPU; products in 16 bits add their own rounding.
        let stored = found(Precision::F16, FloatDType::F32);
        assert!(stored.score <= 0.05, "{}: {stored:?}", case["name"]);
        let computed = found(Precision::F16, half);
        assert!(computed.cosine >= 0.999, "{}: {computed:?}", case["name"]);
        let blocks = found(Precision::Q8, half);
        assert!(blocks.cosine >= 0.998, "{}: {blocks:?}", case["name"]);
    }
}

/// The full size: minutes and 5 GB. `cargo xtask parity` runs it.
#[test]
#[ignore = "minutes and gigabytes"]
fn the_full_size_equals_the_reference() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/towers-full.json");
    for case in &cases(&std::fs::read_to_string(folder).unwrap()) {
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
