//! What can be said of two images.

use std::fmt;

/// Which image was preferred: on the left, on the right, or neither is significantly better than the other.
pub use crate::score::Verdict as Label;

/// Where an image was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// On the left.
    Left,
    /// On the right.
    Right,
}

/// What a rater answers to a pair: a label, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Choice {
    /// Which one is preferred, or neither.
    Label(Label),
    /// No judgement; the pair is kept without a label.
    Skip,
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// `"left"` or `"right"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// The side of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Left, Self::Right].into_iter().find(|side| side.name() == name)
    }
}

impl Label {
    /// Every label.
    pub const ALL: [Self; 3] = [Self::Left, Self::Tie, Self::Right];

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

impl Choice {
    /// `"left"`, `"tie"`, `"right"` or `"skip"`.
    pub fn name(self) -> &'static str {
        self.label().map_or("skip", Label::name)
    }

    /// The choice of this name.
    pub fn of(name: &str) -> Option<Self> {
        if name == "skip" { Some(Self::Skip) } else { Label::named(name).map(Self::Label) }
    }

    /// The label, where there is one.
    pub fn label(self) -> Option<Label> {
        match self {
            Self::Label(label) => Some(label),
            Self::Skip => None,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
