//! Errors of images and of preprocessor configurations.

use std::fmt;

use crate::format::Format;

/// An image cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PixelError {
    /// The file is empty.
    #[error("the image is empty")]
    Empty,
    /// A file of a known but unsupported format.
    #[error("the file is {found}; expected PNG, JPEG, WebP, GIF, BMP or TIFF")]
    OtherFormat {
        /// The format that was recognised, for example `"PDF"`.
        found: &'static str,
    },
    /// An image of an unsupported format that converters can read.
    #[error(
        "the image is {found}, which is not read here; convert it to PNG, for example with ImageMagick: \
         magick image.{extension} image.png"
    )]
    Convertible {
        /// The format that was recognised, for example `"AVIF"`.
        found: &'static str,
        /// The format's usual file extension.
        extension: &'static str,
    },
    /// The format is not recognised.
    #[error("the file has no known image format; expected PNG, JPEG, WebP, GIF, BMP or TIFF")]
    NoImage,
    /// The image exceeds the limit. Nothing has been decoded.
    #[error("the image has {width} × {height} pixels; expected at most {most} in all")]
    TooLarge {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
        /// The limit on their product.
        most: u64,
    },
    /// The image has no pixels.
    #[error("the image has {width} × {height} pixels; expected at least one")]
    NoPixels {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
    /// The file is damaged or truncated, or uses an unsupported feature.
    #[error("the image cannot be decoded as {format}: {reason}")]
    Damaged {
        /// The format of the file.
        format: Format,
        /// The decoder's message.
        reason: String,
    },
    /// The number of bytes does not match the size of the image.
    #[error(
        "{found} bytes were given for {width} × {height} pixels of {channels} bytes; expected {expected}"
    )]
    Length {
        /// Number of bytes given.
        found: usize,
        /// Number of bytes needed.
        expected: u64,
        /// Width.
        width: usize,
        /// Height.
        height: usize,
        /// Bytes per pixel.
        channels: usize,
    },
}

/// A preprocessor configuration cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProcessorError {
    /// The file is not JSON, or too long.
    #[error("the preprocessor's configuration cannot be read: {reason}")]
    Malformed {
        /// The parser's message.
        reason: String,
    },
    /// A field has an unsupported value.
    #[error("`{field}` of the preprocessor's configuration is {found}; expected {expected}")]
    Unsupported {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// The supported values.
        expected: String,
    },
}

impl Format {
    /// The error for a decoder's message.
    pub(crate) fn damaged(self, reason: impl fmt::Display) -> PixelError {
        PixelError::Damaged { format: self, reason: reason.to_string() }
    }
}
