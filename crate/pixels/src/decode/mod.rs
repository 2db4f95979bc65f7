//! Encoded image → [`Picture`], as Pillow's `Image.open(bytes).convert("RGB")` gives it.
//!
//! Alpha is dropped and not blended, EXIF orientation and colour profiles are ignored, of animations the first frame counts: so the
//! reference does it. Width and height are read from the header and checked before anything is allocated.

mod bmp;
mod gif;
mod jpeg;
mod png;
mod webp;

use std::fmt;

use super::{Picture, PixelError};

/// The formats that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG, baseline and progressive.
    Jpeg,
    /// WebP, lossy and lossless.
    WebP,
    /// Graphics Interchange Format.
    Gif,
    /// Windows bitmap.
    Bmp,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
        })
    }
}

/// How large an image may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Width times height.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 100 megapixels: a larger file than that is a mistake or an attack, and needs 300 MB decoded.
    fn default() -> Self {
        Self { max_pixels: 100_000_000 }
    }
}

impl Limits {
    /// That an image of this size may be decoded.
    pub(super) fn check(&self, width: u64, height: u64) -> Result<(), PixelError> {
        if width == 0 || height == 0 {
            return Err(PixelError::NoPixels { width, height });
        }
        match width.checked_mul(height) {
            Some(pixels) if pixels <= self.max_pixels => Ok(()),
            _ => Err(PixelError::TooLarge { width, height, most: self.max_pixels }),
        }
    }

    /// Bytes that a decoder may hold beside the picture.
    fn bytes(&self) -> usize {
        usize::try_from(self.max_pixels.saturating_mul(8)).unwrap_or(usize::MAX)
    }
}

/// Decodes an image.
///
/// # Errors
///
/// See [`PixelError`].
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PixelError> {
    match Format::of(bytes)? {
        Format::Png => png::decode(bytes, limits),
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::WebP => webp::decode(bytes, limits),
        Format::Gif => gif::decode(bytes, limits),
        Format::Bmp => bmp::decode(bytes, limits),
    }
}

impl Format {
    /// What an image's first bytes say it is.
    ///
    /// # Errors
    ///
    /// When it is none of the formats; other known ones are named.
    pub fn of(bytes: &[u8]) -> Result<Self, PixelError> {
        let at =
            |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        let found = match () {
            () if bytes.is_empty() => return Err(PixelError::Empty),
            () if at(0, b"\x89PNG\r\n\x1a\n") => return Ok(Self::Png),
            () if at(0, b"\xff\xd8\xff") => return Ok(Self::Jpeg),
            () if at(0, b"RIFF") && at(8, b"WEBP") => return Ok(Self::WebP),
            () if at(0, b"GIF87a") || at(0, b"GIF89a") => return Ok(Self::Gif),
            () if at(0, b"BM") => return Ok(Self::Bmp),
            () if at(4, b"ftypavif") || at(4, b"ftypavis") => "AVIF",
            () if ["ftypheic", "ftypheix", "ftypmif1", "ftyphevc"]
                .iter()
                .any(|kind| at(4, kind.as_bytes())) =>
            {
                "HEIC"
            }
            () if at(0, b"\xff\x0a") || at(0, b"\0\0\0\x0cJXL ") => "JPEG XL",
            () if at(0, b"\0\0\0\x0cjP  ") => "JPEG 2000",
            () if at(0, b"II*\0") || at(0, b"MM\0*") => "TIFF",
            () if at(0, b"8BPS") => "a Photoshop document",
            () if at(0, b"qoif") => "QOI",
            () if at(0, b"\0\0\x01\0") => "an icon",
            () if at(0, b"%PDF") => "PDF",
            () if at(0, b"<svg") || at(0, b"<?xml") => "SVG or other XML",
            () if at(0, b"<!DOCTYPE") || at(0, b"<!doctype") || at(0, b"<html") => "a web page",
            () if at(4, b"ftyp") || at(0, b"\x1aE\xdf\xa3") => "a video",
            () => return Err(PixelError::NoImage),
        };
        Err(PixelError::OtherFormat { found })
    }

    /// The error for what a decoder says.
    fn damaged(self, reason: impl fmt::Display) -> PixelError {
        PixelError::Damaged { format: self, reason: reason.to_string() }
    }
}
