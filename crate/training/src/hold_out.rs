//! Holds out training rows for validation if there is no validation data.
//!
//! Rows of the same prompt share images, so the split is by prompt; a split by row would validate
//! on training images. It depends on content and seed only, not on how rows are distributed over
//! files.

use std::collections::{HashMap, HashSet};

use super::error::TrainError;
use pickscore_common::seeded::hashes;
use pickscore_dataset::{Columns, DatasetFiles};

/// One in this many rows is held out.
const SHARE: u64 = 20;
/// Largest number of held-out rows, which is the default size of a validation.
const MOST: u64 = 2000;

/// The prompts that are held out for validation.
#[derive(Debug, Default)]
pub(super) struct HeldOut {
    seed: u64,
    prompts: HashSet<u64>,
    rows: u64,
}

impl HeldOut {
    /// Chooses at least one prompt, and enough for about a twentieth of the labelled rows. Prompts
    /// with more than half of the rows are not chosen.
    ///
    /// # Errors
    ///
    /// Fails if the data cannot be read or no prompt can be chosen.
    pub(super) fn choose(data: &DatasetFiles, seed: u64) -> Result<Self, TrainError> {
        let mut rows_of: HashMap<u64, u64> = HashMap::new();
        for &group in data.groups() {
            let rows = data.read_sound(group, Columns::WithoutImages)?.rows;
            for row in rows.iter().filter(|row| row.label.is_some()) {
                *rows_of.entry(key(seed, &row.caption)).or_insert(0) += 1;
            }
        }
        let total: u64 = rows_of.values().sum();
        let wanted = (total / SHARE).clamp(1, MOST);
        let mut order: Vec<(u64, u64)> = rows_of.into_iter().filter(|&(_, rows)| rows <= total / 2).collect();
        order.sort_unstable();
        let mut chosen = Self { seed, ..Self::default() };
        for (prompt, rows) in order {
            if chosen.rows >= wanted {
                break;
            }
            chosen.prompts.insert(prompt);
            chosen.rows += rows;
        }
        if chosen.prompts.is_empty() { Err(TrainError::NoValidation) } else { Ok(chosen) }
    }

    /// Whether rows of this prompt are held out.
    pub(super) fn contains(&self, prompt: &str) -> bool {
        !self.prompts.is_empty() && self.prompts.contains(&key(self.seed, prompt))
    }

    /// Number of held-out labelled rows.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Number of held-out prompts.
    pub(super) fn prompts(&self) -> usize {
        self.prompts.len()
    }
}

/// The hash that identifies and orders a prompt.
fn key(seed: u64, prompt: &str) -> u64 {
    hashes(seed, prompt, 0).next().unwrap_or_default()
}
