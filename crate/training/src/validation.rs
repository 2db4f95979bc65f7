//! Validation on held-out data.

use super::{
    batch::{Batch, Preprocessing},
    error::TrainError,
    options::{Objective, TrainOptions},
};
use pickscore_dataset::{Columns, DatasetFiles, Row};
use pickscore_model::towers::{Clip, Embedding, TowerError};
use pickscore_pixels::Pixels;
use pickscore_preferences::evaluate::{Judged, accuracy, calibration::log_loss};
use pickscore_tokens::Tokens;
use pollster::FutureExt as _;

/// The result of a validation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// The mean loss: unweighted for preferences, over batches of the training's size for the
    /// contrastive objective.
    pub loss: f64,
    /// For preferences, the accuracy including ties, with the best threshold. For the contrastive
    /// objective, the share of images whose own prompt has the highest score in the batch.
    pub accuracy: f64,
}

impl Validation {
    /// Whether this is better than another validation: by accuracy, as in the paper, then by loss.
    /// (When a model becomes overconfident, its loss rises long before its accuracy falls.)
    pub(super) fn better_than(&self, other: &Self) -> bool {
        if self.accuracy == other.accuracy { self.loss < other.loss } else { self.accuracy > other.accuracy }
    }
}

/// Reads the validation rows and decodes them into batches.
pub(super) fn batches(
    files: &DatasetFiles,
    wanted: impl Fn(&Row) -> bool,
    options: &TrainOptions,
    preprocessing: &Preprocessing,
) -> Result<Vec<Batch>, TrainError> {
    let &TrainOptions { objective, validation_rows: rows, batch: size, .. } = options;
    let mut labelled: Vec<Row> = Vec::new();
    for &group in files.groups() {
        if labelled.len() >= rows {
            break;
        }
        labelled.extend(
            files
                .read_sound(group, Columns::All)?
                .rows
                .into_iter()
                .filter(|row| row.label.is_some() && wanted(row)),
        );
    }
    labelled.truncate(rows);
    let mut batches = Vec::new();
    let mut rest = labelled.into_iter();
    loop {
        let part: Vec<Row> = rest.by_ref().take(size).collect();
        // A smaller batch would make the contrastive objective easier.
        if part.is_empty()
            || (objective == Objective::Contrastive && part.len() < size && !batches.is_empty())
        {
            return Ok(batches);
        }
        let batch = Batch::of(part, objective, 0, preprocessing);
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
        // The last step diverged; the loss of the next step will report it.
        Err(TrainError::Tower(TowerError::NotFinite)) => Ok(Validation { loss: f64::NAN, accuracy: 0.0 }),
        found => found,
    }
}

/// Validates on preferences.
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

/// Validates on prompts and their images.
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

/// −ln of the softmax of `own` among all scores, which include it.
fn cross_entropy(own: f32, all: impl Iterator<Item = f32>) -> f64 {
    all.map(|score| f64::from(score - own).exp()).sum::<f64>().ln()
}

/// Images per forward pass.
const IMAGES: usize = 64;

/// Embeds a batch's prompts and images.
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
