//! Tastes: scorers of one person's taste.

use pickscore_taste as library;
use serde::Serialize;
use tsify::Tsify;

use super::agreement::Estimate;

/// The scorer that a taste was fitted on top of.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct TasteScorer {
    /// Its name, as in the catalogue of scorers.
    pub name: String,
    /// What identifies its weights: 64 hexadecimal digits.
    pub fingerprint: String,
    /// The factor that makes its scores logits.
    pub scale: f64,
}

/// The accuracy of a taste beside the base scorer's, on choices between images that it had not
/// seen: the share of choices, other than ties, whose preferred image has the higher score.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct TasteAccuracy {
    /// Number of choices that were tested.
    pub tested: usize,
    /// The accuracy of the base scorer.
    pub base: Estimate,
    /// The accuracy of the taste.
    pub taste: Estimate,
    /// The difference, with its own interval.
    pub gain: Estimate,
}

/// Whether a taste is measurably better than its base scorer; otherwise, roughly how many more
/// choices that will take.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "kebab-case", tag = "state", content = "more")]
pub enum TasteNeeded {
    Offered,
    About(usize),
    AtLeast(usize),
}

/// What a `taste.json` says about itself.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct TasteInfo {
    /// The visitor's name for it.
    pub name: String,
    pub scorer: TasteScorer,
    /// Number of choices that it was fitted to.
    pub choices: u64,
    /// Number of ties among them.
    pub ties: u64,
    /// Null if it could not be measured.
    pub accuracy: Option<TasteAccuracy>,
    /// Whether it is measurably better than its base scorer, by `accuracy`.
    pub offered: bool,
    /// Number of dimensions of an embedding.
    pub dimensions: usize,
    /// The factor of the base scorer's score.
    pub alpha: f64,
}

/// Numbers of records that are not learned from.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct TasteLeftOut {
    /// Skipped pairs.
    pub skipped: usize,
    /// Control pairs.
    pub controls: usize,
    /// Choices that were made while scores were visible, if they are left out.
    pub scores_visible: usize,
    /// Records with the content of an earlier one.
    pub duplicates: usize,
    /// Choices with an image that has no embedding or no score.
    pub gone: usize,
}

/// What was assigned to the folds of a cross-validation.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "lowercase")]
pub enum FoldsOf {
    Prompts,
    Images,
}

/// A fitted taste, and how it was measured.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct TasteReport {
    /// Number of choices that it was fitted to.
    pub choices: usize,
    /// Number of ties among them.
    pub ties: usize,
    /// Number of distinct images of the choices.
    pub images: usize,
    pub left_out: TasteLeftOut,
    /// What was assigned to folds.
    pub folds_of: FoldsOf,
    /// Number of folds.
    pub folds: usize,
    /// Null if no choice could be tested.
    pub accuracy: Option<TasteAccuracy>,
    pub needed: TasteNeeded,
    /// The standard deviation of the prior of the weights that cross-validation chose.
    pub deviation: f64,
    /// The `taste.json`.
    pub text: String,
}

/// An image by a taste.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct TasteImage {
    /// The score in logits.
    pub score: f64,
    /// The standard deviation of the score from the mean score of the images.
    pub deviation: f64,
    /// How much more than people this person likes it, compared with the other images: the score
    /// less the base score, both from the mean of the images, and the base scores as widely spread
    /// as the scores.
    pub difference: f64,
    /// The standard deviation of the difference, to first order.
    pub difference_deviation: f64,
}

/// The images of a call by a taste, in its order.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct TasteImages {
    pub images: Vec<TasteImage>,
}

/// What a taste that learns choice by choice knows.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct LearnedPair {
    /// The numbers of two images.
    pub images: [usize; 2],
    /// The expected information of the answer, in nats.
    pub information: f64,
    /// The probability that the first is preferred, among answers that are not ties.
    pub probability: f64,
}

impl From<library::BaseScorer> for TasteScorer {
    fn from(library::BaseScorer { name, fingerprint, scale }: library::BaseScorer) -> Self {
        Self { name, fingerprint, scale }
    }
}

impl From<library::Accuracy> for TasteAccuracy {
    fn from(library::Accuracy { tested, base, taste, gain }: library::Accuracy) -> Self {
        Self { tested, base: base.into(), taste: taste.into(), gain: gain.into() }
    }
}

impl From<library::Needed> for TasteNeeded {
    fn from(needed: library::Needed) -> Self {
        match needed {
            library::Needed::Offered => Self::Offered,
            library::Needed::About(more) => Self::About(more),
            library::Needed::AtLeast(more) => Self::AtLeast(more),
        }
    }
}

impl From<library::Assigned> for FoldsOf {
    fn from(assigned: library::Assigned) -> Self {
        match assigned {
            library::Assigned::Prompts => Self::Prompts,
            library::Assigned::Images => Self::Images,
        }
    }
}

impl From<library::Taste> for TasteInfo {
    fn from(taste: library::Taste) -> Self {
        let library::Taste { name, scorer, choices, ties, accuracy, alpha, weights, .. } = taste;
        let offered = accuracy.is_some_and(|accuracy| accuracy.is_better());
        let (scorer, accuracy) = (scorer.into(), accuracy.map(TasteAccuracy::from));
        Self { name, scorer, choices, ties, accuracy, offered, dimensions: weights.len(), alpha }
    }
}

impl From<library::Judged> for TasteImage {
    fn from(image: library::Judged) -> Self {
        let library::Judged { score, deviation, difference, difference_deviation } = image;
        Self { score, deviation, difference, difference_deviation }
    }
}

impl From<Vec<library::Judged>> for TasteImages {
    fn from(images: Vec<library::Judged>) -> Self {
        Self { images: images.into_iter().map(TasteImage::from).collect() }
    }
}

impl From<library::Informative> for LearnedPair {
    fn from(library::Informative { images, information, probability }: library::Informative) -> Self {
        Self { images, information, probability }
    }
}
