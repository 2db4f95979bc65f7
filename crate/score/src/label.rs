//! Which of two images is preferred.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::probabilities;

/// Which of two images is preferred, by a person or by a scorer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// The left (first) image.
    Left,
    /// Neither is significantly better.
    Tie,
    /// The right (second) image.
    Right,
}

impl Label {
    /// Every label.
    pub const ALL: [Self; 3] = [Self::Left, Self::Tie, Self::Right];

    /// A tie where the two probabilities are at most `tie_threshold` (0 to 1) apart, as the paper's evaluation has it.
    pub fn of(scores: [f32; 2], tie_threshold: f32) -> Self {
        let probabilities = probabilities(&scores);
        let lead = probabilities[0] - probabilities[1];
        if lead.abs() <= tie_threshold {
            Self::Tie
        } else if lead > 0.0 {
            Self::Left
        } else {
            Self::Right
        }
    }

    /// The same with the sides exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Tie => Self::Tie,
            Self::Right => Self::Left,
        }
    }

    /// `"left"`, `"tie"` or `"right"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Tie => "tie",
            Self::Right => "right",
        }
    }

    /// The label of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.name() == name)
    }

    /// How preference is shared between left and right, as Pick-a-Pic's `label_0` and `label_1` have it.
    pub fn shares(self) -> [f64; 2] {
        match self {
            Self::Left => [1.0, 0.0],
            Self::Tie => [0.5, 0.5],
            Self::Right => [0.0, 1.0],
        }
    }

    /// The label of exactly these shares.
    pub fn of_shares(shares: [f64; 2]) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.shares() == shares)
    }

    /// The side with the larger share; a tie where they are equal.
    pub fn leaning([left, right]: [f64; 2]) -> Self {
        if left > right {
            Self::Left
        } else if left < right {
            Self::Right
        } else {
            Self::Tie
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_tie_within_its_threshold() {
        assert_eq!(Label::of([21.0, 20.0], 0.0), Label::Left);
        assert_eq!(Label::of([20.0, 21.0], 0.0), Label::Right);
        assert_eq!(Label::of([20.0, 20.0], 0.0), Label::Tie);
        // softmax(1, 0) = 0.7311, 0.2689: 0.4621 apart
        assert_eq!(Label::of([21.0, 20.0], 0.47), Label::Tie);
        assert_eq!(Label::of([21.0, 20.0], 0.46), Label::Left);
    }
}
