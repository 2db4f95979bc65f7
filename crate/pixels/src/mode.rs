//! The layout of a decoded pixel.

/// The layout of a pixel, as far as it matters for resizing. Pillow's modes are in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// RGB (`RGB`, `L`).
    Rgb,
    /// RGB from a palette index or a single bit (`P`, `1`).
    Indexed,
    /// RGB and alpha (`RGBA`, `LA`).
    Rgba,
    /// Inks (`CMYK`).
    Cmyk,
    /// RGB from a palette index with alpha (`PA`). Pillow loses the palette when it resizes such an
    /// image, which becomes black.
    IndexedAlpha,
    /// 16-bit unsigned integer in native byte order (`I;16`, `I;16B`).
    Whole16 {
        /// Whether Pillow confuses the byte order when it resizes the image.
        swapped: bool,
    },
    /// 32-bit signed integer in native byte order (`I`).
    Whole32,
    /// 32-bit floating point in native byte order (`F`).
    Float,
}

impl Mode {
    /// Bytes per pixel.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Whole16 { .. } => 2,
            Self::Rgb | Self::Indexed | Self::IndexedAlpha => 3,
            Self::Rgba | Self::Cmyk | Self::Whole32 | Self::Float => 4,
        }
    }
}

/// What a decoder keeps of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Only RGB.
    Rgb,
    /// All channels of the image's mode.
    Mode,
}
