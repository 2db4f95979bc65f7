//! Builds a model from parameters that arrive one at a time. Each is moved to the device on
//! arrival.

use std::collections::HashMap;

use pickscore_checkpoint::config::{BlipConfig, ClipConfig, ModelConfig};
use pickscore_checkpoint::weights::{Kind, Parameter, Values};
use pickscore_score::{Head, Layer};

#[cfg(feature = "gpu")]
use super::gpu::Wgsl;
#[cfg(any(feature = "gpu", not(target_family = "wasm")))]
use super::operations::Operations;
use super::{
    blip::{AnyEncoders, Blip, Encoders},
    clip::{AnyPair, Clip},
    cpu::Fused,
    error::TowerError,
    kernels::Kernels,
    model::Model,
    parts::{Pair, Parts},
    steps::Scoring,
    table::HostTable,
};

/// The parameter that belongs to neither tower.
pub(super) const LOGIT_SCALE: &str = "logit_scale";
/// Vectors that stay on the host until the towers are built, besides ImageReward's head.
const HOST: [&str; 4] = ["vision.class", "vision.position", "vision.patch.bias", "text.position"];
/// The start of the names of ImageReward's head.
const HEAD: &str = "head.";

/// Which of a model's towers to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Towers {
    /// Both towers.
    #[default]
    Both,
    /// Only the text tower.
    Text,
    /// Only the vision tower.
    Vision,
}

impl Towers {
    /// Whether the parameter of this name is needed.
    fn need(self, parameter: &str) -> bool {
        match self {
            Self::Both => true,
            Self::Text => !parameter.starts_with("vision."),
            Self::Vision => !parameter.starts_with("text."),
        }
    }
}

/// A model under construction.
#[derive(Debug)]
pub struct ModelBuilder {
    config: ModelConfig,
    towers: Towers,
    parts: AnyParts,
    host: HostParts,
    logit_scale: Option<f32>,
}

/// The parameters with their kernels.
#[derive(Debug)]
enum AnyParts {
    Cpu(Parts<Fused>),
    #[cfg(feature = "gpu")]
    Wgsl(Parts<Wgsl>),
    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
    Burn(Parts<Operations>),
}

/// Parameters that stay in host memory: the token table for good, the others until the towers are
/// built.
#[derive(Debug, Default)]
struct HostParts {
    /// `[vocabulary, width]`
    token: Option<Values>,
    /// [`HOST`], and the layers of the head.
    vectors: HashMap<String, Vec<f32>>,
}

impl ModelBuilder {
    /// Starts a model that runs on the given kernels.
    pub fn new(config: impl Into<ModelConfig>, kernels: Kernels) -> Self {
        let config = config.into();
        let parts = match kernels.fitting(&config) {
            Kernels::Cpu(q8_inputs) => AnyParts::Cpu(Parts::new(Fused { q8_inputs })),
            #[cfg(feature = "gpu")]
            Kernels::Wgsl(wgsl) => AnyParts::Wgsl(Parts::new(wgsl)),
            #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
            Kernels::Burn { device, products } => AnyParts::Burn(Parts::new(Operations { device, products })),
        };
        let host = HostParts::default();
        Self { config, towers: Towers::Both, parts, host, logit_scale: None }
    }

    /// The name of the WGSL kernels' [`Tuning`](super::Tuning); `None` for other kernels.
    pub fn tuning(&self) -> Option<String> {
        match &self.parts {
            #[cfg(feature = "gpu")]
            AnyParts::Wgsl(parts) => Some(parts.steps.tuning().name()),
            _ => None,
        }
    }

    /// Builds only these towers of a CLIP model, to save memory. Parameters of the other tower are
    /// ignored.
    pub fn only(mut self, towers: Towers) -> Self {
        self.towers = towers;
        self
    }

    /// Adds one of the model's [`parameters`](pickscore_checkpoint::weights::parameters). The
    /// values must have the parameter's shape.
    pub fn accept(&mut self, parameter: &Parameter, values: Values) {
        if matches!(self.config, ModelConfig::Clip(_)) && !self.towers.need(&parameter.name) {
            return;
        }
        match (parameter.kind, values) {
            (Kind::Table, values) => self.host.token = Some(values),
            (Kind::Matrix, values) => {
                let shape = [parameter.shape[0], parameter.shape[1..].iter().product()];
                match &mut self.parts {
                    AnyParts::Cpu(parts) => parts.accept_weight(&parameter.name, values, shape),
                    #[cfg(feature = "gpu")]
                    AnyParts::Wgsl(parts) => parts.accept_weight(&parameter.name, values, shape),
                    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
                    AnyParts::Burn(parts) => parts.accept_weight(&parameter.name, values, shape),
                }
            }
            (Kind::Vector, values) => {
                let values = values.into_f32(parameter.shape.last().copied().unwrap_or(1));
                let name = parameter.name.as_str();
                if name == LOGIT_SCALE {
                    self.logit_scale = values.first().copied();
                } else if HOST.contains(&name) || name.starts_with(HEAD) {
                    self.host.vectors.insert(name.into(), values);
                } else {
                    match &mut self.parts {
                        AnyParts::Cpu(parts) => parts.accept_vector(name, values),
                        #[cfg(feature = "gpu")]
                        AnyParts::Wgsl(parts) => parts.accept_vector(name, values),
                        #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
                        AnyParts::Burn(parts) => parts.accept_vector(name, values),
                    }
                }
            }
        }
    }

    /// Completes the model.
    ///
    /// # Errors
    ///
    /// Fails with [`TowerError::Missing`] if a parameter was never supplied.
    pub fn finish(self) -> Result<Model, TowerError> {
        let Self { config, towers, parts, mut host, logit_scale } = self;
        Ok(match config {
            ModelConfig::Clip(config) => {
                let pair = match parts {
                    AnyParts::Cpu(parts) => AnyPair::Cpu(Box::new(pair(parts, host, &config, towers)?)),
                    #[cfg(feature = "gpu")]
                    AnyParts::Wgsl(parts) => AnyPair::Wgsl(Box::new(pair(parts, host, &config, towers)?)),
                    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
                    AnyParts::Burn(parts) => AnyPair::Burn(Box::new(pair(parts, host, &config, towers)?)),
                };
                let logit_scale = logit_scale.ok_or_else(|| TowerError::missing(LOGIT_SCALE))?.exp();
                Model::Clip(Clip { config, pair, logit_scale })
            }
            ModelConfig::Blip(config) => {
                let head = host.head(config.text.transformer.width)?;
                let encoders = match parts {
                    AnyParts::Cpu(parts) => AnyEncoders::Cpu(Box::new(encoders(parts, host, &config)?)),
                    #[cfg(feature = "gpu")]
                    AnyParts::Wgsl(parts) => AnyEncoders::Wgsl(Box::new(encoders(parts, host, &config)?)),
                    #[cfg(any(feature = "gpu", not(target_family = "wasm")))]
                    AnyParts::Burn(parts) => AnyEncoders::Burn(Box::new(encoders(parts, host, &config)?)),
                };
                Model::Blip(Blip { config, encoders, head })
            }
        })
    }
}

impl<S: Scoring> Parts<S> {
    fn accept_weight(&mut self, name: &str, values: Values, shape: [usize; 2]) {
        let weight = self.steps.weight(values, shape);
        self.add_weight(name, weight);
    }

    fn accept_vector(&mut self, name: &str, values: Vec<f32>) {
        let vector = self.steps.vector(values);
        self.add_vector(name, vector);
    }
}

fn pair<S: Scoring>(
    mut parts: Parts<S>,
    mut host: HostParts,
    config: &ClipConfig,
    towers: Towers,
) -> Result<Pair<S, HostTable>, TowerError> {
    let vision = if towers == Towers::Text {
        None
    } else {
        let position = host.vision_positions()?;
        let position = parts.steps.matrix(position, config.vision.transformer.width);
        Some(parts.vision(&config.vision, position)?)
    };
    let text = if towers == Towers::Vision {
        None
    } else {
        let table = host.table(config.text.transformer.width)?;
        Some(parts.text(&config.text, table)?)
    };
    Ok(Pair { vision, text })
}

fn encoders<S: Scoring>(
    mut parts: Parts<S>,
    mut host: HostParts,
    config: &BlipConfig,
) -> Result<Encoders<S>, TowerError> {
    let width = config.vision.transformer.width;
    let mut position = host.vision_positions()?;
    let bias = host.vector("vision.patch.bias")?;
    for row in position.chunks_exact_mut(width).skip(1) {
        row.iter_mut().zip(&bias).for_each(|(position, bias)| *position += bias);
    }
    let position = parts.steps.matrix(position, width);
    let image = parts.image_encoder(&config.vision, position)?;
    let table = host.table(config.text.transformer.width)?;
    let text = parts.text_encoder(&config.text, table)?;
    Ok(Encoders { steps: parts.steps, image, text })
}

impl HostParts {
    /// ImageReward's layers on states of `width` values.
    fn head(&mut self, width: usize) -> Result<Head, TowerError> {
        let layers = (0..BlipConfig::HEAD.len()).map(|layer| {
            let mut part = |kind| self.vector(&format!("{HEAD}{layer}.{kind}"));
            Ok(Layer { weight: part("weight")?, bias: part("bias")? })
        });
        let layers = layers.collect::<Result<Vec<_>, TowerError>>()?;
        Head::new(layers, width, false).map_err(|_| TowerError::missing(HEAD))
    }

    fn table(&mut self, width: usize) -> Result<HostTable, TowerError> {
        let token = self.token.take().ok_or_else(|| TowerError::missing("text.token"))?;
        Ok(HostTable { token, position: self.vector("text.position")?, width })
    }

    /// Position embeddings `[positions, width]`, with the class embedding added to the first row.
    fn vision_positions(&mut self) -> Result<Vec<f32>, TowerError> {
        let class = self.vector("vision.class")?;
        let mut position = self.vector("vision.position")?;
        position.iter_mut().zip(class).for_each(|(position, class)| *position += class);
        Ok(position)
    }

    fn vector(&mut self, name: &str) -> Result<Vec<f32>, TowerError> {
        self.vectors.remove(name).ok_or_else(|| TowerError::missing(name))
    }
}
