//! Converts records to [`Comparison`]s, the same ones as from the rows of their contribution.

use std::collections::BTreeSet;

use super::{
    agreement::{Agreed, Humans},
    bootstrap::Bootstrap,
    comparison::{Comparison, Unit},
    ranking::RankOptions,
};
use crate::record::{Record, Repeat, Shown, repeats};

/// What a ranking ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankBy {
    /// Images. Only images of the same prompt are comparable.
    Image,
    /// Models, over all prompts.
    Model,
}

impl RankBy {
    /// What is resampled for intervals. An image has only one prompt, so prompts would give no
    /// intervals for images.
    pub fn unit(self) -> Unit {
        match self {
            Self::Image => Unit::Choices,
            Self::Model => Unit::Prompts,
        }
    }

    /// The default settings of `pickscore evaluate --rank`.
    pub fn options(self) -> RankOptions {
        RankOptions { unit: self.unit(), ..RankOptions::default() }
    }

    /// The name of the item; empty if unknown.
    fn name(self, shown: &Shown) -> String {
        match self {
            Self::Image => shown.image_uid.clone(),
            Self::Model => shown.model.clone().unwrap_or_default(),
        }
    }
}

/// The choices of labelled records. Control pairs, which are easy, and duplicates are left out.
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

/// How consistently raters judge pairs that they see more than once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SelfAgreement {
    /// Every judgement after the first of its pair, with the one before it.
    pub repeats: Vec<Repeat>,
    /// How well raters predict their own choices; `None` without repeats.
    pub oneself: Option<Agreed>,
}

/// Computes the agreement of raters with themselves, as `pickscore evaluate` does. Skipped pairs
/// and control pairs are left out.
pub fn self_agreement(records: &[Record], bootstrap: &Bootstrap) -> SelfAgreement {
    let Humans { oneself, .. } = Humans::of(&choices(records, RankBy::Image).iter().collect(), bootstrap);
    SelfAgreement { repeats: repeats(records), oneself }
}
