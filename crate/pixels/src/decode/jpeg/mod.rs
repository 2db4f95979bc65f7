//! JPEG, byte for byte as Pillow decodes it with libjpeg-turbo.
//!
//! Baseline, progressive and arithmetically coded files with 8 bits a sample, in one scan or
//! several, with any sampling that libjpeg takes. Damaged data are decoded as libjpeg decodes them
//! after a warning, and refused where Pillow refuses them.
//!
//! ```text
//! bytes ─► header ─► entropy, arithmetic: blocks ─► smooth ─► idct: rows ─► upsample ─► color ─► RGB or inks
//! ```

mod arithmetic;
mod color;
mod component;
mod decoder;
mod entropy;
mod error;
mod header;
mod huffman;
mod idct;
mod pillow;
mod smooth;
mod stream;
mod upsample;

pub(super) use decoder::{Part, decode_part};
pub(super) use error::JpegError;

use crate::{
    error::PixelError,
    format::Format,
    limits::Limits,
    mode::{Keep, Mode},
    original::Original,
};

pub(super) fn decode(bytes: &[u8], limits: &Limits, keep: Keep) -> Result<Original, PixelError> {
    let wrong = |error: JpegError| Format::Jpeg.damaged(error);
    let (width, height, _) = pillow::size(bytes).map_err(wrong)?;
    limits.check(width as u64, height as u64)?;
    let decoded = decoder::decode(bytes, (width, height), limits.bytes() as u64, keep).map_err(wrong)?;
    let mode = if decoded.inks { Mode::Cmyk } else { Mode::Rgb };
    Original::new(width, height, mode, decoded.values, limits)
}
