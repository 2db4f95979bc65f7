//! A decoded image in RGB.

use crate::{error::PixelError, limits::Limits};

/// A decoded image: RGB, 8 bits per channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// `[height, width, 3]`
    pub(crate) values: Vec<u8>,
}

impl Picture {
    /// Creates an image from RGB levels `[height, width, 3]`.
    ///
    /// # Errors
    ///
    /// When the image is empty or exceeds `limits`, or when the number of bytes does not match its
    /// size.
    pub fn from_rgb(
        width: usize,
        height: usize,
        values: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        limits.check_bytes(width, height, 3, values.len())?;
        Ok(Self { width, height, values })
    }

    /// Creates an image from RGBA levels `[height, width, 4]`, such as a canvas provides. Alpha is
    /// dropped, not blended, as in Pillow's `convert("RGB")`. ImageReward's result depends on
    /// alpha: use [`Original::from_rgba`](crate::Original::from_rgba) for it.
    ///
    /// # Errors
    ///
    /// See [`Picture::from_rgb`].
    pub fn from_rgba(
        width: usize,
        height: usize,
        values: &[u8],
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        limits.check_bytes(width, height, 4, values.len())?;
        let values = values.as_chunks().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        Ok(Self { width, height, values })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Levels, `[height, width, 3]`.
    pub fn values(&self) -> &[u8] {
        &self.values
    }
}
