//! encoded image → [`Pixels`]
//!
//! ```text
//! bytes ─► decode: Picture (RGB, 8 bits) ─► resample to the shortest edge, centre crop ─► normalise ─► Pixels [3, size, size]
//! ```
//!
//! Equal to Pillow's `convert("RGB")` and transformers' `CLIPImageProcessor` to the last bit, in every format. A
//! TIFF's orientation is obeyed, as Pillow does when it loads one; BigTIFF of either byte order is read, though
//! Pillow knows only one.

mod decode;
mod error;
mod picture;
mod processor;
mod resample;

pub use decode::{Format, Limits, decode};
pub use error::{PixelError, ProcessorError};
pub use picture::Picture;
pub use processor::{Processor, Resize};

/// An image as the vision tower reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    /// Width and height.
    pub size: usize,
    /// Normalised values, `[3, size, size]`.
    pub values: Vec<f32>,
}
