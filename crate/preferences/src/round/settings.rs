//! What a round is made of.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::RoundError;
use crate::record::{Mode, UID_LENGTH, is_image_uid};

/// Fewest images of a pool.
pub const POOL_LEAST: usize = 2;
/// Most images of a pool.
pub const POOL_MOST: usize = 2000;
/// Most images of a pool whose next pair is worked out: that takes the cube of their number.
pub const ACTIVE_MOST: usize = 300;
/// Most pairs to ask again, and most control pairs.
pub const PAIRS_MOST: usize = 20_000;
/// Largest seed: what a JavaScript number holds exactly.
pub const SEED_MOST: u64 = (1 << 53) - 1;
/// How likely a control pair comes before another pair, where nothing else is said.
pub const CONTROL_RATE: f64 = 0.1;
/// How likely a control pair may come before another pair.
const CONTROL_RATE_MOST: f64 = 0.5;

/// What a round is made of. Images are given by their uids.
///
/// As JSON its fields have the names of JavaScript's: `controlRate`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundSettings {
    /// How pairs are chosen.
    pub mode: Mode,
    /// Decides order and sides, together with what was answered.
    pub seed: u64,
    /// The pool. Empty in mode [`Mode::Retest`].
    #[serde(default)]
    pub images: Vec<String>,
    /// The image of the pool that is shown in the first pair: the winner of the round before. Mode [`Mode::WinnerStays`] only.
    #[serde(default)]
    pub first: Option<String>,
    /// The pairs of mode [`Mode::Retest`].
    #[serde(default)]
    pub earlier: Vec<EarlierPair>,
    /// Ends the round after so many pairs, controls not counted.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Pairs to put among the others, each at most once.
    #[serde(default)]
    pub controls: Vec<ControlPair>,
    /// How likely a control pair comes before another pair.
    #[serde(default = "control_rate")]
    pub control_rate: f64,
}

fn control_rate() -> f64 {
    CONTROL_RATE
}

/// A pair that was judged before, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierPair {
    /// What was shown on the left.
    pub left: String,
    /// What was shown on the right.
    pub right: String,
    /// The uid of its record.
    pub record: String,
}

/// A pair that everybody should judge the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlPair {
    /// The image that everybody should prefer.
    pub strong: String,
    /// The other one.
    pub weak: String,
}

impl RoundSettings {
    /// A round over a pool, without limit and controls.
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

    /// A round over pairs that were judged before.
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
            // Otherwise the round could ask it a second time, as a pair of its own.
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
                return Err(wrong(&format!("images[{at}]"), "there twice".into(), "each image once"));
            }
        }
        if !self.earlier.is_empty() {
            return Err(wrong("earlier", "there".into(), "nothing but in mode \"retest\""));
        }
        match &self.first {
            Some(_) if self.mode != Mode::WinnerStays => {
                Err(wrong("first", "there".into(), "nothing but in mode \"winner-stays\""))
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
            return Err(wrong("images", "there".into(), "nothing in mode \"retest\""));
        }
        if self.first.is_some() {
            return Err(wrong("first", "there".into(), "nothing but in mode \"winner-stays\""));
        }
        let mut seen = BTreeSet::new();
        for (at, EarlierPair { left, right, record }) in self.earlier.iter().enumerate() {
            let field = format!("earlier[{at}]");
            pair(&field, left, right)?;
            if !(1..=UID_LENGTH).contains(&record.len()) {
                return Err(wrong(&format!("{field}.record"), format!("{record:.40?}"), "a record's uid"));
            }
            if !seen.insert(record) {
                return Err(wrong(&field, "there twice".into(), "each record once"));
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
