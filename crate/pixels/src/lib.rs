//! Encoded image → [`Pixels`].
//!
//! ```text
//! CLIP         decode ─► Picture ─► resize the shortest edge, crop ─┐
//! HPS v2       decode ─► Picture ─► resize the longest edge, pad ───┼► normalise ─► Pixels
//! ImageReward  decode_original ─► Original ─► resize, crop ─► RGB ──┘
//! ```
//!
//! Decoding and the preprocessing of CLIP and ImageReward are bit-identical to Pillow,
//! transformers' `CLIPImageProcessor` and ImageReward's own code; HPS v2's preprocessing is equal
//! within the rounding of f32. Unlike Pillow, big-endian BigTIFF is supported.

mod cmyk;
mod code;
mod decode;
mod error;
mod format;
mod limits;
mod mode;
mod original;
mod picture;
mod pixels;
mod processor;
mod resample;

pub use decode::{decode, decode_original};
pub use error::{PixelError, ProcessorError};
pub use format::Format;
pub use limits::Limits;
pub use original::Original;
pub use picture::Picture;
pub use pixels::Pixels;
pub use processor::{Method, Processor, Resize};
