//! A CLIP model with gradients.

use burn::tensor::{Device, FloatDType, Tensor};
use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Kind, Parameter};
use pickscore_pixels::Pixels;
use pickscore_tokens::Tokens;

use super::{
    builder::LOGIT_SCALE,
    cpu::gradient::FusedTraining,
    error::TowerError,
    operations::{Operations, Weight},
    parts::Parts,
    steps::Steps,
    table::TrainedTable,
    text::TextTower,
    vision::VisionTower,
};

/// A CLIP model for training. The caller owns the parameters, including the logit scale.
#[derive(Debug)]
pub struct TrainableClip(AnyPair);

/// The towers with the kernels for the parameters' device.
#[derive(Debug)]
enum AnyPair {
    Cpu(Box<TrainedPair<FusedTraining>>),
    Burn(Box<TrainedPair<Operations>>),
}

#[derive(Debug)]
struct TrainedPair<S: Steps> {
    vision: VisionTower<S>,
    text: TextTower<S, TrainedTable>,
}

impl TrainableClip {
    /// Builds the towers from the model's
    /// [`parameters`](pickscore_checkpoint::weights::parameters), each a flat f32 tensor on a
    /// device with autodiff.
    ///
    /// # Errors
    ///
    /// Fails with [`TowerError::Missing`] if a parameter is absent.
    pub fn new<'a>(
        config: &ClipConfig,
        device: &Device,
        parameters: impl IntoIterator<Item = (&'a Parameter, Tensor<1>)>,
    ) -> Result<Self, TowerError> {
        let pair = if device.clone().without_autodiff() == Device::flex() {
            let steps = FusedTraining { device: device.clone() };
            AnyPair::Cpu(Box::new(pair(config, steps, parameters)?))
        } else {
            let steps = Operations { device: device.clone(), products: FloatDType::F32 };
            AnyPair::Burn(Box::new(pair(config, steps, parameters)?))
        };
        Ok(Self(pair))
    }

    /// Embeds prompts without normalising to unit length: `batch` × `[context]` →
    /// `[batch, projection]`
    pub fn text_features(&self, prompts: &[&Tokens]) -> Tensor<2> {
        match &self.0 {
            AnyPair::Cpu(pair) => pair.text.forward(prompts),
            AnyPair::Burn(pair) => pair.text.forward(prompts),
        }
    }

    /// Embeds images without normalising to unit length: `batch` × `[3, size, size]` →
    /// `[batch, projection]`
    pub fn vision_features(&self, images: &[&Pixels]) -> Tensor<2> {
        match &self.0 {
            AnyPair::Cpu(pair) => pair.vision.forward(images),
            AnyPair::Burn(pair) => pair.vision.forward(images),
        }
    }

    /// As [`TrainableClip::vision_features`], from a subset of the patches: `seen` is `batch` ×
    /// `[kept]`, the indices of the patches of each image.
    pub fn vision_features_of(&self, images: &[&Pixels], seen: &[Vec<usize>]) -> Tensor<2> {
        match &self.0 {
            AnyPair::Cpu(pair) => pair.vision.forward_seen(images, seen),
            AnyPair::Burn(pair) => pair.vision.forward_seen(images, seen),
        }
    }
}

/// Steps on tensors with gradients.
trait Trained: Steps<Matrix = Tensor<2>, Vector = Tensor<1>> {
    /// Wraps a weight matrix `[out, in]`.
    fn trained(weight: Tensor<2>) -> Self::Weight;
}

impl Trained for FusedTraining {
    fn trained(weight: Tensor<2>) -> Tensor<2> {
        weight
    }
}

impl Trained for Operations {
    fn trained(weight: Tensor<2>) -> Weight {
        Weight::Float(weight)
    }
}

fn pair<'a, S: Trained>(
    config: &ClipConfig,
    steps: S,
    parameters: impl IntoIterator<Item = (&'a Parameter, Tensor<1>)>,
) -> Result<TrainedPair<S>, TowerError> {
    let mut parts = Parts::new(steps);
    let mut token = None;
    for (parameter, values) in parameters {
        let matrix = |values: Tensor<1>| {
            let columns: usize = parameter.shape[1..].iter().product();
            values.reshape([parameter.shape[0], columns])
        };
        match parameter.kind {
            Kind::Table => token = Some(matrix(values)),
            Kind::Matrix => parts.add_weight(&parameter.name, S::trained(matrix(values))),
            Kind::Vector if parameter.name == LOGIT_SCALE => {}
            Kind::Vector => parts.add_vector(&parameter.name, values),
        }
    }
    let (positions, width) = (config.vision.positions(), config.vision.transformer.width);
    let class = parts.vector("vision.class")?.reshape([1, width]);
    let position = parts.vector("vision.position")?.reshape([positions, width]);
    let first = position.clone().narrow(0, 0, 1) + class;
    let position = Tensor::cat(vec![first, position.narrow(0, 1, positions - 1)], 0);
    let vision = parts.vision(&config.vision, position)?;

    let token = token.ok_or_else(|| TowerError::missing("text.token"))?;
    let shape = [config.text.context, config.text.transformer.width];
    let position = parts.vector("text.position")?.reshape(shape);
    let text = parts.text(&config.text, TrainedTable { token, position })?;
    Ok(TrainedPair { vision, text })
}
