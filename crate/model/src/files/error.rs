//! Why an image file has no score.

use std::{io, sync::Arc};

use pickscore_pixels::PixelError;

/// Why an image file has no score.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read, is not a regular file, or is too large.
    #[error("the file cannot be read: {0}")]
    Unreadable(Arc<io::Error>),
    /// The image cannot be decoded.
    #[error(transparent)]
    Image(#[from] PixelError),
    /// The file had another content when it was read for an earlier model.
    #[error("the file has changed")]
    Changed,
}
