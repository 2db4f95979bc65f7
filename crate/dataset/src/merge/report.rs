//! The report of a merge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::derive::Derived;

/// The report of a merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MergeReport {
    /// Number of rows of the merged dataset, without the copies in the `_unique` splits.
    pub rows: u64,
    /// Number of rows with a label.
    pub labelled: u64,
    /// Number of ties among them.
    pub ties: u64,
    /// Number of prompts.
    pub prompts: u64,
    /// Number of known raters.
    pub raters: u64,
    /// Number of images. Near-duplicates count once if they were searched for.
    pub images: u64,
    /// Number of rows of each split.
    pub splits: Splits,
    /// The sources.
    pub sources: Vec<SourceNote>,
    /// Number of rows by licence; `""` for sources without one.
    pub licenses: BTreeMap<String, u64>,
    /// The refused files and folders.
    pub refused: Vec<Refused>,
    /// Number of refused rows of other files.
    pub refused_rows: u64,
    /// The reasons for the first of them, with file, row and column.
    pub refused_row_reasons: Vec<String>,
    /// Missing columns that were derived from others. (`num_example_per_prompt` is always counted.)
    #[serde(default)]
    pub derived: Vec<Derived>,
    /// Number of rows that each filter removed.
    pub removed: Removed,
    /// Pairs that a rater judged more than once.
    pub repeats: Repeats,
    /// The human baseline, computed after duplicates and before raters are removed: the tie-aware
    /// accuracy of predicting a choice by those of other raters, and the number of choices.
    pub agreement: Option<(f64, usize)>,
    /// The removed raters.
    pub left_out: Vec<RaterNote>,
    /// The seed.
    pub seed: u64,
}

/// Number of rows of each split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Splits {
    /// Rows that are in no other split.
    pub train: u64,
    /// All rows of the prompts for validation.
    pub validation: u64,
    /// All rows of the prompts for testing.
    pub test: u64,
    /// One row for each prompt of `validation`.
    pub validation_unique: u64,
    /// One row for each prompt of `test`.
    pub test_unique: u64,
}

/// A source of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceNote {
    /// Its path.
    pub path: String,
    /// `"contribution"` or `"parquet"`.
    pub kind: String,
    /// The title of a contribution.
    pub title: String,
    /// The licence of a contribution.
    pub license: String,
    /// Number of valid rows.
    pub rows: u64,
    /// Number of its rows in the merged dataset.
    pub kept: u64,
}

/// A refused file or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its path.
    pub path: String,
    /// The reason, in one sentence.
    pub reason: String,
}

/// Number of removed rows by filter, in the order of the filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Removed {
    /// The prompt contains one of the phrases.
    pub phrases: u64,
    /// The two images are near-duplicates.
    pub near_duplicates: u64,
    /// Images (not rows) that count as copies of others.
    pub copied_images: u64,
    /// The same rater gave the same answer to the same pair before.
    pub duplicates: u64,
    /// The rater agrees too little with others.
    pub agreement: u64,
    /// The rater failed too many control pairs.
    pub controls: u64,
}

/// Pairs that the same rater judged more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Repeats {
    /// Answers that repeat an earlier one; removed as duplicates.
    pub agreeing: u64,
    /// Answers that contradict an earlier one; kept.
    pub conflicting: u64,
}

/// A removed rater.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RaterNote {
    /// The uid of the rater.
    pub rater: String,
    /// The reason.
    pub reason: String,
    /// How well others predict the rater's choices; absent with fewer than ten.
    pub agreement: Option<f64>,
    /// Number of choices that others predict.
    pub choices: usize,
    /// Number of failed control pairs.
    pub failed_controls: usize,
    /// Number of answered control pairs.
    pub controls: usize,
}

impl Removed {
    /// Number of all removed rows.
    pub fn rows(&self) -> u64 {
        self.phrases + self.near_duplicates + self.duplicates + self.agreement + self.controls
    }
}
