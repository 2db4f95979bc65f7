//! Builds the towers from parameters that arrive one at a time, each moved to the device at once.

use std::collections::HashMap;

use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Kind, Parameter, Values};

#[cfg(feature = "gpu")]
use super::Wgsl;
use super::{
    AnyPair, Clip, TowerError, cpu,
    kernels::{Kernels, Scoring},
    operations::Operations,
    parts::{Pair, Parts},
    table::HostTable,
};

/// The parameter that is neither tower's.
pub(super) const LOGIT_SCALE: &str = "logit_scale";
/// What is added to embeddings before it is moved to the device.
const EMBEDDINGS: [&str; 3] = ["vision.class", "vision.position", "text.position"];

/// Which of a model's towers a device holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Towers {
    /// Both.
    #[default]
    Both,
    /// The text tower alone.
    Text,
    /// The vision tower alone.
    Vision,
}

impl Towers {
    /// Whether a parameter of this name is needed.
    pub fn need(self, parameter: &str) -> bool {
        match self {
            Self::Both => true,
            Self::Text => !parameter.starts_with("vision."),
            Self::Vision => !parameter.starts_with("text."),
        }
    }
}

/// A model under construction.
#[derive(Debug)]
pub struct ClipBuilder {
    config: ClipConfig,
    towers: Towers,
    parts: AnyParts,
    host: HostParts,
    logit_scale: Option<f32>,
}

/// The parts with the kernels that were chosen.
#[derive(Debug)]
enum AnyParts {
    Cpu(Parts<cpu::Fused>),
    #[cfg(feature = "gpu")]
    Wgsl(Parts<Wgsl>),
    Burn(Parts<Operations>),
}

/// What stays in host memory until the towers are built, or for good.
#[derive(Debug, Default)]
struct HostParts {
    /// `[vocabulary, width]`
    token: Option<Values>,
    /// [`EMBEDDINGS`]
    embeddings: HashMap<String, Vec<f32>>,
}

impl ClipBuilder {
    /// Starts a model that computes with these kernels.
    pub fn new(config: ClipConfig, kernels: Kernels) -> Self {
        let parts = match kernels.fitting(&config) {
            Kernels::Cpu => AnyParts::Cpu(Parts::new(cpu::Fused)),
            #[cfg(feature = "gpu")]
            Kernels::Wgsl(wgsl) => AnyParts::Wgsl(Parts::new(wgsl)),
            Kernels::Burn { device, products } => AnyParts::Burn(Parts::new(Operations { device, products })),
        };
        let host = HostParts::default();
        Self { config, towers: Towers::Both, parts, host, logit_scale: None }
    }

    /// Builds only these towers: where memory is short, they take turns. Parameters of the other
    /// one are dropped.
    pub fn only(mut self, towers: Towers) -> Self {
        self.towers = towers;
        self
    }

    /// Takes one of the model's [`parameters`](pickscore_checkpoint::weights::parameters), whose
    /// values have its shape.
    pub fn accept(&mut self, parameter: &Parameter, values: Values) {
        if !self.towers.need(&parameter.name) {
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
                    AnyParts::Burn(parts) => parts.accept_weight(&parameter.name, values, shape),
                }
            }
            (Kind::Vector, values) => {
                let values = values.into_f32(parameter.shape.last().copied().unwrap_or(1));
                let name = parameter.name.as_str();
                if name == LOGIT_SCALE {
                    self.logit_scale = values.first().copied();
                } else if EMBEDDINGS.contains(&name) {
                    self.host.embeddings.insert(name.into(), values);
                } else {
                    match &mut self.parts {
                        AnyParts::Cpu(parts) => parts.accept_vector(name, values),
                        #[cfg(feature = "gpu")]
                        AnyParts::Wgsl(parts) => parts.accept_vector(name, values),
                        AnyParts::Burn(parts) => parts.accept_vector(name, values),
                    }
                }
            }
        }
    }

    /// The model.
    ///
    /// # Errors
    ///
    /// [`TowerError::Missing`] names the first parameter that never came.
    pub fn finish(self) -> Result<Clip, TowerError> {
        let Self { config, towers, parts, host, logit_scale } = self;
        let pair = match parts {
            AnyParts::Cpu(parts) => AnyPair::Cpu(Box::new(pair(parts, host, &config, towers)?)),
            #[cfg(feature = "gpu")]
            AnyParts::Wgsl(parts) => AnyPair::Wgsl(Box::new(pair(parts, host, &config, towers)?)),
            AnyParts::Burn(parts) => AnyPair::Burn(Box::new(pair(parts, host, &config, towers)?)),
        };
        let logit_scale = logit_scale.ok_or_else(|| TowerError::missing(LOGIT_SCALE))?.exp();
        Ok(Clip { config, pair, logit_scale })
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

impl HostParts {
    fn table(&mut self, width: usize) -> Result<HostTable, TowerError> {
        let token = self.token.take().ok_or_else(|| TowerError::missing("text.token"))?;
        Ok(HostTable { token, position: self.embedding("text.position")?, width })
    }

    /// Position embeddings `[positions, width]`, the class embedding added to the first.
    fn vision_positions(&mut self) -> Result<Vec<f32>, TowerError> {
        let class = self.embedding("vision.class")?;
        let mut position = self.embedding("vision.position")?;
        position.iter_mut().zip(class).for_each(|(position, class)| *position += class);
        Ok(position)
    }

    fn embedding(&mut self, name: &str) -> Result<Vec<f32>, TowerError> {
        self.embeddings.remove(name).ok_or_else(|| TowerError::missing(name))
    }
}
