//! Scores the pairs of a dataset with one model.

use std::collections::HashSet;

use pollster::FutureExt as _;

use super::{
    choices::{self, Naming},
    fault::Fault,
    load,
    skipped::Skipped,
    stored_scores::{ByKey, StoredModel},
};
use crate::{
    PickScore,
    dataset::{Columns, DatasetFiles, Row, SoundRows},
    evaluate::{Judged, Numbers, scorer_means::Scored},
    pixels::PixelError,
    score::{Formula, Scorer},
    scorer::ScoreCache,
};

/// Pairs to score at once: enough to fill batches, few enough to show progress.
pub(super) const PAIRS: usize = 64;

/// A dataset with the scores of one model.
#[derive(Default)]
pub(super) struct Found {
    pub(super) pairs: Vec<Judged>,
    /// The number of each pair's row in the dataset.
    pub(super) places: Vec<u64>,
    /// Pairs without a label, or with a prompt or image that cannot be read.
    pub(super) left_out: usize,
    /// The pairs among them that cannot be read.
    pub(super) skipped: Skipped,
    prompts: Numbers,
    /// Each image of each prompt once, by the name that is ranked.
    pub(super) scored: Vec<Scored>,
    seen: HashSet<(usize, String)>,
}

impl Found {
    /// Takes a labelled pair with its scores, or why it has none.
    fn take(
        &mut self,
        (place, row): (u64, &Row),
        label: [f64; 2],
        outcome: Result<[f32; 2], String>,
        factor: f32,
        naming: Option<&Naming>,
    ) {
        match outcome {
            Ok(scores) => {
                let prompt = self.prompts.number(&row.caption) as usize;
                let logits = scores.map(|score| factor * score);
                self.pairs.push(Judged { label, scores: logits, kind: row.kind.clone(), prompt });
                self.places.push(place);
                if let Some(naming) = naming {
                    self.keep_scores(naming, row, prompt, scores);
                }
            }
            Err(reason) => {
                self.left_out += 1;
                self.skipped.add(Some(row.ranking_id), reason);
            }
        }
    }

    fn keep_scores(&mut self, naming: &Naming, row: &Row, prompt: usize, scores: [f32; 2]) {
        for (image, score) in row.images.iter().zip(scores) {
            let uid = choices::uid(image);
            let item = naming.name(image, &uid);
            if self.seen.insert((prompt, uid)) && !item.is_empty() {
                self.scored.push(Scored { item, prompt: row.caption.clone(), score: score.into() });
            }
        }
    }
}

/// Scores every labelled pair, one row group in memory at a time.
pub(super) fn judge(
    scorer: &PickScore,
    files: &DatasetFiles,
    title: &'static str,
    naming: Option<&Naming>,
) -> Result<Found, Fault> {
    let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message(title);
    bar.set_length(files.rows());
    let mut found = Found::default();
    // In Pick-a-Pic the preferred image stays for the next pair, and a prompt has about ten pairs.
    let mut cache = ScoreCache::default();
    let mut before = 0;
    for &group in files.groups() {
        let SoundRows { rows, numbers, faults } = files.read_sound(group, Columns::All)?;
        found.left_out += faults.len();
        bar.inc(faults.len() as u64);
        faults.iter().for_each(|fault| found.skipped.add(None, fault.to_string()));
        let places = numbers.into_iter().map(|number| before + number);
        let (labelled, unlabelled): (Vec<_>, Vec<_>) =
            places.zip(&rows).partition(|(_, row)| row.label.is_some());
        found.left_out += unlabelled.len();
        bar.inc(unlabelled.len() as u64);
        for rows in labelled.chunks(PAIRS) {
            score(scorer, rows, &mut cache, &mut found, naming)?;
            bar.inc(rows.len() as u64);
        }
        before += group.rows;
    }
    bar.finish_and_clear();
    Ok(found)
}

/// Looks up the scores of every labelled pair. No image is read.
pub(super) fn judge_stored(
    stored: (&StoredModel, &ByKey),
    files: &DatasetFiles,
    title: &'static str,
    naming: Option<&Naming>,
) -> Result<Found, Fault> {
    let (model, scores) = stored;
    let bar = load::bar("{msg} {wide_bar} {human_pos}/{human_len} ({eta} left)");
    bar.set_message(title);
    bar.set_length(files.rows());
    let factor = logit_factor(model.scorer);
    let mut found = Found::default();
    // The names of images may need their bytes.
    let columns = if naming.is_some() { Columns::All } else { Columns::WithoutImages };
    let (mut before, mut in_file) = (0, (0, 0));
    for &group in files.groups() {
        // Rows of the scores are numbered within their file.
        if in_file.0 != group.file {
            in_file = (group.file, 0);
        }
        let SoundRows { rows, numbers, faults } = files.read_sound(group, columns)?;
        found.left_out += faults.len();
        faults.iter().for_each(|fault| found.skipped.add(None, fault.to_string()));
        for (row, number) in rows.iter().zip(numbers) {
            let Some(label) = row.label else {
                found.left_out += 1;
                continue;
            };
            let outcome = scores.get(row.ranking_id, &files.files()[group.file], in_file.1 + number);
            found.take((before + number, row), label, outcome, factor, naming);
        }
        before += group.rows;
        in_file.1 += group.rows;
        bar.inc(group.rows);
    }
    bar.finish_and_clear();
    Ok(found)
}

/// The factor by which scores are multiplied for the softmax that ties are predicted from. It does
/// not change which image is preferred. HPS was trained on cosines × 100, which its authors report.
pub(super) fn logit_factor(scorer: &Scorer) -> f32 {
    if scorer.formula == (Formula::Similarity { scaled: false }) { 100.0 } else { 1.0 }
}

/// Why a pair has no scores: its prompt or an image cannot be read.
fn outcome(prompt: Result<(), String>, scores: &[Result<f32, PixelError>]) -> Result<[f32; 2], String> {
    prompt?;
    match scores {
        [Ok(left), Ok(right)] => Ok([*left, *right]),
        [Err(error), _] => Err(format!("image `jpg_0`: {error}")),
        [_, Err(error)] => Err(format!("image `jpg_1`: {error}")),
        _ => Err("the pair has no scores".into()),
    }
}

fn score(
    scorer: &PickScore,
    rows: &[(u64, &Row)],
    cache: &mut ScoreCache,
    found: &mut Found,
    naming: Option<&Naming>,
) -> Result<(), Fault> {
    let kind = scorer.scoring().scorer;
    let factor = logit_factor(kind);
    // An empty prompt cannot be scored, and the other prompts must still be.
    let readable = |row: &Row| match kind.reads_prompt() {
        true => scorer.tokens(&row.caption).map(drop).map_err(|error| error.to_string()),
        false => Ok(()),
    };
    let prompts: Vec<Result<(), String>> = rows.iter().map(|(_, row)| readable(row)).collect();
    let pairs: Vec<(&str, &[u8])> = rows
        .iter()
        .zip(&prompts)
        .filter(|(_, prompt)| prompt.is_ok())
        .flat_map(|((_, row), _)| {
            row.images.iter().map(|image| (row.caption.as_str(), image.bytes.as_slice()))
        })
        .collect();
    let scores = scorer.score_pairs_with(cache, &pairs).block_on()?;
    let mut scores = scores.chunks(2);
    for (&(place, row), prompt) in rows.iter().zip(prompts) {
        let Some(label) = row.label else { continue };
        let scores = if prompt.is_ok() { scores.next().unwrap_or_default() } else { &[] };
        found.take((place, row), label, outcome(prompt, scores), factor, naming);
    }
    Ok(())
}
