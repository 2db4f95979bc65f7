//! A finished image, and encoding it.

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder};
use resvg::tiny_skia::Pixmap;

use crate::fault::Fault;

/// Square RGB pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) side: u32,
    /// `[side, side, 3]`
    pub(crate) rgb: Vec<u8>,
}

impl Picture {
    /// From a square, opaque canvas.
    pub(crate) fn of(canvas: &Pixmap) -> Self {
        let rgb =
            canvas.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
        Self { side: canvas.width(), rgb }
    }

    /// As a PNG file, compressed for speed.
    ///
    /// # Errors
    ///
    /// If the encoder fails, which should not happen.
    pub(crate) fn png(&self) -> Result<Vec<u8>, Fault> {
        let fault = |error: png::EncodingError| Fault::Encode { side: self.side, reason: error.to_string() };
        let mut bytes = Vec::with_capacity(self.rgb.len() / 2);
        let mut encoder = png::Encoder::new(&mut bytes, self.side, self.side);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(fault)?;
        writer.write_image_data(&self.rgb).map_err(fault)?;
        writer.finish().map_err(fault)?;
        Ok(bytes)
    }

    /// As a JPEG file of this quality (1 to 100).
    ///
    /// # Errors
    ///
    /// If the encoder fails, which should not happen.
    pub(crate) fn jpeg(&self, quality: u8) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
        let written = encoder.write_image(&self.rgb, self.side, self.side, ExtendedColorType::Rgb8);
        written.map_err(|error| Fault::Encode { side: self.side, reason: error.to_string() })?;
        Ok(bytes)
    }

    /// Mean absolute difference to another image of the same size, in levels of 255.
    #[cfg(test)]
    pub(crate) fn difference(&self, other: &Self) -> f32 {
        assert_eq!(self.side, other.side);
        let sum: u32 =
            self.rgb.iter().zip(&other.rgb).map(|(one, other)| u32::from(one.abs_diff(*other))).sum();
        sum as f32 / self.rgb.len() as f32
    }
}
