//! Which ranges of rows are scored, and the names of their files.

use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use pickscore_common::hexadecimal::hexadecimal;
use pickscore_dataset::table::ScoreTable;
use sha2::{Digest as _, Sha256};

use crate::{error::BulkError, inputs::Inputs};

/// Rows of a range. A process that is killed loses at most the ranges that it has claimed.
pub(crate) const ROWS: u64 = 256;
/// Digits of a hash in a name.
const DIGITS: usize = 16;
/// Maximum length of the part of a name that comes from the input's name.
const LONGEST_STEM: usize = 60;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The ranges, in the order of the inputs.
    pub jobs: Vec<Job>,
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
        let models_hash = hexadecimal(&models_hash.finalize());
        let mut jobs = Vec::new();
        for (input, table) in inputs.tables.iter().enumerate() {
            let (identity, stem) = (table.identity()?, stem(&table.name));
            let rows = table.table.rows();
            for range in 0..rows.div_ceil(ROWS) {
                let rows = range * ROWS..rows.min((range + 1) * ROWS);
                let (content, models) = (&identity[..DIGITS], &models_hash[..DIGITS]);
                let (start, end) = (rows.start, rows.end);
                let name = format!("{stem}-{content}-{models}-{start:010}-{end:010}.parquet");
                jobs.push(Job { input, rows, name });
            }
        }
        Ok(Self { jobs })
    }
}

impl Plan {
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

/// The start of the names of an input's files.
fn stem(name: &str) -> String {
    let stem = PathBuf::from(name).with_extension("");
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let safe: String = stem.to_string_lossy().chars().map(safe).take(LONGEST_STEM).collect();
    safe.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_a_file_system() {
        assert_eq!(stem("data/train-0001.parquet"), "data_train-0001");
        assert_eq!(stem("../a b\u{e9}.csv"), "_a_b_");
        assert!(stem(&"x".repeat(1000)).len() <= LONGEST_STEM);
    }
}
