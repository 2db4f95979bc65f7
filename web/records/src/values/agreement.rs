//! Agreement of raters with themselves, and of scorers with raters.

use pickscore_preferences::{self as library, evaluate};
use serde::Serialize;
use tsify::Tsify;

/// A mean with its 95 % interval.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct Estimate {
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// Two records of one rater, prompt and pair of images, on whichever sides they were shown.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Repeat {
    /// The uids of the records, the earlier first.
    pub records: [String; 2],
    /// Whether both answers are the same.
    pub agrees: bool,
}

/// How well raters predict their own choices.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct OwnAgreement {
    /// Choices that are predicted.
    pub choices: usize,
    /// Pairs that the choices are about.
    pub pairs: usize,
    /// Raters who made the choices.
    pub raters: usize,
    /// Mean of 1 for the same answer, ½ if exactly one of the two is a tie, 0 otherwise.
    pub accuracy: Estimate,
    /// How often both answers are the same.
    pub exact: Estimate,
}

/// How consistently raters judge pairs that they see more than once. Skipped pairs and controls are
/// left out.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Agreement {
    /// Every judgement after the first of its pair, with the one before it.
    pub repeats: Vec<Repeat>,
    /// How well choices are predicted by the same rater's other choices for the pair, as
    /// `pickscore evaluate` computes it; null without repeats.
    pub oneself: Option<OwnAgreement>,
}

/// How well a scorer agrees with people.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct ScorerAgreement {
    /// Records with a label and both scores. Controls are left out.
    pub pairs: usize,
    /// Mean of 1 if both prefer the same image, ½ if exactly one of them has a tie, 0 otherwise.
    /// The scorer has a tie if the scores are equal.
    pub score: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

impl From<evaluate::Estimate> for Estimate {
    fn from(evaluate::Estimate { value, low, high }: evaluate::Estimate) -> Self {
        Self { value, low, high }
    }
}

impl From<evaluate::SelfAgreement> for Agreement {
    fn from(evaluate::SelfAgreement { repeats, oneself }: evaluate::SelfAgreement) -> Self {
        let repeats =
            repeats.into_iter().map(|library::Repeat { records, agrees }| Repeat { records, agrees });
        Self { repeats: repeats.collect(), oneself: oneself.map(OwnAgreement::from) }
    }
}

impl From<evaluate::Agreed> for OwnAgreement {
    fn from(agreed: evaluate::Agreed) -> Self {
        let evaluate::Agreed { choices, pairs, raters, accuracy, exact } = agreed;
        Self { choices, pairs, raters, accuracy: accuracy.into(), exact: exact.into() }
    }
}

impl From<evaluate::ScorerAgreement> for ScorerAgreement {
    fn from(evaluate::ScorerAgreement { pairs, score }: evaluate::ScorerAgreement) -> Self {
        Self { pairs, score: score.value, low: score.low, high: score.high }
    }
}
