//! Tensors of a state dict → convolutions.

use std::collections::HashMap;

use pickscore_checkpoint::weights::Tensor;

use super::{
    convolution::{Convolution, Window},
    error::InceptionError,
};
use crate::towers::Dense;

/// Epsilon of torchvision's `BasicConv2d`.
const EPSILON: f64 = 0.001;

/// The tensors that have not been taken.
pub(super) struct Tensors(HashMap<String, Tensor>);

impl Tensors {
    pub(super) fn new(tensors: Vec<Tensor>) -> Self {
        Self(tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect())
    }

    fn take(&mut self, name: String, expected: &[usize]) -> Result<Vec<f32>, InceptionError> {
        let Some(tensor) = self.0.remove(&name) else { return Err(InceptionError::Missing { name }) };
        if tensor.shape != expected {
            return Err(InceptionError::Shape { name, found: tensor.shape, expected: expected.into() });
        }
        if tensor.values.iter().all(|value| value.is_finite()) {
            Ok(tensor.values)
        } else {
            Err(InceptionError::Damaged { name })
        }
    }

    /// Takes a `BasicConv2d` from `inputs` to `outputs` channels. In evaluation its normalisation
    /// is an affine map of each channel, which is folded into weight and bias.
    pub(super) fn convolution(
        &mut self,
        name: &str,
        [inputs, outputs]: [usize; 2],
        window: Window,
    ) -> Result<Convolution, InceptionError> {
        let [height, width] = window.kernel;
        let weight = self.take(format!("{name}.conv.weight"), &[outputs, inputs, height, width])?;
        let mut of_channel = |part: &str| self.take(format!("{name}.bn.{part}"), &[outputs]);
        let (scale, shift) = (of_channel("weight")?, of_channel("bias")?);
        let (mean, variance) = (of_channel("running_mean")?, of_channel("running_var")?);
        if variance.iter().any(|&variance| variance < 0.0) {
            return Err(InceptionError::Damaged { name: format!("{name}.bn.running_var") });
        }
        let pixels = height * width;
        let mut folded = Vec::with_capacity(weight.len());
        let mut bias = Vec::with_capacity(outputs);
        for (output, weight) in weight.chunks_exact(inputs * pixels).enumerate() {
            let factor = f64::from(scale[output]) / (f64::from(variance[output]) + EPSILON).sqrt();
            bias.push((f64::from(shift[output]) - f64::from(mean[output]) * factor) as f32);
            // [inputs, height, width] → [height, width, inputs]
            for pixel in 0..pixels {
                let of_inputs = weight.iter().skip(pixel).step_by(pixels);
                folded.extend(of_inputs.map(|&weight| (f64::from(weight) * factor) as f32));
            }
        }
        Ok(Convolution::new(window, Dense::new(folded, bias, inputs * pixels)))
    }
}
