//! What came of a merge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Derived;

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MergeReport {
    /// Rows of the merged data set, those of the `_unique` splits not counted twice.
    pub rows: u64,
    /// Those with a label.
    pub labelled: u64,
    /// Those of them that are ties.
    pub ties: u64,
    /// Different prompts.
    pub prompts: u64,
    /// Different raters, as far as they are known.
    pub raters: u64,
    /// Different images; copies that look the same count once where near duplicates were looked for.
    pub images: u64,
    /// Rows of each split.
    pub splits: Splits,
    /// What the rows come from.
    pub sources: Vec<SourceNote>,
    /// Rows of each licence; `""` for sources that name none.
    pub licenses: BTreeMap<String, u64>,
    /// Files and folders that were refused, each with the reason.
    pub refused: Vec<Refused>,
    /// How many rows of good files were refused.
    pub refused_rows: u64,
    /// The first of them, each with file, row, column and reason.
    pub refused_row_reasons: Vec<String>,
    /// Columns that files lack and that were made from others. (`num_example_per_prompt` is always counted anew.)
    #[serde(default)]
    pub derived: Vec<Derived>,
    /// Rows that filters removed.
    pub removed: Removed,
    /// Pairs that a rater judged again.
    pub repeats: Repeats,
    /// Tie-aware accuracy of predicting a choice by what other raters said, and how many choices that is about. After duplicates were removed
    /// and before raters were.
    pub agreement: Option<(f64, usize)>,
    /// Raters that were left out.
    pub left_out: Vec<RaterNote>,
    /// The seed.
    pub seed: u64,
}

/// Rows of each split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Splits {
    /// All that is in no other split.
    pub train: u64,
    /// All rows of its prompts.
    pub validation: u64,
    /// All rows of its prompts.
    pub test: u64,
    /// One row for each prompt of validation.
    pub validation_unique: u64,
    /// One row for each prompt of test.
    pub test_unique: u64,
}

/// What rows come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceNote {
    /// Its path.
    pub path: String,
    /// `"contribution"` or `"parquet"`.
    pub kind: String,
    /// A contribution's title.
    pub title: String,
    /// A contribution's licence.
    pub license: String,
    /// Rows that were read and not refused.
    pub rows: u64,
    /// Rows of it that are in the merged data set.
    pub kept: u64,
}

/// Something that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its path.
    pub path: String,
    /// Why, in one sentence.
    pub reason: String,
}

/// Rows that were removed, by the filter that did. Filters run in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Removed {
    /// Their prompt has one of the phrases.
    pub phrases: u64,
    /// Their two images look the same.
    pub near_duplicates: u64,
    /// Images (not rows) that count as another one that looks the same.
    pub copied_images: u64,
    /// The same rater has said the same about the same pair already.
    pub duplicates: u64,
    /// Their rater agrees too little with others.
    pub agreement: u64,
    /// Their rater fails too many control pairs.
    pub controls: u64,
}

/// Pairs that the same rater judged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Repeats {
    /// Judged the same at another time; removed as duplicates.
    pub agreeing: u64,
    /// Judged otherwise; kept.
    pub conflicting: u64,
}

/// A rater that was left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RaterNote {
    /// The rater's uid.
    pub rater: String,
    /// Why.
    pub reason: String,
    /// How well others predict the rater's choices; absent below ten of them.
    pub agreement: Option<f64>,
    /// Choices that others predict.
    pub choices: usize,
    /// Control pairs that were failed.
    pub failed_controls: usize,
    /// Control pairs that were answered.
    pub controls: usize,
}

impl Removed {
    /// How many rows that is.
    pub fn rows(&self) -> u64 {
        self.phrases + self.near_duplicates + self.duplicates + self.agreement + self.controls
    }
}
