//! ImageReward: an image encoder, and a text encoder that reads the encoded image.
//!
//! ```text
//! Pixels [3, S, S] ─► patches, class, position ─► blocks ─► norm ─► ImageTokens [positions, width]
//! Tokens [35]      ─► token + position ─► norm ─► blocks (self, image, MLP) ─► state of [CLS]
//!     ─► fully connected layers ─► reward
//! ```
//!
//! Source: `ImageReward.py` of THUDM/ImageReward. Its attention adds −10000 to the scores of
//! padding; `exp` of that is 0 in f32, so padding is left out here.

use pickscore_checkpoint::config::BlipConfig;
use pickscore_pixels::Pixels;
use pickscore_score::Head;
use pickscore_tokens::Tokens;

#[cfg(feature = "gpu")]
use super::gpu::Wgsl;
#[cfg(any(feature = "gpu", not(target_family = "wasm")))]
use super::operations::Operations;
use super::{
    block::{Block, LayerNorm},
    cpu::Fused,
    cross_block::CrossBlock,
    error::TowerError,
    linear::Linear,
    steps::{Attending, Over, Scoring},
    table::{HostTable, Table as _},
    vision::patches,
};

/// Mean and standard deviation of the rewards of the authors' validation set, by which they
/// standardise: `ImageReward.py`.
const MEAN: f64 = 0.167_173_628_300_524_26;
const DEVIATION: f64 = 1.033_339_496_605_407_2;

/// ImageReward on one device.
#[derive(Debug)]
pub struct Blip {
    pub(super) config: BlipConfig,
    pub(super) encoders: AnyEncoders,
    pub(super) head: Head,
}

/// An encoded image: `[positions, width]`, in host memory.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageTokens(Vec<f32>);

impl ImageTokens {
    /// The values, `[positions · width]`.
    pub fn values(&self) -> &[f32] {
        &self.0
    }
}

/// The encoders with their kernels.
#[derive(Debug)]
pub(super) enum AnyEncoders {
    Cpu(Box<Encoders<Fused>>),
    #[cfg(feature = "gpu")]
    Wgsl(Box<Encoders<Wgsl>>),
    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
    Burn(Box<Encoders<Operations>>),
}

/// The image and the text encoder.
#[derive(Debug)]
pub(super) struct Encoders<S: Scoring> {
    pub(super) steps: S,
    pub(super) image: ImageEncoder<S>,
    pub(super) text: TextEncoder<S>,
}

/// A vision transformer whose states are all used.
#[derive(Debug)]
pub(super) struct ImageEncoder<S: Scoring> {
    /// `[width, 3 · patch²]`; its bias is part of `position`.
    pub(super) patch: Linear<S>,
    /// `[positions, width]`, with the class embedding added to the first row.
    pub(super) position: S::Matrix,
    pub(super) blocks: Vec<Block<S>>,
    pub(super) norm: LayerNorm<S>,
}

/// BERT's encoder with cross-attention.
#[derive(Debug)]
pub(super) struct TextEncoder<S: Scoring> {
    pub(super) table: HostTable,
    pub(super) norm: LayerNorm<S>,
    pub(super) blocks: Vec<CrossBlock<S>>,
}

impl Blip {
    /// The configuration of both encoders.
    pub fn config(&self) -> &BlipConfig {
        &self.config
    }

    /// The tokens of an image that was encoded by this model, from their values
    /// `[positions · width]`.
    ///
    /// # Errors
    ///
    /// Fails if there are more or fewer values.
    pub fn tokens(&self, values: Vec<f32>) -> Result<ImageTokens, TowerError> {
        let vision = &self.config.vision;
        if values.len() != vision.positions() * vision.transformer.width {
            return Err(TowerError::OtherModel);
        }
        Ok(ImageTokens(values))
    }

    /// Encodes images in one batch, in the given order: `batch` × `[3, size, size]`
    ///
    /// # Errors
    ///
    /// Fails if an image is not `[3, size, size]`, or if the device fails.
    pub async fn encode(&self, images: &[&Pixels]) -> Result<Vec<ImageTokens>, TowerError> {
        let expected = self.config.vision.image_size;
        for image in images {
            if image.size != expected || image.values.len() != 3 * expected * expected {
                return Err(TowerError::ImageSize { expected, found: image.size });
            }
        }
        let values = match &self.encoders {
            AnyEncoders::Cpu(encoders) => encoders.encode(&self.config, images).await?,
            #[cfg(feature = "gpu")]
            AnyEncoders::Wgsl(encoders) => encoders.encode(&self.config, images).await?,
            #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
            AnyEncoders::Burn(encoders) => encoders.encode(&self.config, images).await?,
        };
        let length = self.config.vision.positions() * self.config.vision.transformer.width;
        Ok(values.chunks_exact(length).map(|tokens| ImageTokens(tokens.to_vec())).collect())
    }

    /// The rewards of pairs of a prompt and an index into `images`, in one batch.
    ///
    /// # Errors
    ///
    /// Fails if a token ID is outside the vocabulary, if an image was encoded by another model, or
    /// if the device fails.
    pub async fn rewards(
        &self,
        images: &[&ImageTokens],
        pairs: &[(&Tokens, usize)],
    ) -> Result<Vec<f32>, TowerError> {
        let vision = &self.config.vision;
        let length = vision.positions() * vision.transformer.width;
        if images.iter().any(|image| image.0.len() != length)
            || pairs.iter().any(|(_, image)| *image >= images.len())
        {
            return Err(TowerError::OtherModel);
        }
        let (most, vocabulary) = (self.config.text.positions, self.config.text.vocabulary);
        for (tokens, _) in pairs {
            let found = tokens.ids.len();
            if found > most || !(1..=found).contains(&tokens.length) {
                return Err(TowerError::Context { expected: BlipConfig::CONTEXT, found });
            }
            if let Some(&id) = tokens.ids.iter().find(|&&id| id as usize >= vocabulary) {
                return Err(TowerError::Token { vocabulary, id });
            }
        }
        let states = match &self.encoders {
            AnyEncoders::Cpu(encoders) => encoders.states(&self.config, images, pairs).await?,
            #[cfg(feature = "gpu")]
            AnyEncoders::Wgsl(encoders) => encoders.states(&self.config, images, pairs).await?,
            #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
            AnyEncoders::Burn(encoders) => encoders.states(&self.config, images, pairs).await?,
        };
        let reward = |state: &[f32]| ((self.head.output(state) - MEAN) / DEVIATION) as f32;
        Ok(states.chunks_exact(self.config.text.transformer.width).map(reward).collect())
    }
}

impl<S: Scoring> Encoders<S> {
    /// `batch` × `[3, size, size]` → `[batch · positions · width]`
    async fn encode(&self, config: &BlipConfig, images: &[&Pixels]) -> Result<Vec<f32>, TowerError> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let steps = &self.steps;
        let encoded = steps.pass(|| self.image.forward(steps, config, images));
        finite(steps.read(encoded).await?)
    }

    /// The states of the first token: images `[positions, width]` each →
    /// `[pairs · text_width]`
    async fn states(
        &self,
        config: &BlipConfig,
        images: &[&ImageTokens],
        pairs: &[(&Tokens, usize)],
    ) -> Result<Vec<f32>, TowerError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let steps = &self.steps;
        let states = steps.pass(|| {
            let values = images.iter().flat_map(|image| &image.0).copied().collect();
            let images = steps.matrix(values, config.vision.transformer.width);
            self.text.forward(steps, config, &images, pairs)
        });
        finite(steps.read(states).await?)
    }
}

impl<S: Scoring> ImageEncoder<S> {
    /// `batch` × `[3, size, size]` → `[batch · positions, width]`
    fn forward(&self, steps: &S, config: &BlipConfig, images: &[&Pixels]) -> S::Matrix {
        let positions = config.vision.positions();
        let every: Vec<usize> = (0..positions - 1).collect();
        let patches = patches(steps, &config.vision, images, |_| &every);
        let embedded = self.patch.forward_add_repeated(steps, patches, &self.position);
        let run = |stream, block: &Block<S>| block.forward(steps, stream, positions);
        self.norm.forward(steps, &self.blocks.iter().fold(embedded, run))
    }
}

impl<S: Scoring> TextEncoder<S> {
    /// The states of the first token of each prompt.
    ///
    /// # Shapes
    ///
    /// - images: `[images · positions, image_width]`
    /// - output: `[pairs, width]`
    fn forward(
        &self,
        steps: &S,
        config: &BlipConfig,
        images: &S::Matrix,
        pairs: &[(&Tokens, usize)],
    ) -> S::Matrix {
        let length = pairs.iter().map(|(tokens, _)| tokens.length).max().unwrap_or(1);
        let ids: Vec<u32> = pairs
            .iter()
            .flat_map(|(tokens, _)| (0..length).map(|at| tokens.ids.get(at).copied().unwrap_or(0)))
            .collect();
        let count = config.text.transformer.heads;
        let own = pairs.iter().enumerate();
        let own = own.map(|(sequence, (tokens, _))| Over { sequence, rows: tokens.length }).collect();
        let mut own = Attending { queries: length, keys: length, count, over: own };
        let keys = config.vision.positions();
        let over = pairs.iter().map(|&(_, sequence)| Over { sequence, rows: keys }).collect();
        let mut cross = Attending { queries: length, keys, count, over };

        let embedded = self.table.embed(steps, &ids, length);
        let mut stream = self.norm.forward(steps, &embedded);
        let Some((last, blocks)) = self.blocks.split_last() else { return stream };
        for block in blocks {
            stream = block.forward(steps, stream.clone(), (stream, &own), (images, &cross));
        }
        // Only the first token's state is used.
        let rows: Vec<usize> = (0..pairs.len()).map(|pair| pair * length).collect();
        (own.queries, cross.queries) = (1, 1);
        let first = steps.gather(stream.clone(), &rows);
        last.forward(steps, first, (stream, &own), (images, &cross))
    }
}

fn finite(values: Vec<f32>) -> Result<Vec<f32>, TowerError> {
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err(TowerError::NotFinite) }
}
