//! Sides and choices.

use std::fmt;

pub use pickscore_score::Label;

/// The side on which an image is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// On the left.
    Left,
    /// On the right.
    Right,
}

/// A rater's answer to a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Choice {
    /// The preferred image, or a tie.
    Label(Label),
    /// No label.
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

    /// The label, if any.
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
