//! Encoded image → [`Picture`], equal to Pillow's `Image.open(bytes).convert("RGB")`, or
//! [`Original`], equal to `Image.open(bytes)`.
//!
//! As in Pillow, alpha is dropped, not blended; EXIF orientation (except in TIFF files) and color
//! profiles are ignored; and only the first frame of an animation is decoded. Width and height are
//! read from the header and checked before anything is allocated.

mod bmp;
mod gif;
mod jpeg;
mod png;
mod recognise;
mod tiff;
mod webp;

use crate::{
    error::PixelError, format::Format, limits::Limits, mode::Keep, original::Original, picture::Picture,
};

/// Decodes an image.
///
/// # Errors
///
/// See [`PixelError`].
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PixelError> {
    decode_to(bytes, limits, Keep::Rgb).map(Original::into_picture)
}

/// Decodes an image without converting it to RGB.
///
/// # Errors
///
/// See [`PixelError`].
pub fn decode_original(bytes: &[u8], limits: &Limits) -> Result<Original, PixelError> {
    decode_to(bytes, limits, Keep::Mode)
}

fn decode_to(bytes: &[u8], limits: &Limits, keep: Keep) -> Result<Original, PixelError> {
    match Format::of(bytes)? {
        Format::Png => png::decode(bytes, limits, keep),
        Format::Jpeg => jpeg::decode(bytes, limits, keep),
        Format::WebP => webp::decode(bytes, limits),
        Format::Gif => gif::decode(bytes, limits),
        Format::Bmp => bmp::decode(bytes, limits, keep),
        Format::Tiff => tiff::decode(bytes, limits, keep),
    }
}
