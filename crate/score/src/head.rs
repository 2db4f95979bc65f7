//! A head: fully connected layers that turn an image embedding into a score.

use super::Embedding;

/// A fully connected layer: `y = W x + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// `W`, `[outputs, inputs]`, row by row.
    pub weight: Vec<f32>,
    /// `b`, `[outputs]`.
    pub bias: Vec<f32>,
}

impl Layer {
    fn inputs(&self) -> usize {
        self.weight.len() / self.bias.len().max(1)
    }

    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.weight.chunks_exact(x.len());
        rows.zip(&self.bias).map(|(row, &bias)| dot(row, x) + f64::from(bias)).collect()
    }
}

fn dot(weights: &[f32], x: &[f64]) -> f64 {
    weights.iter().zip(x).map(|(&weight, x)| f64::from(weight) * x).sum()
}

/// Why layers do not form a head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// There are no layers.
    #[error("the head has no layers")]
    Empty,
    /// A number is NaN or infinite.
    #[error("the head has a number that is not finite")]
    NotFinite,
    /// A layer does not fit the layer before it.
    #[error("layer {layer} of the head has {found} weights; expected {outputs} × {inputs}")]
    Shape {
        /// The layer, from 0.
        layer: usize,
        /// Number of weights.
        found: usize,
        /// Outputs, which is the number of biases.
        outputs: usize,
        /// Inputs, which is the number of outputs of the layer before.
        inputs: usize,
    },
    /// The last layer has more or fewer than one output.
    #[error("the head gives {outputs} numbers; expected one")]
    Outputs {
        /// Number of outputs.
        outputs: usize,
    },
}

/// Layers on an image embedding, computed in f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    layers: Layers,
    inputs: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Layers {
    /// Layers without an activation, folded into one vector and a number.
    Affine(Vec<f64>, f64),
    /// Layers with ReLU between them.
    Relu(Vec<Layer>),
}

impl Head {
    /// Builds a head for embeddings of `inputs` numbers.
    ///
    /// `relu` says whether there is a ReLU between the layers. Without one they are folded into one
    /// vector.
    ///
    /// # Errors
    ///
    /// If the layers do not fit each other, do not end in one number, or have a number that is not
    /// finite.
    pub fn new(layers: Vec<Layer>, inputs: usize, relu: bool) -> Result<Self, HeadError> {
        let mut numbers = layers.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias));
        if !numbers.all(|number| number.is_finite()) {
            return Err(HeadError::NotFinite);
        }
        let mut width = inputs;
        for (layer, Layer { weight, bias }) in layers.iter().enumerate() {
            let outputs = bias.len();
            if outputs == 0 || weight.len() != outputs.saturating_mul(width) {
                return Err(HeadError::Shape { layer, found: weight.len(), outputs, inputs: width });
            }
            width = outputs;
        }
        if layers.is_empty() {
            return Err(HeadError::Empty);
        }
        if width != 1 {
            return Err(HeadError::Outputs { outputs: width });
        }
        let layers = if relu { Layers::Relu(layers) } else { folded(&layers) };
        Ok(Self { layers, inputs })
    }

    /// Number of values in the embeddings that it reads.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// All numbers that determine the output, in a fixed order.
    pub fn numbers(&self) -> Vec<f64> {
        match &self.layers {
            Layers::Affine(weight, bias) => weight.iter().chain([bias]).copied().collect(),
            Layers::Relu(layers) => {
                let numbers = layers.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias));
                numbers.map(|&number| number.into()).collect()
            }
        }
    }

    /// The output for an embedding of [`Head::inputs`] values, each multiplied by `length`: 1 for
    /// heads that read unit-length embeddings, [`Embedding::length`] for heads that read a tower's
    /// output as it is.
    pub fn apply(&self, embedding: &Embedding, length: f64) -> f64 {
        self.of(embedding.values().iter().map(|&value| f64::from(value) * length).collect())
    }

    /// The output for [`Head::inputs`] values.
    pub fn output(&self, values: &[f32]) -> f64 {
        self.of(values.iter().map(|&value| f64::from(value)).collect())
    }

    fn of(&self, x: Vec<f64>) -> f64 {
        match &self.layers {
            Layers::Affine(weight, bias) => weight.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>() + bias,
            Layers::Relu(layers) => {
                let (last, hidden) = layers.split_last().unwrap_or_else(|| unreachable!("checked"));
                let relu = |x: Vec<f64>, layer: &Layer| {
                    layer.apply(&x).into_iter().map(|value| value.max(0.0)).collect()
                };
                last.apply(&hidden.iter().fold(x, relu))[0]
            }
        }
    }
}

/// The one affine map that layers without activations compute, multiplied from the last layer back.
fn folded(layers: &[Layer]) -> Layers {
    let (mut vector, mut offset) = (vec![1.0], 0.0);
    for layer in layers.iter().rev() {
        offset += dot(&layer.bias, &vector);
        let inputs = layer.inputs();
        let mut product = vec![0.0; inputs];
        for (row, factor) in layer.weight.chunks_exact(inputs).zip(&vector) {
            product.iter_mut().zip(row).for_each(|(sum, &weight)| *sum += factor * f64::from(weight));
        }
        vector = product;
    }
    Layers::Affine(vector, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(weight: &[f32], bias: &[f32]) -> Layer {
        Layer { weight: weight.to_vec(), bias: bias.to_vec() }
    }

    /// 2 → 2 → 1. Values by hand: W1 x + b1 = [0.6 + 2·0.8 + 1, 0.6 − 0.8 − 1] = [3.2, −1.2].
    fn layers() -> Vec<Layer> {
        vec![layer(&[1.0, 2.0, 1.0, -1.0], &[1.0, -1.0]), layer(&[2.0, 3.0], &[0.5])]
    }

    #[test]
    fn layers_are_folded_or_rectified() {
        let x = Embedding::normalised(vec![3.0, 4.0]);
        let affine = Head::new(layers(), 2, false).unwrap();
        assert!((affine.apply(&x, 1.0) - (2.0 * 3.2 - 3.0 * 1.2 + 0.5)).abs() < 1e-6);
        let rectified = Head::new(layers(), 2, true).unwrap();
        assert!((rectified.apply(&x, 1.0) - (2.0 * 3.2 + 0.5)).abs() < 1e-6);
        // [3, 4]: [12, −2].
        assert!((affine.apply(&x, 5.0) - (24.0 - 6.0 + 0.5)).abs() < 1e-5);
    }

    #[test]
    fn layers_that_do_not_fit_are_refused() {
        assert_eq!(Head::new(Vec::new(), 2, true), Err(HeadError::Empty));
        let shape = HeadError::Shape { layer: 0, found: 4, outputs: 2, inputs: 3 };
        assert_eq!(Head::new(layers(), 3, false), Err(shape));
        let wide = Head::new(vec![layers().remove(0)], 2, false);
        assert_eq!(wide, Err(HeadError::Outputs { outputs: 2 }));
        assert!(Head::new(vec![layer(&[], &[])], 2, false).is_err());
    }
}
