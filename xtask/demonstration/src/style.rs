//! The emoji sets, each drawn in its own style.

use std::fmt;

/// One emoji set.
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
    /// All of them; a style's place here is its index.
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

    /// Its name: the package's without the scope.
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

    /// The style of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.name() == name)
    }

    /// Its place in [`Style::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Whether its licence asks that what is made from it carry the same licence. Such a set is never trained on.
    pub(crate) fn share_alike(self) -> bool {
        self == Self::Openmoji
    }

    /// What a model may be trained on when one style is kept out.
    pub(crate) fn training(kept_out: Self) -> Vec<Self> {
        Self::ALL.into_iter().filter(|style| *style != kept_out && !style.share_alike()).collect()
    }
}

impl fmt::Display for Style {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
