//! The preference loss and the contrastive loss.
//!
//! They follow PickScore's `trainer/criterions/clip_criterion.py` and open_clip's `loss.py`.

use burn::tensor::{DType, Device, Tensor, TensorData, activation::log_softmax};

/// The weight of each example: the reciprocal of the number of examples with its prompt, normalised
/// to a sum of 1: `[batch]` → `[batch]`
pub fn example_weights(examples_per_prompt: &[i64]) -> Vec<f32> {
    let raw: Vec<f64> = examples_per_prompt.iter().map(|&count| 1.0 / count.max(1) as f64).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| (weight / sum) as f32).collect()
}

/// The weighted sum over examples of KL(label ‖ softmax of the two scores). Its minimum is 0, also
/// for ties.
///
/// # Shapes
///
/// - text: `[batch, projection]`, not normalised
/// - images: `[2 · batch, projection]`, not normalised: all first images, then all second images
/// - logit_scale: `[1]`, the logarithm of the factor of cosine similarities
/// - labels: `[batch, 2]`, the shares of the preference
/// - weights: `[batch]`
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
    // Σ p · ln p of the label is constant: 0 for a choice, ln ½ for a tie.
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

/// The mean of two cross-entropies: of each prompt over the batch's images, and of each image over
/// the batch's prompts. Examples with the same prompt are not negatives of each other.
///
/// # Shapes
///
/// - text, images: `[batch, projection]`, not normalised
/// - logit_scale: `[1]`
/// - same: `[batch]`, for each example the index of the first example with the same prompt
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
    let by_prompt = trace(log_softmax(scores.clone(), 1), &device);
    let by_image = trace(log_softmax(scores, 0), &device);
    (by_prompt + by_image).mul_scalar(-0.5 / batch as f64)
}

/// The mask `[batch, batch]`: −10⁴ for two different examples with the same prompt, otherwise 0.
/// `None` if all prompts differ.
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

/// The trace of a matrix: `[batch, batch]` → `[1]`
fn trace(matrix: Tensor<2>, device: &Device) -> Tensor<1> {
    let [batch, _] = matrix.dims();
    let values: Vec<f32> = (0..batch * batch).map(|at| f32::from(u8::from(at % (batch + 1) == 0))).collect();
    let identity = Tensor::<2>::from_data(TensorData::new(values, [batch, batch]), (device, DType::F32));
    (matrix * identity).sum()
}

/// Normalises rows to unit length: `[rows, width]` → `[rows, width]`
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let length = (rows.clone() * rows.clone()).sum_dim(1).sqrt();
    rows / length
}
