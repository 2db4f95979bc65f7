//! The parameters of a model in training.

use std::ops::ControlFlow;

use burn::tensor::{DType, Device, Tensor};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::error::TrainError;
use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Kind, ModelDirectory, Parameter, Precision, Values, parameters};
use pickscore_common::progress::Progress;
use pickscore_model::towers::{Clip, Kernels, ModelBuilder, TowerError, TrainableClip};

/// A model in training: each parameter is a flat f32 tensor on a device.
#[derive(Debug)]
pub struct Trainee {
    config: ClipConfig,
    list: Vec<Parameter>,
    /// One `[length]` per parameter, in the order of [`Trainee::list`], without gradients.
    pub values: Vec<Tensor<1>>,
    device: Device,
}

impl Trainee {
    /// Random parameters from a seed, distributed as in Hugging Face's
    /// `CLIPPreTrainedModel._init_weights`.
    pub fn random(config: ClipConfig, seed: u64, device: Device) -> Self {
        let list = parameters(&config);
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let values = list
            .iter()
            .map(|parameter| {
                let count = parameter.shape.iter().product();
                let values: Vec<f32> = match initial(&config, parameter) {
                    Initial::Constant(value) => vec![value; count],
                    Initial::Normal(deviation) => {
                        (0..count).map(|_| deviation * normal(&mut random)).collect()
                    }
                };
                Tensor::from_data(values.as_slice(), (&device, DType::F32))
            })
            .collect();
        Self { config, list, values, device }
    }

    /// Reads the parameters of a model.
    ///
    /// # Errors
    ///
    /// Fails if the weights cannot be read.
    pub fn open(
        directory: &ModelDirectory,
        device: Device,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Self, TrainError> {
        let config = directory.clip()?.clone();
        let list = parameters(&config);
        let mut values: Vec<Option<Tensor<1>>> = vec![None; list.len()];
        directory.load(Precision::F32, progress, &mut |parameter, loaded| {
            let columns = parameter.shape.last().copied().unwrap_or(1);
            let loaded = loaded.into_f32(columns);
            let index = list.iter().position(|other| other.name == parameter.name);
            if let Some(place) = index.and_then(|index| values.get_mut(index)) {
                *place = Some(Tensor::from_data(loaded.as_slice(), (&device, DType::F32)));
            }
        })?;
        let values = list.iter().zip(values).map(|(parameter, values)| {
            values.ok_or_else(|| TowerError::Missing { name: parameter.name.clone() })
        });
        let values = values.collect::<Result<_, _>>()?;
        Ok(Self { config, list, values, device })
    }

    /// The model's configuration.
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// The names and shapes of the parameters, in order.
    pub fn list(&self) -> &[Parameter] {
        &self.list
    }

    /// For each parameter, whether weight decay applies: to matrices and the token embeddings.
    pub fn decayed(&self) -> Vec<bool> {
        self.list.iter().map(|parameter| parameter.kind != Kind::Vector).collect()
    }

    /// Downloads a parameter: → `[length]`
    ///
    /// # Errors
    ///
    /// Fails if the device fails.
    pub fn numbers(&self, index: usize) -> Result<Vec<f32>, TrainError> {
        numbers(self.values[index].clone())
    }

    /// Builds the towers with gradients. Also returns the parameters as leaves of the autodiff
    /// graph.
    ///
    /// # Errors
    ///
    /// Fails if a parameter of the configuration is missing, which [`Trainee`] rules out.
    pub(super) fn with_gradients(&self) -> Result<(TrainableClip, Vec<Tensor<1>>), TrainError> {
        let leaves: Vec<Tensor<1>> =
            self.values.iter().map(|values| Tensor::from_inner(values.clone()).require_grad()).collect();
        let device = self.device.clone().autodiff();
        let parameters = self.list.iter().zip(leaves.iter().cloned());
        let clip = TrainableClip::new(&self.config, &device, parameters)?;
        Ok((clip, leaves))
    }

    /// Builds the model for scoring.
    ///
    /// # Errors
    ///
    /// Fails if the device fails.
    pub(super) fn scorer(&self) -> Result<Clip, TrainError> {
        let kernels = Kernels::of(&self.device, Precision::F32, false);
        let mut builder = ModelBuilder::new(&self.config, kernels);
        for (index, parameter) in self.list.iter().enumerate() {
            builder.accept(parameter, Values::F32(self.numbers(index)?));
        }
        Ok(builder.finish()?.into_clip()?)
    }

    /// The index of the logit scale, which is the last parameter.
    pub(super) fn logit_scale(&self) -> usize {
        self.list.len() - 1
    }
}

/// Downloads a tensor: → `[length]`
pub(super) fn numbers(tensor: Tensor<1>) -> Result<Vec<f32>, TrainError> {
    tensor
        .into_data()
        .try_into_vec::<f32>()
        .map_err(|error| TowerError::Device { reason: format!("{error:?}") }.into())
}

/// The initial distribution of a parameter.
enum Initial {
    Constant(f32),
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
}

/// The initial distribution of a parameter.
fn initial(config: &ClipConfig, parameter: &Parameter) -> Initial {
    let (tower, part) = parameter.name.split_once('.').unwrap_or(("", &parameter.name));
    let transformer = if tower == "vision" { &config.vision.transformer } else { &config.text.transformer };
    let width = transformer.width as f32;
    let depth = 2.0 * transformer.layers as f32;
    if part.ends_with(".bias") {
        return Initial::Constant(0.0);
    }
    let module =
        part.strip_prefix("blocks.").and_then(|rest| rest.split_once('.')).map_or(part, |(_, rest)| rest);
    match module {
        // ln(1 / 0.07)
        "logit_scale" => Initial::Constant(2.659_26),
        "class" => Initial::Normal(width.powf(-0.5)),
        "patch.weight" | "position" | "token" => Initial::Normal(0.02),
        "projection.weight" => Initial::Normal(width.powf(-0.5)),
        "attention.qkv.weight" | "mlp.down.weight" => Initial::Normal((width * depth).powf(-0.5)),
        "attention.out.weight" => Initial::Normal(width.powf(-0.5)),
        "mlp.up.weight" => Initial::Normal((2.0 * width).powf(-0.5)),
        // Weights of layer norms.
        _ => Initial::Constant(1.0),
    }
}

/// A standard normal sample, by the Box–Muller transform.
fn normal(random: &mut ChaCha8Rng) -> f32 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * random.random::<f64>()).cos()) as f32
}
