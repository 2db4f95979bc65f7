//! Encoded image → [`Picture`], as Pillow's `Image.open(bytes).convert("RGB")` gives it.
//!
//! As the reference does, alpha is dropped and not blended, EXIF orientation (other than a TIFF's) and
//! color profiles are ignored, and of animations the first frame counts. Width and height are read
//! from the header and checked before anything is allocated.

mod bmp;
mod gif;
mod jpeg;
mod png;
mod tiff;
mod webp;

use std::fmt;

use super::{Picture, PixelError};

/// The formats that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG with 8 bits a sample, other than lossless.
    Jpeg,
    /// WebP, lossy and lossless.
    WebP,
    /// Graphics Interchange Format.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF, the first page.
    Tiff,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
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
        Format::Tiff => tiff::decode(bytes, limits),
    }
}

impl Format {
    /// What an image's first bytes say it is.
    ///
    /// # Errors
    ///
    /// When it is none of the formats; other known ones are named.
    pub fn of(bytes: &[u8]) -> Result<Self, PixelError> {
        const TIFF: [&[u8]; 6] = [b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"II+\0", b"MM\0+"];
        let at =
            |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        let convertible = |found, extension| Err(PixelError::Convertible { found, extension });
        let found = match () {
            () if bytes.is_empty() => return Err(PixelError::Empty),
            () if at(0, b"\x89PNG\r\n\x1a\n") => return Ok(Self::Png),
            () if at(0, b"\xff\xd8\xff") => return Ok(Self::Jpeg),
            () if at(0, b"RIFF") && at(8, b"WEBP") => return Ok(Self::WebP),
            () if at(0, b"GIF87a") || at(0, b"GIF89a") => return Ok(Self::Gif),
            () if at(0, b"BM") => return Ok(Self::Bmp),
            () if TIFF.iter().any(|magic| at(0, magic)) => return Ok(Self::Tiff),
            () if at(0, b"\xff\x0a") || at(0, b"\0\0\0\x0cJXL \r\n\x87\n") => {
                return convertible("JPEG XL", "jxl");
            }
            () if at(0, b"\0\0\0\x0cjP  \r\n\x87\n") || at(0, b"\xff\x4f\xff\x51") => {
                return convertible("JPEG 2000", "jp2");
            }
            () if at(4, b"ftyp") => return Err(Self::media(bytes)),
            () if at(0, b"8BPS") => return convertible("a Photoshop document", "psd"),
            () if at(0, b"qoif") => return convertible("QOI", "qoi"),
            () if at(0, b"\0\0\x01\0") => return convertible("an icon", "ico"),
            () if at(0, b"%PDF") => "PDF",
            () if at(0, b"<svg") || at(0, b"<?xml") => "SVG or other XML",
            () if at(0, b"<!DOCTYPE") || at(0, b"<!doctype") || at(0, b"<html") => "a web page",
            () if at(0, b"\x1aE\xdf\xa3") => "a video",
            () => return Err(PixelError::NoImage),
        };
        Err(PixelError::OtherFormat { found })
    }

    /// The error for an ISO media file, by its main and its compatible brands.
    fn media(bytes: &[u8]) -> PixelError {
        let length = bytes.first_chunk().map_or(0, |&length| u32::from_be_bytes(length));
        let end = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len()).min(4096);
        let main = bytes.get(8..12).unwrap_or_default();
        let others = bytes.get(16..end).unwrap_or_default().as_chunks::<4>().0;
        let brands = || std::iter::once(main).chain(others.iter().map(<[u8; 4]>::as_slice));
        let any =
            |names: &[&[u8; 4]]| brands().any(|brand| names.iter().any(|name| brand == name.as_slice()));
        if any(&[b"avif", b"avis"]) {
            PixelError::Convertible { found: "AVIF", extension: "avif" }
        } else if any(&[
            b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1",
        ]) {
            PixelError::Convertible { found: "HEIC", extension: "heic" }
        } else {
            PixelError::OtherFormat { found: "a video" }
        }
    }

    /// The error for what a decoder says.
    fn damaged(self, reason: impl fmt::Display) -> PixelError {
        PixelError::Damaged { format: self, reason: reason.to_string() }
    }
}

/// Inks, 0 for none, to RGB: Pillow's `cmyk2rgb`.
fn cmyk_to_rgb([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let white = 255 - u32::from(black);
    [cyan, magenta, yellow].map(|ink| {
        let product = u32::from(ink) * white + 128;
        // The rounded product over 255; never above `white`.
        white.saturating_sub(((product >> 8) + product) >> 8) as u8
    })
}
