//! A loaded model, and the time of its towers.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, Result};
use pickscore::{
    PickScore,
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice},
    towers::{Bounds, Clip, Model},
    weights::Precision,
};
use pickscore_generate::{pixels, prompt};
use pollster::FutureExt as _;

use crate::models::SEED;

pub(crate) struct Engine {
    scorer: PickScore,
    seconds: f64,
}

impl Engine {
    pub(crate) fn load(directory: &Path, device: DeviceChoice, precision: Precision) -> Result<Self> {
        let options =
            OpenOptions { device, precision: PrecisionChoice::Exactly(precision), ..OpenOptions::default() };
        let start = Instant::now();
        let scorer = PickScore::open(directory, &options)?;
        Ok(Self { scorer, seconds: start.elapsed().as_secs_f64() })
    }

    /// The model's towers.
    pub(crate) fn clip(&self) -> Result<&Clip> {
        let clip = match self.scorer.model() {
            Model::Clip(clip) => Some(clip),
            Model::Blip(_) => None,
        };
        clip.context("not a CLIP model")
    }

    /// The device's name.
    pub(crate) fn adapter(&self) -> String {
        self.scorer.info().adapter.clone().unwrap_or_else(|| "CPU".into())
    }

    /// How its kernels divide products.
    pub(crate) fn tuning(&self) -> String {
        self.scorer.info().tuning.clone().unwrap_or_default()
    }

    /// Whether the device is emulated on the CPU.
    pub(crate) fn is_emulated(&self) -> bool {
        self.scorer.info().emulated
    }

    /// Images that it computes at a time.
    pub(crate) fn batch(&self) -> usize {
        self.scorer.batch()
    }

    /// The precision that it computes: `q8` if `q8-fast` is not faster on this GPU.
    pub(crate) fn precision(&self) -> Precision {
        self.scorer.info().precision
    }

    /// Seconds from the file to a loaded model.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Milliseconds from the pixels of some images to their embeddings.
    pub(crate) fn images(&self, batch: usize) -> Result<f64> {
        let clip = self.clip()?;
        let size = clip.config().vision.image_size;
        let images: Vec<_> = (0..batch).map(|at| pixels(SEED, at, size)).collect();
        let images: Vec<_> = images.iter().collect();
        let start = Instant::now();
        // In batches of the size that the scorer recommends, as its users compute them.
        for images in images.chunks(self.scorer.batch()) {
            drop(clip.vision(images).block_on()?);
        }
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }

    /// What bounds each step of a block of the vision tower for a batch of images.
    pub(crate) fn bounds(&self, batch: usize) -> Result<Option<Bounds>> {
        let start = Instant::now();
        let now = || start.elapsed().as_secs_f64() * 1e3;
        Ok(self.clip()?.bounds(batch, &now).block_on())
    }

    /// Milliseconds from the tokens of a prompt to its embedding.
    pub(crate) fn prompt(&self) -> Result<f64> {
        let clip = self.clip()?;
        let text = &clip.config().text;
        let tokens = prompt(SEED, 0, text.context, text.vocabulary);
        let start = Instant::now();
        drop(clip.text(&[&tokens]).block_on()?);
        Ok(start.elapsed().as_secs_f64() * 1e3)
    }
}
