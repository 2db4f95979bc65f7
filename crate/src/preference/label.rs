//! What can be said of two images.

use std::fmt;

/// Where an image was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// On the left.
    Left,
    /// On the right.
    Right,
}

/// Which image was preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// The one on the left.
    Left,
    /// Neither is significantly better than the other.
    Tie,
    /// The one on the right.
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

    /// `"left"`, `"tie"` or `"right"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Tie => "tie",
            Self::Right => "right",
        }
    }

    /// The label of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.name() == name)
    }

    /// The same preference with the sides swapped.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Tie => Self::Tie,
            Self::Right => Self::Left,
        }
    }

    /// How preference is shared between left and right, as Pick-a-Pic's `label_0` and `label_1` have it.
    pub fn shares(self) -> [f64; 2] {
        match self {
            Self::Left => [1.0, 0.0],
            Self::Tie => [0.5, 0.5],
            Self::Right => [0.0, 1.0],
        }
    }

    /// The label of these shares.
    pub fn of_shares(shares: [f64; 2]) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.shares() == shares)
    }
}

impl Choice {
    /// `"left"`, `"tie"`, `"right"` or `"skip"`.
    pub fn name(self) -> &'static str {
        self.label().map_or("skip", Label::name)
    }

    /// The choice of this name.
    pub fn of(name: &str) -> Option<Self> {
        if name == "skip" { Some(Self::Skip) } else { Label::of(name).map(Self::Label) }
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
