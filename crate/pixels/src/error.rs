//! What can be wrong with an image, or with the description of how to read images.

use super::Format;

/// Why an image cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PixelError {
    /// There are no bytes.
    #[error("it is empty")]
    Empty,
    /// It is a file of a known format that is not decoded here.
    #[error("it is {found}; expected PNG, JPEG, WebP, GIF, BMP or TIFF")]
    OtherFormat {
        /// The format that was recognised, for example `"PDF"`.
        found: &'static str,
    },
    /// It is an image of a known format that is not decoded here, and that converters read.
    #[error(
        "it is {found}, which is not read here; convert it to PNG, for example with ImageMagick: \
         magick image.{extension} image.png"
    )]
    Convertible {
        /// The format that was recognised, for example `"AVIF"`.
        found: &'static str,
        /// The format's usual file extension.
        extension: &'static str,
    },
    /// The format is not recognised.
    #[error("its format is not known; expected PNG, JPEG, WebP, GIF, BMP or TIFF")]
    NoImage,
    /// It would be larger than is allowed, which is known before any of it is decoded.
    #[error("it has {width} × {height} pixels; expected at most {most} in all")]
    TooLarge {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
        /// The limit on their product.
        most: u64,
    },
    /// It has no pixels.
    #[error("it has {width} × {height} pixels; expected at least one")]
    NoPixels {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
    /// It is damaged or cut off, or uses what its decoder does not know.
    #[error("it cannot be decoded as {format}: {reason}")]
    Damaged {
        /// What it began as.
        format: Format,
        /// What its decoder says.
        reason: String,
    },
    /// Pixels were handed over whose number does not fit the size.
    #[error(
        "{found} bytes were given for {width} × {height} pixels of {channels} bytes; expected {expected}"
    )]
    Length {
        /// Bytes given.
        found: usize,
        /// Bytes that the size needs.
        expected: u64,
        /// Width.
        width: usize,
        /// Height.
        height: usize,
        /// Bytes a pixel.
        channels: usize,
    },
}

/// Why a `preprocessor_config.json` cannot be followed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProcessorError {
    /// It is not JSON, or far too long.
    #[error("the preprocessor's configuration cannot be read: {reason}")]
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// A field asks for what CLIP's processor does not do.
    #[error("`{field}` of the preprocessor's configuration is {found}; expected {expected}")]
    Unsupported {
        /// The field.
        field: &'static str,
        /// What is there.
        found: String,
        /// What is supported.
        expected: String,
    },
}
