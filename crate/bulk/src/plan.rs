//! Which ranges of rows are scored, and the names of their files.

use std::{
    collections::HashSet,
    fs,
    ops::Range,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use pickscore_common::hexadecimal::hexadecimal;
use pickscore_dataset::table::ScoreTable;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::{
    error::BulkError,
    inputs::Inputs,
    results::{DIGITS, Named, Noted, names_in, one_each, stem},
    shard, states,
};

/// Rows of a range. A process that is killed loses at most the ranges that it has claimed.
pub(crate) const ROWS: u64 = 256;

/// A range of rows of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The input's place in [`Inputs::tables`].
    pub input: usize,
    /// The rows.
    pub rows: Range<u64>,
    /// The name of the output file.
    pub name: String,
}

impl Job {
    /// The numbers of the rows in their input.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = i64> + use<> {
        self.rows.clone().map(|row| i64::try_from(row).unwrap_or(i64::MAX))
    }
}

/// All ranges of a dataset.
#[derive(Debug)]
pub struct Plan {
    /// The ranges, in the order of the inputs.
    pub jobs: Vec<Job>,
    /// Digits of the hash of the models.
    models: String,
    /// The ranges that were found complete.
    complete: Vec<AtomicBool>,
}

impl Plan {
    /// Divides the inputs into ranges for models with these identities. The inputs are read
    /// through.
    ///
    /// # Errors
    ///
    /// If an input cannot be read.
    pub fn new(inputs: &Inputs, models: &[&str]) -> Result<Self, BulkError> {
        let mut models_hash = Sha256::new();
        models.iter().for_each(|model| models_hash.update(model));
        let models = hexadecimal(&models_hash.finalize())[..DIGITS].to_owned();
        let mut jobs = Vec::new();
        for (input, table) in inputs.tables.iter().enumerate() {
            let (identity, stem) = (table.identity()?, stem(&table.name));
            let named = Named { stem: &stem, input: &identity[..DIGITS], models: &models };
            let rows = table.table.rows();
            for range in 0..rows.div_ceil(ROWS) {
                let rows = range * ROWS..rows.min((range + 1) * ROWS);
                let name = named.with_rows(rows.start, rows.end);
                jobs.push(Job { input, rows, name });
            }
        }
        Ok(Self { models, ..Self::of(jobs) })
    }

    /// A plan of ranges that another one was made of.
    pub fn of(jobs: Vec<Job>) -> Self {
        let complete = jobs.iter().map(|_| AtomicBool::new(false)).collect();
        Self { jobs, models: String::new(), complete }
    }

    /// Fails if a folder has scores of other models, or of the same inputs by other columns:
    /// readers of the folder would mix them with those of this plan.
    ///
    /// # Errors
    ///
    /// If there is such a file, which the error names.
    pub fn refuse_others(&self, inputs: &Inputs, out: &Path) -> Result<(), BulkError> {
        let names = names_in(out);
        let file = |name: &String| out.join(name).display().to_string();
        let models = |name: &&String| Named::parse(name).is_some_and(|name| name.models != self.models);
        if let Some(name) = names.iter().find(models) {
            return Err(BulkError::OtherModels { file: file(name) });
        }
        let planned: HashSet<&str> =
            self.jobs.iter().filter_map(|job| Some(Named::parse(&job.name)?.input)).collect();
        for name in one_each(&names, &|name| !planned.contains(name.input)) {
            let Some(noted) = Noted::read(&out.join(name)) else { continue };
            let (Some(content), Some(columns)) = (noted.get(shard::CONTENT), noted.get(shard::COLUMNS))
            else {
                continue;
            };
            for input in &inputs.tables {
                let is_same = Some(input.name.as_str()) == noted.get(shard::INPUT);
                if is_same && input.content()? == content && input.columns() != columns {
                    return Err(BulkError::OtherColumns { file: file(name), columns: columns.into() });
                }
            }
        }
        Ok(())
    }

    /// Whether a range has its file in a folder, with scores of the images as they are now. Once it
    /// has, it is not looked at again.
    ///
    /// # Errors
    ///
    /// If the file has scores of images in another folder.
    pub fn is_complete(&self, index: usize, inputs: &Inputs, out: &Path) -> Result<bool, BulkError> {
        let complete = &self.complete[index];
        if complete.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let job = &self.jobs[index];
        let is_current = states::is_current(&inputs.tables[job.input], job, out)?;
        complete.store(is_current, Ordering::Relaxed);
        Ok(is_current)
    }

    /// The ranges that are not complete, by place.
    ///
    /// # Errors
    ///
    /// As [`Self::is_complete`].
    pub fn missing(&self, inputs: &Inputs, out: &Path) -> Result<Vec<usize>, BulkError> {
        let missing = |index| match self.is_complete(index, inputs, out) {
            Ok(true) => None,
            Ok(false) => Some(Ok(index)),
            Err(error) => Some(Err(error)),
        };
        (0..self.jobs.len()).into_par_iter().filter_map(missing).collect()
    }

    /// The numbers of rows in a folder without a score of some model, and without any score.
    pub fn without_scores(&self, out: &Path) -> (u64, u64) {
        let of_job = |job: &Job| Noted::read(&out.join(&job.name)).and_then(|noted| noted.without_scores());
        let found = self.jobs.par_iter().filter_map(of_job);
        found.reduce(|| (0, 0), |one, other| (one.0 + other.0, one.1 + other.1))
    }

    /// Removes the files in a folder that have rows without a score, or are damaged, so that their
    /// ranges are scored again. Returns their number.
    ///
    /// # Errors
    ///
    /// If a file cannot be removed.
    pub fn remove_failed(&self, out: &Path) -> Result<usize, BulkError> {
        let mut removed = 0;
        for job in &self.jobs {
            let path = out.join(&job.name);
            if !path.exists() {
                continue;
            }
            let is_whole = ScoreTable::open(&path).and_then(|table| table.read()).is_ok_and(|rows| {
                let mut scores = rows.models.iter().flat_map(|model| &model.images).flatten();
                rows.keys.len() as u64 == job.rows.end - job.rows.start && scores.all(Result::is_ok)
            });
            if !is_whole {
                fs::remove_file(&path).map_err(|error| BulkError::write(&path, error))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
