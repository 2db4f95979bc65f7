//! Puts the towers together from parameters that arrive one at a time, each moved to the device at once.

use std::collections::HashMap;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use super::{
    Attention, Block, Clip, LayerNorm, Linear, Matrix, Mlp, TextTower, TokenTable, TowerError, VisionTower,
};
use pickscore_checkpoint::config::{ClipConfig, Transformer};
use pickscore_checkpoint::weights::{Kind, Parameter, Values};

/// The parameter that is neither tower's.
const LOGIT_SCALE: &str = "logit_scale";
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

/// The token embeddings `[vocabulary, width]`.
#[derive(Debug)]
enum Table {
    Host(Values),
    #[cfg(feature = "train")]
    Trained(Tensor<2>),
}

/// A model under construction.
#[derive(Debug)]
pub struct ClipBuilder {
    config: ClipConfig,
    towers: Towers,
    compute: FloatDType,
    device: Device,
    matrices: HashMap<String, Matrix>,
    vectors: HashMap<String, Tensor<1>>,
    /// Those of [`EMBEDDINGS`] that are not trained.
    embeddings: HashMap<String, Vec<f32>>,
    token: Option<Table>,
    logit_scale: Option<f32>,
}

impl ClipBuilder {
    /// Begins a model on a device. `compute` is what the device multiplies in; the CPU always takes f32.
    pub fn new(config: ClipConfig, compute: FloatDType, device: Device) -> Self {
        let (matrices, vectors, embeddings) = Default::default();
        Self {
            config,
            towers: Towers::Both,
            compute,
            device,
            matrices,
            vectors,
            embeddings,
            token: None,
            logit_scale: None,
        }
    }

    /// Builds only these towers: where memory is short, they take turns. Parameters of the other one are dropped.
    pub fn only(mut self, towers: Towers) -> Self {
        self.towers = towers;
        self
    }

    /// Takes one of the model's [`parameters`](pickscore_checkpoint::weights::parameters), whose values have its shape.
    pub fn accept(&mut self, parameter: &Parameter, values: Values) {
        if !self.towers.need(&parameter.name) {
            return;
        }
        match (parameter.kind, values) {
            (Kind::Table, values) => self.token = Some(Table::Host(values)),
            (Kind::Matrix, values) => {
                let shape = [parameter.shape[0], parameter.shape[1..].iter().product()];
                let matrix = Matrix::new(values, shape, self.compute, &self.device);
                self.matrices.insert(parameter.name.clone(), matrix);
            }
            (Kind::Vector, values) => {
                let values = values.into_f32(parameter.shape.last().copied().unwrap_or(1));
                if parameter.name == LOGIT_SCALE {
                    self.logit_scale = values.first().copied();
                    return;
                }
                if EMBEDDINGS.contains(&parameter.name.as_str()) {
                    self.embeddings.insert(parameter.name.clone(), values);
                    return;
                }
                let vector = Tensor::from_data(values.as_slice(), (&self.device, DType::F32));
                self.vectors.insert(parameter.name.clone(), vector);
            }
        }
    }

    /// Takes one of the parameters as a flat tensor that is being trained. The logit scale stays with whoever trains it.
    #[cfg(feature = "train")]
    pub fn accept_trained(&mut self, parameter: &Parameter, values: Tensor<1>) {
        let matrix = |values: Tensor<1>| {
            values.reshape([parameter.shape[0], parameter.shape[1..].iter().product::<usize>()])
        };
        match parameter.kind {
            Kind::Table => self.token = Some(Table::Trained(matrix(values))),
            Kind::Matrix => {
                self.matrices.insert(parameter.name.clone(), Matrix::trained(matrix(values)));
            }
            Kind::Vector if parameter.name == LOGIT_SCALE => self.logit_scale = Some(0.0),
            Kind::Vector => {
                self.vectors.insert(parameter.name.clone(), values);
            }
        }
    }

    /// The model.
    ///
    /// # Errors
    ///
    /// [`TowerError::Missing`] names the first parameter that never came.
    pub fn finish(mut self) -> Result<Clip, TowerError> {
        let vision = if self.towers == Towers::Text { None } else { Some(self.vision()?) };
        let text = if self.towers == Towers::Vision { None } else { Some(self.text()?) };
        let logit_scale = self.logit_scale.ok_or_else(|| TowerError::missing(LOGIT_SCALE))?.exp();
        Ok(Clip { config: self.config, vision, text, logit_scale, device: self.device })
    }

    fn vision(&mut self) -> Result<VisionTower, TowerError> {
        let vision = self.config.vision.clone();
        let eps = vision.transformer.layer_norm_eps;
        Ok(VisionTower {
            patch: Linear { weight: self.matrix("vision.patch.weight")?, bias: None },
            position: self.positions([vision.positions(), vision.transformer.width])?,
            pre_norm: self.norm("vision.pre_norm", eps)?,
            blocks: self.blocks("vision", &vision.transformer, false)?,
            post_norm: self.norm("vision.post_norm", eps)?,
            projection: Linear { weight: self.matrix("vision.projection.weight")?, bias: None },
            config: vision,
        })
    }

    fn text(&mut self) -> Result<TextTower, TowerError> {
        let text = self.config.text.clone();
        let (width, eps) = (text.transformer.width, text.transformer.layer_norm_eps);
        let token = match self.token.take().ok_or_else(|| TowerError::missing("text.token"))? {
            Table::Host(token) => TokenTable::host(token, self.embedding("text.position")?, width),
            #[cfg(feature = "train")]
            Table::Trained(token) => {
                let position = self.vector("text.position")?.reshape([text.context, width]);
                TokenTable::trained(token, position)
            }
        };
        Ok(TextTower {
            token,
            blocks: self.blocks("text", &text.transformer, true)?,
            final_norm: self.norm("text.final_norm", eps)?,
            projection: Linear { weight: self.matrix("text.projection.weight")?, bias: None },
            config: text,
        })
    }

    fn blocks(
        &mut self,
        tower: &str,
        transformer: &Transformer,
        causal: bool,
    ) -> Result<Vec<Block>, TowerError> {
        (0..transformer.layers)
            .map(|layer| {
                let name = |part: &str| format!("{tower}.blocks.{layer}.{part}");
                let eps = transformer.layer_norm_eps;
                Ok(Block {
                    norm1: self.norm(&name("norm1"), eps)?,
                    attention: Attention {
                        qkv: self.linear(&name("attention.qkv"))?,
                        out: self.linear(&name("attention.out"))?,
                        heads: transformer.heads,
                        causal,
                    },
                    norm2: self.norm(&name("norm2"), eps)?,
                    mlp: Mlp {
                        up: self.linear(&name("mlp.up"))?,
                        down: self.linear(&name("mlp.down"))?,
                        activation: transformer.activation,
                    },
                })
            })
            .collect()
    }

    fn linear(&mut self, name: &str) -> Result<Linear, TowerError> {
        let weight = self.matrix(&format!("{name}.weight"))?;
        Ok(Linear { weight, bias: Some(self.vector(&format!("{name}.bias"))?) })
    }

    fn norm(&mut self, name: &str, epsilon: f64) -> Result<LayerNorm, TowerError> {
        let weight = self.vector(&format!("{name}.weight"))?;
        Ok(LayerNorm { weight, bias: self.vector(&format!("{name}.bias"))?, epsilon })
    }

    fn matrix(&mut self, name: &str) -> Result<Matrix, TowerError> {
        self.matrices.remove(name).ok_or_else(|| TowerError::missing(name))
    }

    fn vector(&mut self, name: &str) -> Result<Tensor<1>, TowerError> {
        self.vectors.remove(name).ok_or_else(|| TowerError::missing(name))
    }

    fn embedding(&mut self, name: &str) -> Result<Vec<f32>, TowerError> {
        self.embeddings.remove(name).ok_or_else(|| TowerError::missing(name))
    }

    /// Position embeddings `[positions, width]`, the class embedding in the first.
    fn positions(&mut self, [positions, width]: [usize; 2]) -> Result<Tensor<2>, TowerError> {
        #[cfg(feature = "train")]
        if self.vectors.contains_key("vision.position") {
            let class = self.vector("vision.class")?.reshape([1, width]);
            let position = self.vector("vision.position")?.reshape([positions, width]);
            let first = position.clone().narrow(0, 0, 1) + class;
            return Ok(Tensor::cat(vec![first, position.narrow(0, 1, positions - 1)], 0));
        }
        let class = self.embedding("vision.class")?;
        let mut position = self.embedding("vision.position")?;
        position.iter_mut().zip(class).for_each(|(position, class)| *position += class);
        let position = TensorData::new(position, [positions, width]);
        Ok(Tensor::from_data(position, (&self.device, DType::F32)))
    }
}
