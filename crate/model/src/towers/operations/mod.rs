//! The towers in burn's own operations: any device, with gradients where it has them. They are the
//! slow twin that the fused kernels are compared with.

mod packed_half;
mod weight;

use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData, activation as activations, module};
use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

use super::{
    TowerError,
    kernels::{Heads, Scoring, Steps},
};

pub(super) use weight::Weight;

/// burn's operations on a device.
#[derive(Debug, Clone)]
pub(super) struct Operations {
    /// Where they run.
    pub(super) device: Device,
    /// What matrices are multiplied in.
    pub(super) products: FloatDType,
}

impl Steps for Operations {
    type Matrix = Tensor<2>;
    type Vector = Tensor<1>;
    type Weight = Weight;

    fn matrix(&self, values: Vec<f32>, columns: usize) -> Tensor<2> {
        matrix(values, columns, &self.device)
    }

    fn linear(
        &self,
        input: Tensor<2>,
        weight: &Weight,
        bias: Option<&Tensor<1>>,
        activation: Option<Activation>,
    ) -> Tensor<2> {
        // Only the product is in 16 bits: what follows costs little, and each of its steps would
        // round again.
        let weight = weight.unpacked().cast(self.products).transpose();
        let output = input.cast(self.products).matmul(weight).cast(FloatDType::F32);
        let output = match bias {
            Some(bias) => output + bias.clone().unsqueeze(),
            None => output,
        };
        match activation {
            None => output,
            Some(Activation::Gelu) => activations::gelu(output),
            Some(Activation::QuickGelu) => {
                let gate = activations::sigmoid(output.clone().mul_scalar(1.702));
                output * gate
            }
        }
    }

    fn linear_onto(
        &self,
        input: Tensor<2>,
        weight: &Weight,
        bias: Option<&Tensor<1>>,
        residual: Tensor<2>,
    ) -> Tensor<2> {
        residual + self.linear(input, weight, bias, None)
    }

    fn linear_over(
        &self,
        input: Tensor<2>,
        weight: &Weight,
        bias: Option<&Tensor<1>>,
        residual: &Tensor<2>,
    ) -> Tensor<2> {
        let residual = repeated(residual, input.dims()[0]);
        self.linear_onto(input, weight, bias, residual)
    }

    fn layer_norm(&self, input: &Tensor<2>, weight: &Tensor<1>, bias: &Tensor<1>, epsilon: f64) -> Tensor<2> {
        module::layer_norm(input.clone(), weight.clone(), Some(bias.clone()), epsilon)
    }

    fn attention(&self, qkv: Tensor<2>, heads: Heads) -> Tensor<2> {
        attention(qkv, heads)
    }

    fn rows(&self, matrix: Tensor<2>, rows: &[usize]) -> Tensor<2> {
        chosen(matrix, rows)
    }
}

impl Scoring for Operations {
    fn vector(&self, values: Vec<f32>) -> Tensor<1> {
        Tensor::from_data(values.as_slice(), (&self.device, DType::F32))
    }

    fn weight(&self, values: Values, shape: [usize; 2]) -> Weight {
        Weight::new(values, shape, &self.device)
    }

    async fn read(&self, matrix: Tensor<2>) -> Result<Vec<f32>, TowerError> {
        let data = matrix.cast(FloatDType::F32).into_data_async().await;
        let data = data.map_err(|error| TowerError::Device { reason: error.to_string() })?;
        data.try_into_vec::<f32>().map_err(|error| TowerError::Device { reason: format!("{error:?}") })
    }
}

/// Rows of `columns` numbers on a device.
pub(super) fn matrix(values: Vec<f32>, columns: usize, device: &Device) -> Tensor<2> {
    let shape = [values.len() / columns, columns];
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

/// residual `[period, width]` → the same rows again and again, `rows` in all
pub(super) fn repeated(residual: &Tensor<2>, rows: usize) -> Tensor<2> {
    let batch = rows / residual.dims()[0].max(1);
    residual.clone().repeat_dim(0, batch)
}

/// matrix `[all, width]` → these of its rows `[rows, width]`
pub(super) fn chosen(matrix: Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let rows = Tensor::<1, Int>::from_data(rows.as_slice(), (&matrix.device(), DType::I32));
    matrix.select(0, rows)
}

/// Attention in f32: it is 4 % of the work, and 16 bits would round the scores before the softmax
/// raises them.
///
/// # Shapes
///
/// - qkv: `[batch · sequence, 3 · width]`
/// - output: `[batch · sequence, width]`
pub(super) fn attention(qkv: Tensor<2>, heads: Heads) -> Tensor<2> {
    let Heads { sequence, count, causal } = heads;
    let [rows, triple] = qkv.dims();
    let (batch, width) = (rows / sequence, triple / 3);
    let head_width = width / count;
    let [query, key, value] = [0, 1, 2].map(|part| {
        qkv.clone()
            .slice([0..rows, part * width..(part + 1) * width])
            .reshape([batch, sequence, count, head_width])
            .swap_dims(1, 2)
    });
    let query = query.mul_scalar((head_width as f64).powf(-0.5));
    let mut scores = query.matmul(key.transpose());
    if causal {
        scores = scores + causal_mask(sequence, &qkv.device());
    }
    let weights = activations::softmax(scores, 3);
    weights.matmul(value).swap_dims(1, 2).reshape([rows, width])
}

/// `[1, 1, sequence, sequence]`: 0 where the column is not after the row, else −∞.
fn causal_mask(sequence: usize, device: &Device) -> Tensor<4> {
    let value = |row, column| if column > row { f32::NEG_INFINITY } else { 0.0 };
    let mask: Vec<f32> =
        (0..sequence).flat_map(|row| (0..sequence).map(move |column| value(row, column))).collect();
    let mask = Tensor::<1>::from_data(mask.as_slice(), (device, DType::F32));
    mask.reshape([1, 1, sequence, sequence])
}
