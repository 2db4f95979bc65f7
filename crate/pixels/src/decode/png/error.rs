//! What can be wrong with a PNG file.

/// What is wrong with a PNG file. The wording continues "the image cannot be decoded as PNG: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PngError {
    #[error("the file is truncated")]
    Truncated,
    #[error("its rows have {found} bytes; expected at most {most}")]
    Row { found: usize, most: usize },
    #[error("a chunk has the name {name:?}")]
    Name { name: [u8; 4] },
    #[error("the checksum of the chunk {name} is wrong", name = name.escape_ascii())]
    Checksum { name: [u8; 4] },
    #[error("the chunk {name} has an invalid length of {found} bytes", name = name.escape_ascii())]
    Length { name: [u8; 4], found: usize },
    #[error("the chunk {name} uses an unknown method", name = name.escape_ascii())]
    Method { name: [u8; 4] },
    #[error("bit depth {bits} is invalid for color type {color}")]
    Kind { bits: u8, color: u8 },
    #[error("the palette has {found} colors; expected at most 256")]
    Palette { found: usize },
    #[error("the animation's frames are out of order")]
    Sequence,
    #[error("a frame of the animation exceeds the image")]
    Frame,
    #[error("there is no image data")]
    NoData,
    #[error("the compressed data are damaged")]
    Compressed,
    #[error("a row has the filter {found}; expected 0 to 4")]
    Filter { found: u8 },
}
