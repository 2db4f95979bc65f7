//! What records say people chose: the same [`Comparison`]s, and so the same numbers, as the rows of the contribution that holds them.

use std::collections::BTreeSet;

use super::{
    Agreed, Bootstrap, Comparison, RankOptions,
    agreement::{Opinions, Predictor},
    comparison::Unit,
};
use crate::record::{Record, Repeat, Shown, repeats};

/// What is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankBy {
    /// Images. Only those of one prompt compare.
    Image,
    /// Models, over all prompts.
    Model,
}

impl RankBy {
    /// What is drawn for intervals: an image has one prompt, so that drawing prompts would leave it out or change nothing.
    pub fn unit(self) -> Unit {
        match self {
            Self::Image => Unit::Choices,
            Self::Model => Unit::Prompts,
        }
    }

    /// What `pickscore evaluate --rank` ranks with, where nothing else is said.
    pub fn options(self) -> RankOptions {
        RankOptions { unit: self.unit(), ..RankOptions::default() }
    }

    /// What an image counts as; nothing where that is not known.
    fn name(self, shown: &Shown) -> String {
        match self {
            Self::Image => shown.image_uid.clone(),
            Self::Model => shown.model.clone().unwrap_or_default(),
        }
    }
}

/// What labelled records compare. Control pairs are left out, since they are chosen to be easy; a duplicate is no second choice.
pub fn choices(records: &[Record], by: RankBy) -> Vec<Comparison> {
    let mut contents = BTreeSet::new();
    let counted = records.iter().filter(|record| record.control.is_none());
    let of = |record: &Record| {
        let verdict = record.label?;
        contents.insert(record.content()).then(|| Comparison {
            left: by.name(&record.left),
            right: by.name(&record.right),
            verdict,
            prompt: record.prompt.clone(),
            rater: Some(record.rater_uid.clone()),
        })
    };
    counted.filter_map(of).collect()
}

/// How far raters agree with themselves where they judged a pair more than once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SelfAgreement {
    /// Every judgement after the first of its pair, beside the one before it.
    pub repeats: Vec<Repeat>,
    /// How well they predict themselves; `None` without repeats.
    pub oneself: Option<Agreed>,
}

/// How far raters agree with themselves, as `pickscore evaluate` has it. Skipped pairs say nothing, and control pairs are left out.
pub fn self_agreement(records: &[Record], bootstrap: &Bootstrap) -> SelfAgreement {
    let choices = choices(records, RankBy::Image);
    let oneself = Opinions::new(&choices).agreed(Predictor::Oneself, bootstrap);
    SelfAgreement { repeats: repeats(records), oneself }
}
