//! Generated models, and what is known of their embeddings.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use pickscore::{scorer::DeviceChoice, towers::Clip, weights::Precision};
use pickscore_generate::{Convention, Dtype, PICKSCORE, VIT_B_32, pixels, prompt, write_directory};
use pollster::FutureExt as _;
use serde_json::Value;

use crate::engine::Engine;

/// Embeddings by transformers of the generated ViT-B/32 and ViT-H/14, made by
/// `tests/parity/reference/towers.py`.
const REFERENCE: &[u8] = include_bytes!("../../../parity/fixtures/towers-full.json.zlib");
const VIT_L_14: &str = include_str!("../../browser/models/l14.json");
/// Seed of the weights and the inputs of the reference.
pub(crate) const SEED: u64 = 14;
/// Prompts and images that are compared.
const COMPARED: usize = 4;

/// The models.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Model {
    /// ViT-H/14, 3.9 GB
    #[value(name = "pickscore")]
    PickScore,
    /// ViT-B/32, 0.6 GB
    B32,
    /// ViT-L/14, 1.7 GB
    L14,
}

impl Model {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PickScore => "pickscore",
            Self::B32 => "b32",
            Self::L14 => "l14",
        }
    }

    /// A model directory with generated weights in f32; it is made once.
    pub(crate) fn directory(self, folder: &Path) -> Result<PathBuf> {
        let config = match self {
            Self::PickScore => PICKSCORE,
            Self::B32 => VIT_B_32,
            Self::L14 => VIT_L_14,
        };
        let directory = folder.join(self.name());
        if !directory.join("complete").exists() {
            write_directory(&directory, config, Convention::HuggingFace, SEED, Dtype::F32, 1)?;
            fs::write(directory.join("complete"), "")?;
        }
        Ok(directory)
    }
}

/// Floating-point operations of an image's embedding: the matrix products of the vision tower.
pub(crate) fn operations(clip: &Clip) -> f64 {
    let vision = &clip.config().vision;
    let blocks = &vision.transformer;
    let (positions, width) = (vision.positions() as f64, blocks.width as f64);
    let block = 4.0 * width * width + 2.0 * width * blocks.mlp as f64 + 2.0 * positions * width;
    let patches = (positions - 1.0) * 3.0 * (vision.patch_size as f64).powi(2) * width;
    2.0 * (blocks.layers as f64 * positions * block + patches)
}

/// The right embeddings of some prompts and images.
pub(crate) struct Reference {
    name: &'static str,
    texts: Vec<Vec<f32>>,
    images: Vec<Vec<f32>>,
}

impl Reference {
    /// transformers' embeddings where they are known, else those of this engine's CPU path, which
    /// the parity tests compare with transformers.
    pub(crate) fn of(model: Model, directory: &Path) -> Result<Self> {
        let known = match model {
            Model::PickScore => "ViT-H/14",
            Model::B32 => "ViT-B/32",
            Model::L14 => {
                let engine = Engine::load(directory, DeviceChoice::Cpu, Precision::F32)?;
                let [texts, images] = embeddings(engine.clip()?)?;
                return Ok(Self { name: "the CPU in f32", texts, images });
            }
        };
        let json = miniz_oxide::inflate::decompress_to_vec_zlib(REFERENCE)
            .map_err(|error| anyhow::anyhow!("the reference cannot be unpacked: {error}"))?;
        let cases: Vec<Value> = serde_json::from_slice(&json)?;
        let case = cases.into_iter().find(|case| case["name"] == known).context("no reference")?;
        let rows = |name: &str| serde_json::from_value(case[name].clone());
        Ok(Self { name: "transformers in f32", texts: rows("texts")?, images: rows("images")? })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The lowest cosine similarity of an embedding, and the largest difference of a score.
    pub(crate) fn distance(&self, clip: &Clip) -> Result<(f64, f64)> {
        let [texts, images] = embeddings(clip)?;
        let pairs = texts.iter().zip(&self.texts).chain(images.iter().zip(&self.images));
        let least = pairs.map(|(found, expected)| cosine(found, expected)).fold(1.0, f64::min);
        let scale = f64::from(clip.logit_scale());
        let mut largest = 0.0_f64;
        for (text, right_text) in texts.iter().zip(&self.texts) {
            for (image, right_image) in images.iter().zip(&self.images) {
                let difference = cosine(text, image) - cosine(right_text, right_image);
                largest = largest.max((scale * difference).abs());
            }
        }
        Ok((least, largest))
    }
}

/// Embeddings of prompts, then of images.
fn embeddings(clip: &Clip) -> Result<[Vec<Vec<f32>>; 2]> {
    let (text, vision) = (&clip.config().text, &clip.config().vision);
    let prompts: Vec<_> = (0..COMPARED).map(|at| prompt(SEED, at, text.context, text.vocabulary)).collect();
    let images: Vec<_> = (0..COMPARED).map(|at| pixels(SEED, at, vision.image_size)).collect();
    let texts = clip.text(&prompts.iter().collect::<Vec<_>>()).block_on()?;
    let images = clip.vision(&images.iter().collect::<Vec<_>>()).block_on()?;
    let values = |all: Vec<pickscore::towers::Embedding>| {
        all.iter().map(|embedding| embedding.values().to_vec()).collect()
    };
    Ok([values(texts), values(images)])
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
