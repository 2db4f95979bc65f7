//! The emoji sets, each a style of drawing.

use std::fmt;

/// An emoji set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Style {
    Noto,
    NotoV1,
    Fluent,
    FluentFlat,
    Fxemoji,
    Emojione,
    Twemoji,
    Openmoji,
}

impl Style {
    /// All styles; a style's position is its index.
    pub(crate) const ALL: [Self; 8] = [
        Self::Noto,
        Self::NotoV1,
        Self::Fluent,
        Self::FluentFlat,
        Self::Fxemoji,
        Self::Emojione,
        Self::Twemoji,
        Self::Openmoji,
    ];

    /// The package's name without the scope.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Noto => "noto",
            Self::NotoV1 => "noto-v1",
            Self::Fluent => "fluent-emoji",
            Self::FluentFlat => "fluent-emoji-flat",
            Self::Fxemoji => "fxemoji",
            Self::Emojione => "emojione",
            Self::Twemoji => "twemoji",
            Self::Openmoji => "openmoji",
        }
    }

    /// The style with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.name() == name)
    }

    /// Its position in [`Style::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Whether its licence requires derived works to carry the same licence. Such a set is never
    /// trained on.
    pub(crate) fn share_alike(self) -> bool {
        self == Self::Openmoji
    }

    /// The styles a model may be trained on when one style is kept out.
    pub(crate) fn training(kept_out: Self) -> Vec<Self> {
        Self::ALL.into_iter().filter(|style| *style != kept_out && !style.share_alike()).collect()
    }
}

impl fmt::Display for Style {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
