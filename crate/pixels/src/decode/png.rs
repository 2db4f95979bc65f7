//! PNG, as Pillow's `PngImagePlugin` and its `ZipDecode.c` read it.
//!
//! Checksums of chunks before the image data count, that of the data does not, and a missing end
//! harms nobody: so Pillow has it. More lenient than Pillow in one point: a text or profile that is
//! too large once inflated does not cost the image, because it is never inflated.

mod chunks;
mod rows;

use chunks::Chunks;

use super::{Format, Limits};
use crate::{Picture, PixelError};

/// What is wrong with a PNG file. The wording continues "it cannot be decoded as PNG: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum PngError {
    #[error("the file is truncated")]
    Truncated,
    #[error("a chunk has the name {name:?}")]
    Name { name: [u8; 4] },
    #[error("the checksum of the chunk {name} is wrong", name = name.escape_ascii())]
    Checksum { name: [u8; 4] },
    #[error("the chunk {name} has {found} bytes, which cannot be", name = name.escape_ascii())]
    Length { name: [u8; 4], found: usize },
    #[error("the chunk {name} uses a method that is not known", name = name.escape_ascii())]
    Method { name: [u8; 4] },
    #[error("{bits} bits of color type {color} are not possible")]
    Kind { bits: u8, color: u8 },
    #[error("the palette has {found} colors; expected at most 256")]
    Palette { found: usize },
    #[error("frames of its animation are not in order")]
    Sequence,
    #[error("a frame of its animation reaches beyond the image")]
    Frame,
    #[error("there is no image data")]
    NoData,
    #[error("the compressed data are damaged")]
    Compressed,
    #[error("a row has the filter {found}; expected 0 to 4")]
    Filter { found: u8 },
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PixelError> {
    let wrong = |error| Format::Png.damaged(error);
    let mut chunks = Chunks::new(bytes);
    chunks.before_data().map_err(wrong)?;
    let (width, height) = chunks.size;
    limits.check(width.into(), height.into())?;
    // Within the limits.
    let size = (width as usize, height as usize);
    let values = rows::decode(&mut chunks, size).map_err(wrong)?;
    chunks.after_data().map_err(wrong)?;
    Picture::from_rgb(size.0, size.1, values, limits)
}
