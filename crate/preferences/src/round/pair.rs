//! A pair of a round, and what was asked and answered.

use super::group::{GroupChoice, Members};
use crate::record::{Choice, Side};

/// A pair to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Its number within the round, from 0, counting controls.
    pub number: u64,
    /// The uid of the image on the left.
    pub left: String,
    /// The uid of the image on the right.
    pub right: String,
    /// For a control pair, the side of the strong image.
    pub control: Option<Side>,
    /// For a pair that is asked again, the uid of the first record.
    pub retest_of: Option<String>,
}

/// The source of a pair or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Source {
    /// Two images of the pool, by their indices in the settings. In mode
    /// [`crate::record::Mode::WinnerStays`] the first is the one that stays.
    Pool(usize, usize),
    /// A group of the pool.
    Group(Members),
    /// A control pair, by its index in the settings. The strong image is the first.
    Control(usize),
    /// A pair that was judged before, by its index in the settings. The image that was on the left
    /// is the first.
    Earlier(usize),
}

impl Source {
    /// The pair of the pool with this number, in the order (0, 1), (0, 2), (1, 2), (0, 3), …
    pub(super) fn of_pool(number: u64) -> Self {
        // The largest `second` with `second * (second - 1) / 2 <= number`.
        let second = (8 * number + 1).isqrt().div_ceil(2);
        let first = number - second * (second - 1) / 2;
        Self::Pool(first as usize, second as usize)
    }
}

/// A pair and its sides, or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) source: Source,
    /// Whether the first image of a pair is on the right; false for a group.
    pub(super) swapped: bool,
}

/// A pair or group that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) asked: Asked,
    pub(super) reply: Reply,
    /// The uids of the records: one for a pair, one for each pair of a group.
    pub(super) records: Vec<String>,
}

/// The answer to a pair or to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Pair(Choice),
    Group(GroupChoice),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_one_by_one() {
        let mut number = 0;
        for second in 1..2000 {
            for first in 0..second {
                assert_eq!(Source::of_pool(number), Source::Pool(first, second));
                number += 1;
            }
        }
    }
}
