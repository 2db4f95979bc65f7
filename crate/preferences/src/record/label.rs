//! What can be said of two images.

use std::fmt;

pub use pickscore_score::Label;

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
