//! The settings of a round.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::RoundError;
use crate::record::{Mode, UID_LENGTH, is_image_uid};

/// Minimum number of images in a pool.
pub const POOL_LEAST: usize = 2;
/// Maximum number of images in a pool.
pub const POOL_MOST: usize = 2000;
/// Maximum number of images in a pool of mode [`Mode::Active`], whose time per pair grows with the
/// cube of this number.
pub const ACTIVE_MOST: usize = 300;
/// Maximum number of pairs to ask again, and of control pairs.
pub const PAIRS_MOST: usize = 20_000;
/// Largest seed: the largest integer that a JavaScript number holds exactly.
pub const SEED_MOST: u64 = (1 << 53) - 1;
/// The default probability of a control pair before each other pair.
pub const CONTROL_RATE: f64 = 0.1;
/// The largest probability of a control pair before each other pair.
const CONTROL_RATE_MOST: f64 = 0.5;

/// The settings of a round. Images are given by their uids.
///
/// In JSON the names are in camel case: `controlRate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundSettings {
    /// How pairs are chosen.
    pub mode: Mode,
    /// The seed of orders and sides: at most [`SEED_MOST`].
    pub seed: u64,
    /// The pool. Empty in mode [`Mode::Retest`].
    #[serde(default)]
    pub images: Vec<String>,
    /// An image of the pool for the first pair: the winner of an earlier round. Only in mode
    /// [`Mode::WinnerStays`].
    #[serde(default)]
    pub first: Option<String>,
    /// The pairs of mode [`Mode::Retest`].
    #[serde(default)]
    pub earlier: Vec<EarlierPair>,
    /// Ends the round after this many pairs or groups, not counting controls.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Control pairs to mix in, each at most once.
    #[serde(default)]
    pub controls: Vec<ControlPair>,
    /// The probability of a control pair before each other pair, 0 to 0.5.
    #[serde(default = "control_rate")]
    pub control_rate: f64,
}

fn control_rate() -> f64 {
    CONTROL_RATE
}

/// A pair that was judged before, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierPair {
    /// The uid of the image on the left.
    pub left: String,
    /// The uid of the image on the right.
    pub right: String,
    /// The uid of its record.
    pub record: String,
}

/// A pair that everybody should judge the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlPair {
    /// The uid of the image that everybody should prefer.
    pub strong: String,
    /// The uid of the other image.
    pub weak: String,
}

impl RoundSettings {
    /// Settings of a round over a pool, without limit and controls.
    pub fn new(mode: Mode, seed: u64, images: Vec<String>) -> Self {
        let control_rate = CONTROL_RATE;
        Self {
            mode,
            seed,
            images,
            first: None,
            earlier: Vec::new(),
            limit: None,
            controls: Vec::new(),
            control_rate,
        }
    }

    /// Settings of a round over pairs that were judged before.
    pub fn retest(seed: u64, earlier: Vec<EarlierPair>) -> Self {
        Self { earlier, ..Self::new(Mode::Retest, seed, Vec::new()) }
    }

    pub(super) fn check(&self) -> Result<(), RoundError> {
        if self.seed > SEED_MOST {
            return Err(wrong("seed", self.seed.to_string(), "at most 9007199254740991"));
        }
        if self.limit == Some(0) {
            return Err(wrong("limit", "0".into(), "1 or more"));
        }
        if !(0.0..=CONTROL_RATE_MOST).contains(&self.control_rate) {
            return Err(wrong("controlRate", self.control_rate.to_string(), "0 to 0.5"));
        }
        if self.mode == Mode::Retest {
            self.check_earlier()?;
        } else {
            self.check_pool()?;
        }
        let (count, pool) = (self.controls.len(), self.images.iter().collect::<BTreeSet<_>>());
        if count > PAIRS_MOST {
            return Err(wrong("controls", format!("{count} pairs"), "at most 20000"));
        }
        for (at, ControlPair { strong, weak }) in self.controls.iter().enumerate() {
            pair(&format!("controls[{at}]"), strong, weak)?;
            // Otherwise the round could also ask it as a pair of the pool.
            if pool.contains(strong) && pool.contains(weak) {
                return Err(wrong(
                    &format!("controls[{at}]"),
                    "two images of the pool".into(),
                    "one image at least from elsewhere",
                ));
            }
        }
        Ok(())
    }

    fn check_pool(&self) -> Result<(), RoundError> {
        let count = self.images.len();
        let (most, expected) = match self.mode {
            Mode::Active => (ACTIVE_MOST, "2 to 300 in mode \"active\""),
            _ => (POOL_MOST, "2 to 2000"),
        };
        if !(POOL_LEAST..=most).contains(&count) {
            return Err(wrong("images", format!("{count} images"), expected));
        }
        let mut seen = BTreeSet::new();
        for (at, image) in self.images.iter().enumerate() {
            uid(&format!("images[{at}]"), image)?;
            if !seen.insert(image) {
                return Err(wrong(&format!("images[{at}]"), "a duplicate".into(), "each image once"));
            }
        }
        if !self.earlier.is_empty() {
            return Err(wrong("earlier", "present".into(), "none, except in mode \"retest\""));
        }
        match &self.first {
            Some(_) if self.mode != Mode::WinnerStays => {
                Err(wrong("first", "present".into(), "none, except in mode \"winner-stays\""))
            }
            Some(first) if !seen.contains(first) => {
                Err(wrong("first", "another image".into(), "an image of the pool"))
            }
            _ => Ok(()),
        }
    }

    fn check_earlier(&self) -> Result<(), RoundError> {
        let count = self.earlier.len();
        if !(1..=PAIRS_MOST).contains(&count) {
            return Err(wrong("earlier", format!("{count} pairs"), "1 to 20000"));
        }
        if !self.images.is_empty() {
            return Err(wrong("images", "present".into(), "none in mode \"retest\""));
        }
        if self.first.is_some() {
            return Err(wrong("first", "present".into(), "none, except in mode \"winner-stays\""));
        }
        let mut seen = BTreeSet::new();
        for (at, EarlierPair { left, right, record }) in self.earlier.iter().enumerate() {
            let field = format!("earlier[{at}]");
            pair(&field, left, right)?;
            if !(1..=UID_LENGTH).contains(&record.len()) {
                return Err(wrong(&format!("{field}.record"), format!("{record:.40?}"), "a record's uid"));
            }
            if !seen.insert(record) {
                return Err(wrong(&field, "a duplicate".into(), "each record once"));
            }
        }
        Ok(())
    }
}

fn uid(field: &str, image: &str) -> Result<(), RoundError> {
    let expected = "64 hexadecimal digits in lower case";
    is_image_uid(image).then_some(()).ok_or_else(|| wrong(field, format!("{image:.70?}"), expected))
}

fn pair(field: &str, one: &str, other: &str) -> Result<(), RoundError> {
    uid(field, one)?;
    uid(field, other)?;
    let same = || wrong(field, "the same image twice".into(), "two images");
    (one != other).then_some(()).ok_or_else(same)
}

pub(super) fn wrong(field: &str, found: String, expected: &'static str) -> RoundError {
    RoundError::Setting { field: field.into(), found, expected }
}
