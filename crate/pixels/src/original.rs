//! A decoded image in the mode in which Pillow opens it.

use crate::{cmyk::cmyk_to_rgb, error::PixelError, limits::Limits, mode::Mode, picture::Picture};

/// A decoded image that has not been converted to RGB, as ImageReward's preprocessing needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Original {
    width: usize,
    height: usize,
    mode: Mode,
    /// `[height, width, mode.bytes()]`
    values: Vec<u8>,
}

impl Original {
    /// Creates an image from RGBA levels `[height, width, 4]`, not premultiplied, such as a canvas
    /// provides.
    ///
    /// # Errors
    ///
    /// See [`Picture::from_rgb`].
    pub fn from_rgba(
        width: usize,
        height: usize,
        values: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        Self::new(width, height, Mode::Rgba, values, limits)
    }

    /// Creates an image from the RGB levels `[height, width, 3]` of an image with a palette.
    ///
    /// # Errors
    ///
    /// See [`Picture::from_rgb`].
    pub fn from_indexed(
        width: usize,
        height: usize,
        values: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        Self::new(width, height, Mode::Indexed, values, limits)
    }

    /// Creates an image from inks `[height, width, 4]`, where 0 is no ink.
    ///
    /// # Errors
    ///
    /// See [`Picture::from_rgb`].
    pub fn from_cmyk(
        width: usize,
        height: usize,
        values: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        Self::new(width, height, Mode::Cmyk, values, limits)
    }

    pub(crate) fn new(
        width: usize,
        height: usize,
        mode: Mode,
        values: Vec<u8>,
        limits: &Limits,
    ) -> Result<Self, PixelError> {
        limits.check_bytes(width, height, mode.bytes(), values.len())?;
        Ok(Self { width, height, mode, values })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// An image of the same mode with other pixels, `[height, width, mode.bytes()]`.
    pub(crate) fn with(&self, width: usize, height: usize, values: Vec<u8>) -> Self {
        Self { width, height, mode: self.mode.clone(), values }
    }

    pub(crate) fn mode(&self) -> &Mode {
        &self.mode
    }

    pub(crate) fn values(&self) -> &[u8] {
        &self.values
    }

    /// Converts the image to RGB, without a copy if it already is.
    pub(crate) fn into_picture(self) -> Picture {
        let Self { width, height, mode, values } = self;
        let values = match mode {
            Mode::Rgb | Mode::Indexed | Mode::IndexedAlpha => values,
            Mode::Rgba => values.as_chunks().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect(),
            Mode::Cmyk => values.as_chunks().0.iter().flat_map(|&inks| cmyk_to_rgb(inks)).collect(),
            Mode::Whole16 { .. } => {
                let levels = values.as_chunks().0.iter().map(|&two| u16::from_ne_bytes(two).min(255) as u8);
                levels.flat_map(|level| [level; 3]).collect()
            }
            Mode::Whole32 => {
                let levels =
                    values.as_chunks().0.iter().map(|&four| i32::from_ne_bytes(four).clamp(0, 255) as u8);
                levels.flat_map(|level| [level; 3]).collect()
            }
            // The cast clamps, and turns NaN into 0.
            Mode::Float => {
                let levels = values.as_chunks().0.iter().map(|&four| f32::from_ne_bytes(four) as u8);
                levels.flat_map(|level| [level; 3]).collect()
            }
        };
        Picture { width, height, values }
    }
}
