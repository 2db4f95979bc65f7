//! Assembles the towers from named parameters.

use std::collections::HashMap;

use pickscore_checkpoint::config::{BertConfig, TextConfig, Transformer, VisionConfig};

use super::{
    blip::{ImageEncoder, TextEncoder},
    block::{Attention, Block, LayerNorm, Mlp},
    cross_block::{AddedAttention, CrossBlock},
    error::TowerError,
    linear::Linear,
    steps::{Scoring, Steps},
    table::HostTable,
    text::TextTower,
    vision::VisionTower,
};

/// The text and vision towers; one may be absent.
#[derive(Debug)]
pub(super) struct Pair<S: Steps, T> {
    pub(super) vision: Option<VisionTower<S>>,
    pub(super) text: Option<TextTower<S, T>>,
}

/// Parameters that have been loaded but not yet assembled into towers.
#[derive(Debug)]
pub(super) struct Parts<S: Steps> {
    pub(super) steps: S,
    weights: HashMap<String, S::Weight>,
    vectors: HashMap<String, S::Vector>,
}

impl<S: Steps> Parts<S> {
    /// Starts without parameters.
    pub(super) fn new(steps: S) -> Self {
        Self { steps, weights: HashMap::new(), vectors: HashMap::new() }
    }

    /// Adds a weight matrix.
    pub(super) fn add_weight(&mut self, name: &str, weight: S::Weight) {
        self.weights.insert(name.into(), weight);
    }

    /// Adds a vector.
    pub(super) fn add_vector(&mut self, name: &str, vector: S::Vector) {
        self.vectors.insert(name.into(), vector);
    }

    /// Assembles the vision tower; `position` is `[positions, width]` with the class embedding
    /// already added to its first row.
    pub(super) fn vision(
        &mut self,
        config: &VisionConfig,
        position: S::Matrix,
    ) -> Result<VisionTower<S>, TowerError> {
        let eps = config.transformer.layer_norm_eps;
        Ok(VisionTower {
            patch: self.unbiased("vision.patch.weight")?,
            position,
            pre_norm: self.norm("vision.pre_norm", eps)?,
            blocks: self.blocks("vision", &config.transformer, false)?,
            post_norm: self.norm("vision.post_norm", eps)?,
            projection: self.unbiased("vision.projection.weight")?,
            steps: self.steps.clone(),
            config: config.clone(),
        })
    }

    /// Assembles the text tower; `token` is the embedding table.
    pub(super) fn text<T>(&mut self, config: &TextConfig, token: T) -> Result<TextTower<S, T>, TowerError> {
        Ok(TextTower {
            token,
            blocks: self.blocks("text", &config.transformer, true)?,
            final_norm: self.norm("text.final_norm", config.transformer.layer_norm_eps)?,
            projection: self.unbiased("text.projection.weight")?,
            steps: self.steps.clone(),
            config: config.clone(),
        })
    }

    fn blocks(
        &mut self,
        tower: &str,
        transformer: &Transformer,
        causal: bool,
    ) -> Result<Vec<Block<S>>, TowerError> {
        (0..transformer.layers)
            .map(|layer| {
                let name = |part: &str| format!("{tower}.blocks.{layer}.{part}");
                let eps = transformer.layer_norm_eps;
                Ok(Block {
                    norm1: self.norm(&name("norm1"), eps)?,
                    attention: Attention {
                        qkv: self.biased(&name("attention.qkv"))?,
                        out: self.biased(&name("attention.out"))?,
                        heads: transformer.heads,
                        causal,
                    },
                    norm2: self.norm(&name("norm2"), eps)?,
                    mlp: Mlp {
                        up: self.biased(&name("mlp.up"))?,
                        down: self.biased(&name("mlp.down"))?,
                        activation: transformer.activation,
                    },
                })
            })
            .collect()
    }

    fn unbiased(&mut self, name: &str) -> Result<Linear<S>, TowerError> {
        Ok(Linear { weight: self.weight(name)?, bias: None })
    }

    fn biased(&mut self, name: &str) -> Result<Linear<S>, TowerError> {
        let weight = self.weight(&format!("{name}.weight"))?;
        Ok(Linear { weight, bias: Some(self.vector(&format!("{name}.bias"))?) })
    }

    fn norm(&mut self, name: &str, epsilon: f64) -> Result<LayerNorm<S>, TowerError> {
        let weight = self.vector(&format!("{name}.weight"))?;
        Ok(LayerNorm { weight, bias: self.vector(&format!("{name}.bias"))?, epsilon })
    }

    fn weight(&mut self, name: &str) -> Result<S::Weight, TowerError> {
        self.weights.remove(name).ok_or_else(|| TowerError::missing(name))
    }

    /// Removes and returns a vector.
    pub(super) fn vector(&mut self, name: &str) -> Result<S::Vector, TowerError> {
        self.vectors.remove(name).ok_or_else(|| TowerError::missing(name))
    }
}

impl<S: Scoring> Parts<S> {
    /// Assembles ImageReward's image encoder; `position` is `[positions, width]` with the class
    /// embedding added to its first row and the bias of the patches to the others.
    pub(super) fn image_encoder(
        &mut self,
        config: &VisionConfig,
        position: S::Matrix,
    ) -> Result<ImageEncoder<S>, TowerError> {
        Ok(ImageEncoder {
            patch: self.unbiased("vision.patch.weight")?,
            position,
            blocks: self.blocks("vision", &config.transformer, false)?,
            norm: self.norm("vision.post_norm", config.transformer.layer_norm_eps)?,
        })
    }

    /// Assembles ImageReward's text encoder.
    pub(super) fn text_encoder(
        &mut self,
        config: &BertConfig,
        table: HostTable,
    ) -> Result<TextEncoder<S>, TowerError> {
        let epsilon = config.transformer.layer_norm_eps;
        let blocks = (0..config.transformer.layers).map(|layer| {
            let name = |part: &str| format!("text.blocks.{layer}.{part}");
            Ok(CrossBlock {
                attention: self.added_attention(&name("attention"), epsilon)?,
                cross: self.added_attention(&name("cross_attention"), epsilon)?,
                mlp: Mlp {
                    up: self.biased(&name("mlp.up"))?,
                    down: self.biased(&name("mlp.down"))?,
                    activation: config.transformer.activation,
                },
                norm: self.norm(&name("mlp.norm"), epsilon)?,
            })
        });
        let blocks = blocks.collect::<Result<_, TowerError>>()?;
        Ok(TextEncoder { table, norm: self.norm("text.norm", epsilon)?, blocks })
    }

    fn added_attention(&mut self, name: &str, epsilon: f64) -> Result<AddedAttention<S>, TowerError> {
        Ok(AddedAttention {
            query: self.biased(&format!("{name}.query"))?,
            key_value: self.biased(&format!("{name}.key_value"))?,
            out: self.biased(&format!("{name}.out"))?,
            norm: self.norm(&format!("{name}.norm"), epsilon)?,
        })
    }
}
