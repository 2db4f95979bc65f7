//! Scores the pairs of a dataset with one model.

use std::collections::{HashMap, HashSet};

use pollster::FutureExt as _;

use super::{
    choices::{self, Naming},
    fault::Fault,
    load,
    skipped::Skipped,
};
use crate::{
    PickScore,
    dataset::{Columns, DatasetFiles, Row, SoundRows},
    evaluate::{Judged, scorer_means::Scored},
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
    /// The place of each pair among the labelled rows, which are the same for every model.
    pub(super) places: Vec<usize>,
    /// Number of labelled rows so far.
    labelled: usize,
    /// Pairs without a label, or with a prompt or image that cannot be read.
    pub(super) left_out: usize,
    /// The pairs among them that cannot be read.
    pub(super) skipped: Skipped,
    prompts: HashMap<String, usize>,
    /// Each image of each prompt once, by the name that is ranked.
    pub(super) scored: Vec<Scored>,
    seen: HashSet<(usize, String)>,
}

impl Found {
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
    for &group in files.groups() {
        let SoundRows { rows, faults, .. } = files.read_sound(group, Columns::All)?;
        found.left_out += faults.len();
        bar.inc(faults.len() as u64);
        faults.iter().for_each(|fault| found.skipped.add(None, fault.to_string()));
        let (labelled, unlabelled): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.label.is_some());
        found.left_out += unlabelled.len();
        bar.inc(unlabelled.len() as u64);
        for rows in labelled.chunks(PAIRS) {
            score(scorer, rows, &mut cache, &mut found, naming)?;
            bar.inc(rows.len() as u64);
        }
    }
    bar.finish_and_clear();
    Ok(found)
}

/// The factor by which scores are multiplied for the softmax that ties are predicted from. It does
/// not change which image is preferred. HPS was trained on cosines × 100, which its authors report.
fn logit_factor(scorer: &Scorer) -> f32 {
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
    rows: &[&Row],
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
    let prompts: Vec<Result<(), String>> = rows.iter().map(|row| readable(row)).collect();
    let pairs: Vec<(&str, &[u8])> = rows
        .iter()
        .zip(&prompts)
        .filter(|(_, prompt)| prompt.is_ok())
        .flat_map(|(row, _)| row.images.iter().map(|image| (row.caption.as_str(), image.bytes.as_slice())))
        .collect();
    let scores = scorer.score_pairs_with(cache, &pairs).block_on()?;
    let mut scores = scores.chunks(2);
    for (row, prompt) in rows.iter().zip(prompts) {
        let Some(label) = row.label else { continue };
        let place = found.labelled;
        found.labelled += 1;
        let scores = if prompt.is_ok() { scores.next().unwrap_or_default() } else { &[] };
        let outcome = outcome(prompt, scores);
        match outcome {
            Ok(scores) => {
                let next = found.prompts.len();
                let prompt = *found.prompts.entry(row.caption.clone()).or_insert(next);
                let logits = scores.map(|score| factor * score);
                found.pairs.push(Judged { label, scores: logits, kind: row.kind.clone(), prompt });
                found.places.push(place);
                if let Some(naming) = naming {
                    found.keep_scores(naming, row, prompt, scores);
                }
            }
            Err(reason) => {
                found.left_out += 1;
                found.skipped.add(Some(row.ranking_id), reason);
            }
        }
    }
    Ok(())
}
