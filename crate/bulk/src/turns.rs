//! Models that do not fit into memory together take turns: each scores the whole dataset into a
//! folder of its own, and the results are put together.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use pickscore_dataset::{
    DatasetError,
    table::{ModelColumns, RowKey, ScoreTable},
};

use crate::{
    claim::Claims,
    error::BulkError,
    inputs::Inputs,
    plan::{Job, Plan},
    run::{ASIDE, clean},
    shard::{Keys, ModelScores, Shard, notes},
    states::{self, State},
};

/// Time between two looks at ranges that other processes put together.
const WAIT: Duration = Duration::from_millis(500);

/// The scores of one of several models.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The model's name in the output.
    pub name: &'a str,
    /// The name of its scorer.
    pub scorer: &'a str,
    /// The ranges for this model alone.
    pub plan: &'a Plan,
}

/// The folder in the output for the scores of the model in a turn.
pub fn turn_folder(out: &Path, turn: usize) -> PathBuf {
    out.join(ASIDE).join(format!("model-{turn}"))
}

/// Puts the scores of the turns together, for the ranges whose files are missing in `out`. Returns
/// the number of files that were written.
///
/// # Errors
///
/// If the scores of a turn cannot be read, the output cannot be written, or `event` cancels.
pub fn combine(
    turns: &[Turn<'_>],
    inputs: &Inputs,
    plan: &Plan,
    out: &Path,
    event: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<u64, BulkError> {
    let aside = out.join(ASIDE);
    let mut claims = Claims::new(&aside)?;
    let (mut left, mut written): (Vec<usize>, u64) = ((0..plan.jobs.len()).collect(), 0);
    while !left.is_empty() {
        let mut taken = Vec::new();
        for index in left {
            let job = &plan.jobs[index];
            if plan.is_complete(index, inputs, out)? {
                continue;
            }
            let Some(claim) = claims.take(&job.name)? else {
                taken.push(index);
                continue;
            };
            if !plan.is_complete(index, inputs, out)? {
                let aside = aside.join(format!("{}.{}.tmp", job.name, claims.token()));
                put_together(turns, inputs, (index, job), out, &aside)?;
                written += 1;
            }
            drop(claim);
            if event().is_break() {
                return Err(BulkError::Cancelled);
            }
        }
        left = taken;
        if !left.is_empty() {
            thread::sleep(WAIT);
        }
    }
    drop(claims);
    clean(out);
    Ok(written)
}

fn put_together(
    turns: &[Turn<'_>],
    inputs: &Inputs,
    (index, job): (usize, &Job),
    out: &Path,
    aside: &Path,
) -> Result<(), BulkError> {
    let (mut keys, mut models, mut states): (_, _, Vec<State>) = (Vec::new(), Vec::new(), Vec::new());
    for (at, turn) in turns.iter().enumerate() {
        let path = turn_folder(out, at).join(&turn.plan.jobs[index].name);
        let table = ScoreTable::open(&path)?;
        let of_turn = states::parsed(table.note(states::NOTE).unwrap_or_default());
        states.resize(states.len().max(of_turn.len()), None);
        for (state, of_turn) in states.iter_mut().zip(of_turn) {
            *state = match (*state, of_turn) {
                (Some(one), Some(other)) if one != other => Some(states::CHANGED),
                (one, other) => one.or(other),
            };
        }
        let rows = table.read()?;
        let expected = (job.rows.end - job.rows.start) as usize;
        let Some(ModelColumns { images, .. }) =
            rows.models.into_iter().next().filter(|_| rows.keys.len() == expected)
        else {
            let reason = format!("it has {} rows; expected {expected}", rows.keys.len());
            return Err(DatasetError::NoFiles { path: path.display().to_string(), reason }.into());
        };
        keys = rows.keys;
        models.push(ModelScores { prefix: Some(turn.name), images });
    }
    let input = &inputs.tables[job.input];
    let id = |key| if let RowKey::RankingId(id) = key { Some(id) } else { None };
    let scores: Vec<_> = models.iter().flat_map(|model: &ModelScores<'_>| &model.images).collect();
    let failed = (0..keys.len()).filter(|&row| scores.iter().any(|scores| scores[row].is_err())).count();
    let unscored = (0..keys.len()).filter(|&row| scores.iter().all(|scores| scores[row].is_err())).count();
    let key = Keys::new(input, job, keys.into_iter().map(id).collect());
    let model = |turn: &Turn<'_>| serde_json::json!({ "model": turn.name, "scorer": turn.scorer });
    let without = (failed as u64, unscored as u64);
    let notes = notes((input, job), turns.iter().map(model).collect(), &states, without)?;
    Shard { key, models, notes }.write(&out.join(&job.name), aside)
}
