//! Parameters by name → towers.

use std::collections::HashMap;

use pickscore_checkpoint::config::{TextConfig, Transformer, VisionConfig};

use super::{
    Linear, TextTower, TowerError, VisionTower,
    block::{Attention, Block, LayerNorm, Mlp},
    kernels::Steps,
};

/// The towers of a model, those that were asked for.
#[derive(Debug)]
pub(super) struct Pair<S: Steps, T> {
    pub(super) vision: Option<VisionTower<S>>,
    pub(super) text: Option<TextTower<S, T>>,
}

/// Weights and vectors that wait for the towers they belong to.
#[derive(Debug)]
pub(super) struct Parts<S: Steps> {
    pub(super) steps: S,
    weights: HashMap<String, S::Weight>,
    vectors: HashMap<String, S::Vector>,
}

impl<S: Steps> Parts<S> {
    /// None yet.
    pub(super) fn new(steps: S) -> Self {
        Self { steps, weights: HashMap::new(), vectors: HashMap::new() }
    }

    /// Takes a weight matrix.
    pub(super) fn add_weight(&mut self, name: &str, weight: S::Weight) {
        self.weights.insert(name.into(), weight);
    }

    /// Takes a vector.
    pub(super) fn add_vector(&mut self, name: &str, vector: S::Vector) {
        self.vectors.insert(name.into(), vector);
    }

    /// The vision tower; `position` is `[positions, width]` with the class embedding in its first
    /// row.
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

    /// The text tower; `token` looks tokens up.
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

    /// A vector, which is gone from here afterwards.
    pub(super) fn vector(&mut self, name: &str) -> Result<S::Vector, TowerError> {
        self.vectors.remove(name).ok_or_else(|| TowerError::missing(name))
    }
}
