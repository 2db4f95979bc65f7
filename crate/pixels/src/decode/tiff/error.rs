//! Why a TIFF file is refused.

/// What is wrong with a TIFF file, or what in it is not supported. The wording continues "the image
/// cannot be decoded as TIFF: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TiffError {
    #[error("the header is truncated")]
    Header,
    #[error("the tag {tag} is missing or has a wrong type")]
    Tag { tag: u16 },
    #[error("the file is truncated")]
    Truncated,
    #[error("{name} is not supported")]
    Unsupported { name: &'static str },
    #[error("the compression {found} is not supported")]
    Compression { found: u64 },
    #[error(
        "pixels of photometric interpretation {photometric}, {bits:?} bits, sample formats \
         {formats:?} and extra samples {extra:?} are not supported"
    )]
    Pixels { photometric: u64, bits: Vec<u64>, formats: Vec<u64>, extra: Vec<u64> },
    #[error("compressed data are damaged, or end after {found} of {expected} bytes")]
    Compressed { found: usize, expected: usize },
    #[error("there are {found} strips or tiles; expected {expected}")]
    Parts { found: usize, expected: usize },
    #[error("a strip or tile would take {needed} bytes; at most {most} are allowed")]
    Memory { needed: u64, most: u64 },
    #[error("a JPEG part differs from the image in size or number of components")]
    JpegPart,
    #[error("a JPEG part cannot be decoded: {reason}")]
    Jpeg { reason: String },
}
