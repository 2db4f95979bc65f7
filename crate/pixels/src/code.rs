//! The codes of errors of images.

use crate::error::PixelError;

impl PixelError {
    /// The code that is stable between versions, the same in JavaScript and Python.
    pub fn code(&self) -> &'static str {
        match self {
            // On this code the worker in a browser tries the browser's decoder.
            Self::OtherFormat { .. } | Self::Convertible { .. } | Self::NoImage => "image-format",
            Self::TooLarge { .. } => "image-too-large",
            _ => "image-damaged",
        }
    }
}
