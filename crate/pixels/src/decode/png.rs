//! PNG, as Pillow's `PngImagePlugin` and its `ZipDecode.c` read it.
//!
//! As in Pillow, checksums are verified for the chunks before the image data but not for the data,
//! and the end chunk may be missing. Unlike Pillow, a text or profile that is too large once
//! inflated is no error, because it is never inflated.

mod chunks;
mod error;
mod rows;

use chunks::Chunks;

use crate::{error::PixelError, format::Format, limits::Limits, mode::Keep, original::Original};

pub(super) fn decode(bytes: &[u8], limits: &Limits, keep: Keep) -> Result<Original, PixelError> {
    let wrong = |error| Format::Png.damaged(error);
    let mut chunks = Chunks::new(bytes);
    chunks.before_data().map_err(wrong)?;
    let (width, height) = chunks.size;
    limits.check(width.into(), height.into())?;
    // Cannot truncate: `limits` has been checked.
    let size = (width as usize, height as usize);
    let (mode, values) = rows::decode(&mut chunks, size, keep).map_err(wrong)?;
    chunks.after_data().map_err(wrong)?;
    Original::new(size.0, size.1, mode, values, limits)
}
