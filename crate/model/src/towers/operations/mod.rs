//! The steps in burn's operations: on any device, with gradients if the device has autodiff. They
//! are slower than the fused kernels and serve as their reference.

mod packed_half;
mod weight;

use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData, activation as activations, module};
use pickscore_checkpoint::config::Activation;
use pickscore_checkpoint::weights::Values;

use super::{
    error::TowerError,
    steps::{Attending, Heads, Scoring, Steps},
};

pub(super) use weight::Weight;

/// burn's operations on a device.
#[derive(Debug, Clone)]
pub(super) struct Operations {
    /// The device.
    pub(super) device: Device,
    /// The precision of matrix products.
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
        // Only the product may use 16 bits: the steps after it are cheap and would each round
        // again.
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

    fn linear_add(
        &self,
        input: Tensor<2>,
        weight: &Weight,
        bias: Option<&Tensor<1>>,
        residual: Tensor<2>,
    ) -> Tensor<2> {
        residual + self.linear(input, weight, bias, None)
    }

    fn linear_add_repeated(
        &self,
        input: Tensor<2>,
        weight: &Weight,
        bias: Option<&Tensor<1>>,
        residual: &Tensor<2>,
    ) -> Tensor<2> {
        let residual = repeat(residual, input.dims()[0]);
        self.linear_add(input, weight, bias, residual)
    }

    fn layer_norm(&self, input: &Tensor<2>, weight: &Tensor<1>, bias: &Tensor<1>, epsilon: f64) -> Tensor<2> {
        module::layer_norm(input.clone(), weight.clone(), Some(bias.clone()), epsilon)
    }

    fn attention(&self, qkv: Tensor<2>, heads: Heads) -> Tensor<2> {
        attention(qkv, heads)
    }

    fn gather(&self, matrix: Tensor<2>, rows: &[usize]) -> Tensor<2> {
        gather(matrix, rows)
    }
}

impl Scoring for Operations {
    fn vector(&self, values: Vec<f32>) -> Tensor<1> {
        Tensor::from_data(values.as_slice(), (&self.device, DType::F32))
    }

    fn weight(&self, values: Values, shape: [usize; 2]) -> Weight {
        Weight::new(values, shape, &self.device)
    }

    fn attend(&self, query: Tensor<2>, memory: &Tensor<2>, shape: &Attending) -> Tensor<2> {
        attend(query, memory.clone(), shape)
    }

    async fn read(&self, matrix: Tensor<2>) -> Result<Vec<f32>, TowerError> {
        let data = matrix.cast(FloatDType::F32).into_data_async().await;
        let data = data.map_err(|error| TowerError::Device { reason: error.to_string() })?;
        data.try_into_vec::<f32>().map_err(|error| TowerError::Device { reason: format!("{error:?}") })
    }
}

/// Uploads row-major values: `[rows · columns]` → `[rows, columns]`
pub(super) fn matrix(values: Vec<f32>, columns: usize, device: &Device) -> Tensor<2> {
    let shape = [values.len() / columns, columns];
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

/// Repeats a residual to `rows` rows: `[period, width]` → `[rows, width]`
pub(super) fn repeat(residual: &Tensor<2>, rows: usize) -> Tensor<2> {
    let batch = rows / residual.dims()[0].max(1);
    residual.clone().repeat_dim(0, batch)
}

/// Gathers rows: matrix `[all, width]`, indices `[rows]` → `[rows, width]`
pub(super) fn gather(matrix: Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let rows = Tensor::<1, Int>::from_data(rows.as_slice(), (&matrix.device(), DType::I32));
    matrix.select(0, rows)
}

/// Attention in f32. It is 4 % of the work, and in 16 bits the softmax would amplify the rounding
/// errors of the scores.
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

/// Attention over other sequences, in f32: query `[over · queries, width]`, memory
/// `[sequences · keys, 2 · width]` → `[over · queries, width]`
fn attend(query: Tensor<2>, memory: Tensor<2>, shape: &Attending) -> Tensor<2> {
    let Attending { queries, keys, count, over } = shape;
    let [rows, width] = query.dims();
    let head_width = width / count;
    let split = |matrix: Tensor<2>, length: usize| {
        matrix.reshape([over.len(), length, *count, head_width]).swap_dims(1, 2)
    };
    // Each sequence of queries gets a copy of its keys and values.
    let places: Vec<usize> =
        over.iter().flat_map(|over| (0..*keys).map(|row| over.sequence * keys + row)).collect();
    let memory = gather(memory, &places);
    let [key, value] = [0, 1]
        .map(|part| split(memory.clone().slice([0..places.len(), part * width..(part + 1) * width]), *keys));
    let query = split(query, *queries).mul_scalar((head_width as f64).powf(-0.5));
    let mask: Vec<f32> = over
        .iter()
        .flat_map(|over| (0..*keys).map(|row| if row < over.rows { 0.0 } else { f32::NEG_INFINITY }))
        .collect();
    let mask = Tensor::<1>::from_data(mask.as_slice(), (&query.device(), DType::F32));
    let scores = query.matmul(key.transpose()) + mask.reshape([over.len(), 1, 1, *keys]);
    let weights = activations::softmax(scores, 3);
    weights.matmul(value).swap_dims(1, 2).reshape([rows, width])
}

/// The causal mask `[1, 1, sequence, sequence]`: −∞ above the diagonal, 0 elsewhere.
fn causal_mask(sequence: usize, device: &Device) -> Tensor<4> {
    let value = |row, column| if column > row { f32::NEG_INFINITY } else { 0.0 };
    let mask: Vec<f32> =
        (0..sequence).flat_map(|row| (0..sequence).map(move |column| value(row, column))).collect();
    let mask = Tensor::<1>::from_data(mask.as_slice(), (device, DType::F32));
    mask.reshape([1, 1, sequence, sequence])
}
