//! The preference between two images.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::probabilities::probabilities;

/// The preference between two images, stated by a person or predicted by a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// The left (first) image.
    Left,
    /// Neither image is clearly better.
    Tie,
    /// The right (second) image.
    Right,
}

impl Label {
    /// All labels.
    pub const ALL: [Self; 3] = [Self::Left, Self::Tie, Self::Right];

    /// Predicts a label from two scores. It is a tie if the probabilities differ by at most
    /// `tie_threshold` (0 to 1), as in the evaluation of the Pick-a-Pic paper.
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

    /// The label for the same two images in reverse order.
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

    /// Parses a label's [`name`](Self::name).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.name() == name)
    }

    /// The label as target probabilities for left and right, like Pick-a-Pic's `label_0` and
    /// `label_1`.
    pub fn shares(self) -> [f64; 2] {
        match self {
            Self::Left => [1.0, 0.0],
            Self::Tie => [0.5, 0.5],
            Self::Right => [0.0, 1.0],
        }
    }

    /// The label with exactly these shares, if there is one.
    pub fn of_shares(shares: [f64; 2]) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.shares() == shares)
    }

    /// The side with the larger share, or a tie if both are equal.
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
