//! Counts of the records of a contribution.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use pickscore_preferences::{Label, Record};

/// Counts of some records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) records: u64,
    pub(super) labelled: u64,
    pub(super) ties: u64,
    pub(super) skipped: u64,
    pub(super) controls: u64,
    pub(super) retests: u64,
    pub(super) prompts: u64,
    pub(super) images: u64,
    pub(super) sessions: u64,
    pub(super) raters: BTreeSet<String>,
    pub(super) modes: BTreeSet<&'static str>,
    pub(super) scorers: BTreeSet<(String, String)>,
    visible: u64,
}

impl Counts {
    pub(super) fn of(records: &[Record]) -> Self {
        let mut counts = Self::default();
        let (mut prompts, mut images, mut sessions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for record in records {
            counts.records += 1;
            counts.labelled += u64::from(record.label.is_some());
            counts.skipped += u64::from(record.label.is_none());
            counts.ties += u64::from(record.label == Some(Label::Tie));
            counts.controls += u64::from(record.control.is_some());
            counts.retests += u64::from(record.retest_of.is_some());
            counts.visible += u64::from(record.scores_visible);
            prompts.insert(&record.prompt);
            images.extend([&record.left.image_uid, &record.right.image_uid]);
            sessions.insert((&record.rater_uid, &record.session_uid));
            counts.raters.insert(record.rater_uid.clone());
            counts.modes.insert(record.mode.name());
            counts
                .scorers
                .extend(record.scorer.as_ref().map(|scorer| (scorer.name.clone(), scorer.version.clone())));
        }
        (counts.prompts, counts.images) = (prompts.len() as u64, images.len() as u64);
        counts.sessions = sessions.len() as u64;
        counts
    }

    /// `never`, `always` or `sometimes`.
    pub(super) fn scores_visible(&self) -> &'static str {
        match self.visible {
            0 => "never",
            visible if visible == self.records => "always",
            _ => "sometimes",
        }
    }

    /// The manifest's `counts`.
    pub(super) fn json(&self) -> Value {
        json!({
            "records": self.records,
            "labelled": self.labelled,
            "ties": self.ties,
            "skipped": self.skipped,
            "controls": self.controls,
            "retests": self.retests,
            "prompts": self.prompts,
            "images": self.images,
        })
    }
}

/// The number of rows of each prompt.
pub(super) fn per_prompt(records: &[Record]) -> BTreeMap<&str, i64> {
    let mut counts = BTreeMap::new();
    for record in records {
        *counts.entry(record.prompt.as_str()).or_insert(0) += 1;
    }
    counts
}
