//! A decoded image.

use super::{Limits, PixelError};

/// A decoded image: RGB, 8 bits a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    /// `[height, width, 3]`
    values: Vec<u8>,
}

impl Picture {
    /// From `[height, width, 3]` levels.
    ///
    /// # Errors
    ///
    /// When there are none, more than `limits` allow, or another number than the size says.
    pub fn from_rgb(
        width: usize,
        height: usize,
        values: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        check(width, height, 3, values.len(), limits)?;
        Ok(Self { width, height, values })
    }

    /// From `[height, width, 4]` levels, as a canvas gives them. Alpha is dropped, not blended, as Pillow's `convert("RGB")` does.
    ///
    /// # Errors
    ///
    /// As [`Picture::from_rgb`].
    pub fn from_rgba(
        width: usize,
        height: usize,
        values: &[u8],
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        check(width, height, 4, values.len(), limits)?;
        let values = values.as_chunks().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        Ok(Self { width, height, values })
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Levels, `[height, width, 3]`.
    pub fn values(&self) -> &[u8] {
        &self.values
    }
}

fn check(
    width: usize,
    height: usize,
    channels: usize,
    found: usize,
    limits: &Limits,
) -> Result<(), PixelError> {
    limits.check(width as u64, height as u64)?;
    let expected = width as u64 * height as u64 * channels as u64;
    if expected == found as u64 {
        return Ok(());
    }
    Err(PixelError::Length { found, expected, width, height, channels })
}
