//! How good the model is on data that it does not learn from.

use super::{
    Objective, TrainError,
    batch::{Batch, Reading},
};
use pickscore_dataset::{DatasetFiles, Row};
use pickscore_model::towers::{Clip, Embedding, TowerError};
use pickscore_pixels::Pixels;
use pickscore_preferences::evaluate::{Judged, accuracy, calibration::log_loss};
use pickscore_tokens::Tokens;
use pollster::FutureExt as _;

/// What a validation found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// Mean loss: of preferences without weights; contrastive over batches of the training's size.
    pub loss: f64,
    /// Preferences: tie-aware accuracy with the best threshold. Contrastive: how many images find their own prompt in the batch.
    pub accuracy: f64,
}

impl Validation {
    /// Whether it is better than another one: by accuracy, as the paper has it, then by loss. (The loss of a model that is surer of itself
    /// rises long before it is wrong more often.)
    pub fn better_than(&self, other: &Self) -> bool {
        if self.accuracy == other.accuracy { self.loss < other.loss } else { self.accuracy > other.accuracy }
    }
}

/// Batches that are validated on, decoded once.
pub(super) fn batches(
    files: &DatasetFiles,
    objective: Objective,
    rows: usize,
    size: usize,
    reading: &Reading,
) -> Result<Vec<Batch>, TrainError> {
    let mut labelled: Vec<Row> = Vec::new();
    for &group in files.groups() {
        if labelled.len() >= rows {
            break;
        }
        labelled.extend(files.read(group)?.into_iter().filter(|row| row.label.is_some()));
    }
    labelled.truncate(rows);
    let mut batches = Vec::new();
    let mut rest = labelled.into_iter();
    loop {
        let part: Vec<Row> = rest.by_ref().take(size).collect();
        // In a smaller batch a prompt has fewer others to be told from.
        if part.is_empty()
            || (objective == Objective::Contrastive && part.len() < size && !batches.is_empty())
        {
            return Ok(batches);
        }
        let batch = Batch::of(part, objective, 0, reading);
        if !batch.prompts.is_empty() {
            batches.push(batch);
        }
    }
}

/// Validates a model.
pub(super) fn validate(
    clip: &Clip,
    objective: Objective,
    batches: &[Batch],
) -> Result<Validation, TrainError> {
    let found = match objective {
        Objective::Preference => preferences(clip, batches),
        Objective::Contrastive => contrastive(clip, batches),
    };
    match found {
        // The parameters went astray in the last step: the loss of the next one says so.
        Err(TrainError::Tower(TowerError::NotFinite)) => Ok(Validation { loss: f64::NAN, accuracy: 0.0 }),
        found => found,
    }
}

fn preferences(clip: &Clip, batches: &[Batch]) -> Result<Validation, TrainError> {
    let mut judged = Vec::new();
    for batch in batches {
        let (prompts, images) = embedded(clip, batch)?;
        let (first, second) = images.split_at(prompts.len());
        for (((prompt, first), second), label) in prompts.iter().zip(first).zip(second).zip(&batch.labels) {
            let scores =
                [first, second].map(|image| pickscore_score::score(clip.logit_scale(), prompt, image));
            judged.push(Judged { label: label.map(f64::from), scores, prompt: 0, kind: None });
        }
    }
    let divergence = |pair: &Judged| {
        let entropy = pair.label.iter().filter(|&&p| p > 0.0).map(|p| -p * p.ln()).sum::<f64>();
        log_loss(pair) - entropy
    };
    let loss = judged.iter().map(divergence).sum::<f64>() / judged.len().max(1) as f64;
    let accuracy =
        accuracy::best_threshold(&judged).and_then(|threshold| accuracy::accuracy(&judged, threshold));
    Ok(Validation { loss, accuracy: accuracy.unwrap_or(0.0) })
}

fn contrastive(clip: &Clip, batches: &[Batch]) -> Result<Validation, TrainError> {
    let (mut loss, mut right, mut count) = (0.0, 0.0, 0.0);
    for batch in batches {
        let (prompts, images) = embedded(clip, batch)?;
        let scores: Vec<Vec<f32>> = prompts
            .iter()
            .map(|prompt| {
                images.iter().map(|image| pickscore_score::score(clip.logit_scale(), prompt, image)).collect()
            })
            .collect();
        let size = prompts.len();
        let twins = |a: usize, b: usize| a != b && batch.same[a] == batch.same[b];
        for (own, row) in scores.iter().enumerate() {
            let mine = row[own];
            let others = || (0..size).filter(|&other| !twins(own, other));
            let by_prompt = cross_entropy(mine, others().map(|other| row[other]));
            let by_image = cross_entropy(mine, others().map(|other| scores[other][own]));
            loss += 0.5 * (by_prompt + by_image);
            let best = others().all(|other| other == own || scores[other][own] < mine);
            right += f64::from(u8::from(best));
            count += 1.0;
        }
    }
    Ok(Validation { loss: loss / f64::max(count, 1.0), accuracy: right / f64::max(count, 1.0) })
}

/// −ln of the softmax of one score among all, itself included.
fn cross_entropy(own: f32, all: impl Iterator<Item = f32>) -> f64 {
    all.map(|score| f64::from(score - own).exp()).sum::<f64>().ln()
}

/// Images that are computed at once.
const IMAGES: usize = 64;

/// Embeddings of a batch's prompts and images.
fn embedded(clip: &Clip, batch: &Batch) -> Result<(Vec<Embedding>, Vec<Embedding>), TrainError> {
    let (mut prompts, mut images) = (Vec::new(), Vec::new());
    for part in batch.prompts.chunks(IMAGES) {
        prompts.extend(clip.text(&part.iter().collect::<Vec<&Tokens>>()).block_on()?);
    }
    for part in batch.images.chunks(IMAGES) {
        images.extend(clip.vision(&part.iter().collect::<Vec<&Pixels>>()).block_on()?);
    }
    Ok((prompts, images))
}
