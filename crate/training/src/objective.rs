//! The two losses, from the towers' features.
//!
//! The sources: PickScore's `trainer/criterions/clip_criterion.py` for preferences, open_clip's `loss.py` for the contrastive one.

use burn::tensor::{DType, Device, Tensor, TensorData, activation::log_softmax};

/// Each example's share of its batch's loss: one over the number of examples of its prompt, made to sum to one.
pub fn example_weights(examples_per_prompt: &[i64]) -> Vec<f32> {
    let raw: Vec<f64> = examples_per_prompt.iter().map(|&count| 1.0 / count.max(1) as f64).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| (weight / sum) as f32).collect()
}

/// KL(label ‖ softmax of the two scores), summed over the examples with their weights. The minimum is 0, for ties too.
///
/// # Shapes
///
/// - text, images: `[batch, projection]`, of any length; images are all first images, then all second ones: `[2 · batch, projection]`
/// - logit_scale: `[1]`, the logarithm of what cosines are multiplied by
/// - labels: `batch` × how preference is shared; weights: `batch`
/// - output: `[1]`
pub fn preference_loss(
    text: Tensor<2>,
    images: Tensor<2>,
    logit_scale: Tensor<1>,
    labels: &[[f32; 2]],
    weights: &[f32],
) -> Tensor<1> {
    let [batch, projection] = text.dims();
    let device = text.device();
    let text = unit(text).unsqueeze_dim::<3>(0);
    let images = unit(images).reshape([2, batch, projection]);
    let cosines = (images * text).sum_dim(2).reshape([2, batch]).transpose();
    let scores = cosines * logit_scale.exp().unsqueeze();
    let predicted = log_softmax(scores, 1);
    // p · ln p is the label's own, a constant: 0 for a choice, ln ½ for a tie.
    let entropy: f32 = labels
        .iter()
        .zip(weights)
        .map(|(label, weight)| weight * label.iter().filter(|&&p| p > 0.0).map(|p| p * p.ln()).sum::<f32>())
        .sum();
    let weighted: Vec<f32> =
        labels.iter().zip(weights).flat_map(|(label, weight)| label.map(|p| p * weight)).collect();
    let weighted = Tensor::<2>::from_data(TensorData::new(weighted, [batch, 2]), (&device, DType::F32));
    (predicted * weighted).sum().neg() + entropy
}

/// The mean of two cross-entropies: of each prompt over the batch's images, and of each image over the batch's prompts.
///
/// Examples with the same prompt are no negatives of each other: `same` names, for each example, the first one with its prompt.
///
/// # Shapes
///
/// - text, images: `[batch, projection]`, of any length
/// - logit_scale: `[1]`
/// - output: `[1]`
pub fn contrastive_loss(
    text: Tensor<2>,
    images: Tensor<2>,
    logit_scale: Tensor<1>,
    same: &[usize],
) -> Tensor<1> {
    let [batch, _] = text.dims();
    let device = text.device();
    let mut scores = unit(text).matmul(unit(images).transpose()) * logit_scale.exp().unsqueeze();
    if let Some(mask) = mask(same, &device) {
        scores = scores + mask;
    }
    let by_prompt = diagonal(log_softmax(scores.clone(), 1), &device);
    let by_image = diagonal(log_softmax(scores, 0), &device);
    (by_prompt + by_image).mul_scalar(-0.5 / batch as f64)
}

/// `[batch, batch]`: −10⁴ where two different examples have the same prompt, else 0. `None` where all prompts differ.
fn mask(same: &[usize], device: &Device) -> Option<Tensor<2>> {
    if same.iter().enumerate().all(|(index, &first)| index == first) {
        return None;
    }
    let batch = same.len();
    let twins = |row: usize, column: usize| row != column && same[row] == same[column];
    let values: Vec<f32> =
        (0..batch * batch).map(|at| if twins(at / batch, at % batch) { -1e4 } else { 0.0 }).collect();
    Some(Tensor::from_data(TensorData::new(values, [batch, batch]), (device, DType::F32)))
}

/// The sum of a square matrix's diagonal, `[1]`.
fn diagonal(matrix: Tensor<2>, device: &Device) -> Tensor<1> {
    let [batch, _] = matrix.dims();
    let values: Vec<f32> = (0..batch * batch).map(|at| f32::from(u8::from(at % (batch + 1) == 0))).collect();
    let identity = Tensor::<2>::from_data(TensorData::new(values, [batch, batch]), (device, DType::F32));
    (matrix * identity).sum()
}

/// Rows of unit length, `[rows, width]`.
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let length = (rows.clone() * rows.clone()).sum_dim(1).sqrt();
    rows / length
}
