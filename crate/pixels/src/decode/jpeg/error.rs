//! Why a JPEG file is refused.

/// What is wrong with a JPEG file. The wording continues "the image cannot be decoded as JPEG: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::decode) enum JpegError {
    #[error("the file is truncated")]
    Truncated,
    #[error("the marker 0xFF{found:02X} is not expected there")]
    Marker { found: u8 },
    #[error("the segment of the marker 0xFF{marker:02X} has a wrong length, {found}")]
    SegmentLength { marker: u8, found: usize },
    #[error("there is a second frame header in one image")]
    SecondFrame,
    #[error("a scan begins before the frame header")]
    ScanBeforeFrame,
    #[error("there is no image in it")]
    NoImage,
    #[error("samples have {found} bits; only 8 are supported")]
    Precision { found: u8 },
    #[error("there are {found} components; only 1, 3 and 4 are supported")]
    Components { found: usize },
    #[error("the frame header of type 0xFF{found:02X} is not supported")]
    Process { found: u8 },
    #[error("it is lossless JPEG, which is not supported")]
    Lossless,
    #[error("the sampling factors {horizontal}×{vertical} are not within 1 to 4")]
    Sampling { horizontal: u8, vertical: u8 },
    #[error("the ratio of sampling factors is not a whole number, which is not supported")]
    FractionalSampling,
    #[error("one unit of a scan has {found} blocks; at most 10 are allowed")]
    BlocksPerUnit { found: usize },
    #[error("a scan names the component {found}, which is not in the frame or named twice")]
    ScanComponent { found: u8 },
    #[error("quantization table {found} is missing or has a wrong number")]
    QuantizationTable { found: u8 },
    #[error("Huffman table {found} is missing or malformed")]
    HuffmanTable { found: u8 },
    #[error("the arithmetic conditioning table {found} is malformed")]
    Conditioning { found: u8 },
    #[error("the scan parameters {start} to {end}, {high} to {low} are not allowed")]
    Progression { start: u8, end: u8, high: u8, low: u8 },
    #[error("a DC coefficient is out of range")]
    Coefficient,
    #[error("its scans visit blocks more than {most} times, which no encoder needs")]
    TooManyScans { most: u64 },
    #[error("sizes {first:?} and {second:?} are both given")]
    TwoSizes { first: (usize, usize), second: (usize, usize) },
    #[error("it has {width} × {height} pixels, which is too large")]
    TooLarge { width: usize, height: usize },
    #[error("it needs {needed} bytes while it is decoded; at most {most} are allowed")]
    Memory { needed: u64, most: u64 },
}
