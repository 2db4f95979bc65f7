//! Scores all ranges that are missing, and waits for those that other processes score.

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use pickscore_pixels::Processor;
use rayon::ThreadPool;

use crate::{
    claim::{Claim, Claims},
    error::BulkError,
    inputs::Inputs,
    models::BulkModel,
    plan::Plan,
    prepare::{PIECE, Prepared, Preparer},
    score::{Scores, score},
    shard::{Keys, ModelScores, Shard, notes},
    states::State,
};

/// The folder in the output for what is not complete.
pub(crate) const ASIDE: &str = ".pickscore";
/// Pieces of rows that are prepared before they are needed.
const AHEAD: usize = 2;
/// Time between two looks at ranges that other processes score.
const WAIT: Duration = Duration::from_millis(500);

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// This many rows were found complete, or completed by another process.
    Found(u64),
    /// This many rows were scored. They are not written yet.
    Scored(u64),
    /// A file was written.
    Written,
    /// Nothing is left but this many ranges that other processes are scoring.
    Waiting(usize),
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows of all inputs.
    pub rows: u64,
    /// Rows that this run scored.
    pub scored: u64,
    /// Rows among `scored` with an image that has no score of some model.
    pub failed: u64,
    /// Rows among `failed` without any score.
    pub unscored: u64,
    /// The first row among `failed`, and why it has no score.
    pub first_failure: Option<String>,
    /// Files that this run wrote.
    pub files: u64,
    /// Prompts that a model read only in part.
    pub truncated: u64,
}

/// From the thread that prepares to the one that computes.
enum Message {
    Found(u64),
    Waiting(usize),
    /// A range begins.
    Begin(usize),
    Piece(Vec<Prepared>),
    /// The range is over.
    End(Claim),
}

/// What to score, and where to write it.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// The tables.
    pub inputs: &'a Inputs,
    /// Their ranges.
    pub plan: &'a Plan,
    /// The folder of the output.
    pub out: &'a Path,
    /// Whether a range is complete elsewhere, by its place in the plan.
    pub is_done: &'a (dyn Fn(usize) -> bool + Sync),
    /// The threads to compute on; rayon's own if `None`.
    pub pool: Option<&'a ThreadPool>,
}

/// Runs work on a pool. Nothing that waits for another thread may run there: with one thread, that
/// would wait forever.
pub(crate) fn within<T: Send>(pool: Option<&ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

impl Work<'_> {
    /// Whether a range has its file or is complete elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Plan::is_complete`].
    pub fn is_complete(&self, index: usize) -> Result<bool, BulkError> {
        Ok(self.plan.is_complete(index, self.inputs, self.out)? || (self.is_done)(index))
    }

    /// Number of rows in ranges that are not complete.
    ///
    /// # Errors
    ///
    /// As [`Plan::is_complete`].
    pub fn rows_left(&self) -> Result<u64, BulkError> {
        let missing = within(self.pool, || self.plan.missing(self.inputs, self.out))?;
        let left = missing.into_iter().filter(|&index| !(self.is_done)(index));
        Ok(left.map(|index| &self.plan.jobs[index].rows).map(|rows| rows.end - rows.start).sum())
    }
}

/// Scores all ranges of a plan that are not complete. Returns when all are.
///
/// `event` is told what happens, and may cancel. When everything is complete, [`clean`] removes
/// what killed processes have left.
///
/// # Errors
///
/// If an input cannot be read, a device fails, the output cannot be written, or `event` cancels.
/// What was written stays.
pub fn run(
    models: &mut [BulkModel],
    work: &Work<'_>,
    event: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Summary, BulkError> {
    let aside = work.out.join(ASIDE);
    let mut claims = Claims::new(&aside)?;
    let token = claims.token().to_owned();
    let (processors, ways) = distinct_ways(models);
    let (sender, receiver) = sync_channel(AHEAD);
    let summary = thread::scope(|scope| {
        let producer = Producer { work, sender, preparer: Preparer::new(processors, work.pool) };
        // The claims live until the last range is written.
        let claims = &mut claims;
        let producer = scope.spawn(move || producer.run(claims));
        let mut consumer = Consumer { models, ways, work, aside: &aside, token: &token };
        let summary = consumer.run(receiver, event);
        let produced = producer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // If computing failed, the producer only failed to send.
        summary.and_then(|summary| produced.map(|()| summary))
    })?;
    Ok(Summary { rows: work.inputs.rows(), ..summary })
}

/// Removes what processes that were killed have left in a folder where everything is complete.
pub fn clean(out: &Path) {
    let _ = fs::remove_dir_all(out.join(ASIDE));
}

/// The distinct ways in which models prepare images, and each model's.
fn distinct_ways(models: &[BulkModel]) -> (Vec<Processor>, Vec<usize>) {
    let mut processors: Vec<Processor> = Vec::new();
    let ways = models.iter().map(|model| {
        let processor = model.scorer.processor();
        processors.iter().position(|known| known == processor).unwrap_or_else(|| {
            processors.push(processor.clone());
            processors.len() - 1
        })
    });
    let ways = ways.collect();
    (processors, ways)
}

/// Claims ranges, and reads and prepares their rows.
struct Producer<'a> {
    work: &'a Work<'a>,
    sender: SyncSender<Message>,
    preparer: Preparer<'a>,
}

impl Producer<'_> {
    fn run(mut self, claims: &mut Claims) -> Result<(), BulkError> {
        let mut left: Vec<usize> = (0..self.work.plan.jobs.len()).collect();
        let mut is_first_round = true;
        loop {
            let before = left.len();
            let mut taken = Vec::new();
            for index in left {
                match self.take(index, claims)? {
                    Taken::Done => {}
                    Taken::ByOther => taken.push(index),
                    Taken::Stopped => return Ok(()),
                }
            }
            left = taken;
            if left.is_empty() {
                return Ok(());
            }
            if left.len() == before || is_first_round {
                if self.sender.send(Message::Waiting(left.len())).is_err() {
                    return Ok(());
                }
                thread::sleep(WAIT);
            }
            is_first_round = false;
        }
    }

    fn take(&mut self, index: usize, claims: &mut Claims) -> Result<Taken, BulkError> {
        let job = &self.work.plan.jobs[index];
        let rows = job.rows.end - job.rows.start;
        let sender = self.sender.clone();
        let send = |message| if sender.send(message).is_ok() { Taken::Done } else { Taken::Stopped };
        if self.work.is_complete(index)? {
            return Ok(send(Message::Found(rows)));
        }
        let Some(claim) = claims.take(&job.name)? else { return Ok(Taken::ByOther) };
        // Another process may have completed it before the claim.
        if self.work.is_complete(index)? {
            return Ok(send(Message::Found(rows)));
        }
        if let Taken::Stopped = send(Message::Begin(index)) {
            return Ok(Taken::Stopped);
        }
        let mut start = job.rows.start;
        while start < job.rows.end {
            let end = job.rows.end.min(start + PIECE);
            let piece = self.preparer.rows(&self.work.inputs.tables[job.input], start..end)?;
            if let Taken::Stopped = send(Message::Piece(piece)) {
                return Ok(Taken::Stopped);
            }
            start = end;
        }
        Ok(send(Message::End(claim)))
    }
}

enum Taken {
    /// Nothing is left to do for the range, or its rows are on their way.
    Done,
    /// Another process has it.
    ByOther,
    /// The receiver has ended.
    Stopped,
}

/// The number of rows without any score.
fn unscored(scores: &Scores, rows: usize) -> u64 {
    let has_none = |row: &usize| scores.iter().flatten().all(|scores| scores[*row].is_err());
    (0..rows).filter(has_none).count() as u64
}

/// Computes and writes.
struct Consumer<'a> {
    models: &'a mut [BulkModel],
    ways: Vec<usize>,
    work: &'a Work<'a>,
    aside: &'a Path,
    token: &'a str,
}

impl Consumer<'_> {
    fn run(
        &mut self,
        receiver: Receiver<Message>,
        event: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Summary, BulkError> {
        let mut tell = |happened| match event(happened) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(BulkError::Cancelled),
        };
        let mut summary = Summary::default();
        let (mut current, mut ids, mut states, mut found) = (None, Vec::new(), Vec::new(), self.nothing());
        for message in receiver {
            match message {
                Message::Found(rows) => tell(Event::Found(rows))?,
                Message::Waiting(ranges) => tell(Event::Waiting(ranges))?,
                Message::Begin(index) => {
                    current = Some(index);
                    (ids, states, found) = (Vec::new(), Vec::new(), self.nothing());
                }
                Message::Piece(rows) => {
                    let images = self.work.inputs.images_per_row();
                    let computed = within(self.work.pool, || score(self.models, &self.ways, &rows, images));
                    let (scores, truncated) = computed?;
                    summary.truncated += truncated;
                    ids.extend(rows.iter().map(|row| row.ranking_id));
                    states.extend(rows.iter().flat_map(|row| &row.states).copied());
                    for (found, scores) in found.iter_mut().flatten().zip(scores.into_iter().flatten()) {
                        found.extend(scores);
                    }
                    tell(Event::Scored(rows.len() as u64))?;
                }
                Message::End(claim) => {
                    let Some(index) = current.take() else { continue };
                    let job = &self.work.plan.jobs[index];
                    let rows = ids.len();
                    let reason =
                        |row: usize| found.iter().flatten().find_map(|scores| scores[row].as_ref().err());
                    let mut failed = (0..rows).filter_map(|row| Some((row as u64, reason(row)?))).peekable();
                    if let Some((row, reason)) = failed.peek() {
                        let (file, row) = (&self.work.inputs.tables[job.input].name, job.rows.start + row);
                        summary.first_failure.get_or_insert_with(|| format!("row {row} of {file}: {reason}"));
                    }
                    let without = (failed.count() as u64, unscored(&found, rows));
                    summary.failed += without.0;
                    summary.unscored += without.1;
                    summary.scored += rows as u64;
                    let key = Keys::new(&self.work.inputs.tables[job.input], job, std::mem::take(&mut ids));
                    self.write(
                        index,
                        (key, without),
                        std::mem::take(&mut states),
                        std::mem::take(&mut found),
                    )?;
                    drop(claim);
                    summary.files += 1;
                    tell(Event::Written)?;
                }
            }
        }
        Ok(summary)
    }

    fn nothing(&self) -> Scores {
        vec![vec![Vec::new(); self.work.inputs.images_per_row()]; self.models.len()]
    }

    fn write(
        &self,
        index: usize,
        (key, without): (Keys<'_>, (u64, u64)),
        mut states: Vec<State>,
        scores: Scores,
    ) -> Result<(), BulkError> {
        let job = &self.work.plan.jobs[index];
        let input = &self.work.inputs.tables[job.input];
        // Images without a score are scored again on request only, and not whenever they change.
        let images = self.work.inputs.images_per_row();
        for (at, state) in states.iter_mut().enumerate() {
            if scores.iter().all(|model| model[at % images][at / images].is_err()) {
                *state = None;
            }
        }
        let several = self.models.len() > 1;
        let names = self.models.iter().map(|model| several.then_some(model.name.as_str()));
        let models = names.zip(scores).map(|(prefix, images)| ModelScores { prefix, images }).collect();
        let notes = notes((input, job), self.described(), &states, without)?;
        let shard = Shard { key, models, notes };
        let path = self.work.out.join(&job.name);
        // Written by another process that took the claim over while this one was suspended.
        if self.work.is_complete(index)? {
            return Ok(());
        }
        let aside: PathBuf = self.aside.join(format!("{}.{}.tmp", job.name, self.token));
        shard.write(&path, &aside)
    }

    /// What is noted about the models.
    fn described(&self) -> Vec<serde_json::Value> {
        let describe = |model: &BulkModel| {
            let info = model.scorer.info();
            serde_json::json!({
                "model": model.name, "scorer": model.scorer.scoring().scorer.name, "device": info.device,
                "precision": info.precision.name(), "identity": model.identity,
            })
        };
        self.models.iter().map(describe).collect()
    }
}
