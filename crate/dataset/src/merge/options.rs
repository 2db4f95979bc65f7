//! Options of a merge.

use super::error::MergeError;

/// Options of a merge.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeOptions {
    /// The seed of order and splits.
    pub seed: u64,
    /// Maximum number of prompts in `validation` and in `test`. Each gets at most a tenth of all
    /// prompts.
    pub held_out: [usize; 2],
    /// Whether validation and test may have several prompts of the same rater. In Pick-a-Pic every
    /// prompt has a different rater.
    pub repeat_raters: bool,
    /// Images of a prompt whose 64-bit hashes differ in at most this many bits count as the same
    /// image.
    pub near_duplicates: Option<u32>,
    /// Prompts that contain one of these words or phrases are removed.
    pub phrases: Vec<String>,
    /// Raters whose agreement with others is lower are removed, 0 to 1.
    pub minimum_agreement: Option<f64>,
    /// Raters who fail a larger share of their control pairs are removed, 0 to 1.
    pub maximum_failed_controls: Option<f64>,
    /// Whether the merge fails if a file or row is refused.
    pub strict: bool,
    /// The current time in nanoseconds since 1970. Rows that are more than a day later are refused.
    pub now: Option<i64>,
    /// Maximum size of the images in a file, in bytes.
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

/// The largest number of different bits for near-duplicates. With more, different images match.
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
