//! How to merge.

use super::MergeError;

/// How to merge.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeOptions {
    /// What order and splits follow from.
    pub seed: u64,
    /// Most prompts of `validation`, and of `test`. Neither gets more than a tenth of all prompts.
    pub held_out: [usize; 2],
    /// Whether validation and test may have several prompts of a rater. The paper's have one.
    pub repeat_raters: bool,
    /// Images of a prompt that differ in at most this many of 64 bits count as the same one.
    pub near_duplicates: Option<u32>,
    /// Prompts with one of these words or phrases are left out.
    pub phrases: Vec<String>,
    /// Raters whose agreement with others is below this are left out, 0 to 1.
    pub minimum_agreement: Option<f64>,
    /// Raters who fail more than this share of their control pairs are left out, 0 to 1.
    pub maximum_failed_controls: Option<f64>,
    /// Whether anything that is refused ends it.
    pub strict: bool,
    /// The time in nanoseconds since 1970: rows from a day after it on are refused.
    pub now: Option<i64>,
    /// Bytes after which a new file is begun.
    pub shard_bytes: u64,
}

impl Default for MergeOptions {
    fn default() -> Self {
        Self {
            seed: 42,
            held_out: [500; 2],
            repeat_raters: false,
            near_duplicates: None,
            phrases: Vec::new(),
            minimum_agreement: None,
            maximum_failed_controls: None,
            strict: false,
            now: None,
            shard_bytes: 500 << 20,
        }
    }
}

/// Most bits that images may differ in and still count as the same: beyond it different pictures do.
pub(super) const MOST_BITS: u32 = 16;

impl MergeOptions {
    pub(super) fn check(&self) -> Result<(), MergeError> {
        let wrong = |option, found: String, expected| Err(MergeError::Option { option, found, expected });
        for (option, share) in [
            ("minimum agreement", self.minimum_agreement),
            ("maximum of failed controls", self.maximum_failed_controls),
        ] {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return wrong(option, share.to_string(), "0 to 1");
            }
        }
        match self.near_duplicates {
            Some(bits) if bits > MOST_BITS => {
                wrong("near duplicates", bits.to_string(), "0 to 16 bits that differ")
            }
            _ => Ok(()),
        }
    }
}
