//! How large an image may be.

use crate::error::PixelError;

/// How large an image may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 100 megapixels, which take 300 MB once decoded.
    fn default() -> Self {
        Self { max_pixels: 100_000_000 }
    }
}

impl Limits {
    /// Checks that an image of this size may be decoded.
    ///
    /// # Errors
    ///
    /// When it has no pixels or too many.
    pub fn check(&self, width: u64, height: u64) -> Result<(), PixelError> {
        if width == 0 || height == 0 {
            return Err(PixelError::NoPixels { width, height });
        }
        match width.checked_mul(height) {
            Some(pixels) if pixels <= self.max_pixels => Ok(()),
            _ => Err(PixelError::TooLarge { width, height, most: self.max_pixels }),
        }
    }

    /// Most bytes that a decoder may allocate in addition to the image.
    pub(crate) fn bytes(&self) -> usize {
        usize::try_from(self.max_pixels.saturating_mul(8)).unwrap_or(usize::MAX)
    }

    /// Checks the size of an image and the number of its bytes.
    pub(crate) fn check_bytes(
        &self,
        width: usize,
        height: usize,
        channels: usize,
        found: usize,
    ) -> Result<(), PixelError> {
        self.check(width as u64, height as u64)?;
        let expected = width as u64 * height as u64 * channels as u64;
        if expected == found as u64 {
            return Ok(());
        }
        Err(PixelError::Length { found, expected, width, height, channels })
    }
}
