//! The supported compressions, and a check of how much a page unpacks to before memory is
//! allocated.

use std::io::{self, Read};

use parquet::{basic::Compression, errors::ParquetError, file::reader::ChunkReader};

/// For an unsupported compression, its name and how to convert the file. `in_browser` stands for
/// the wasm build, which has fewer codecs.
pub(super) fn unread(compression: Compression, in_browser: bool) -> Option<(&'static str, &'static str)> {
    const REWRITE: &str = "the browser does not read; rewrite the file with `pickscore merge`, or with pandas: to_parquet(…, compression=\"snappy\")";
    match compression {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) => None,
        Compression::LZO => Some((
            "LZO",
            "is not read; rewrite the file with another one, for example with DuckDB: COPY (…) TO '…' (COMPRESSION zstd)",
        )),
        Compression::ZSTD(_) if in_browser => Some(("Zstandard", REWRITE)),
        Compression::BROTLI(_) if in_browser => Some(("Brotli", REWRITE)),
        Compression::LZ4 | Compression::LZ4_RAW if in_browser => Some(("LZ4", REWRITE)),
        Compression::ZSTD(_) | Compression::BROTLI(_) | Compression::LZ4 | Compression::LZ4_RAW => None,
    }
}

/// Whether unpacking takes no more memory than the page claims. Snappy, Zstandard and LZ4 unpack
/// into a buffer of the claimed size. The other decoders have no limit, so their output is counted
/// first.
pub(super) fn is_bounded<R: ChunkReader>(
    source: &R,
    compression: Compression,
    at: u64,
    length: u64,
    expected: u64,
) -> Result<bool, ParquetError> {
    if expected == 0 {
        return Ok(true);
    }
    let packed = source.get_read(at)?.take(length);
    Ok(match compression {
        Compression::GZIP(_) => count(flate2::read::MultiGzDecoder::new(packed), expected) == Some(expected),
        #[cfg(not(target_family = "wasm"))]
        Compression::BROTLI(_) => brotli_is_bounded(packed, expected)?,
        _ => true,
    })
}

/// The number of unpacked bytes, counted up to one more than expected. `None` if unpacking fails.
fn count(unpacked: impl Read, expected: u64) -> Option<u64> {
    io::copy(&mut unpacked.take(expected.saturating_add(1)), &mut io::sink()).ok()
}

/// The window also takes memory: at most 16 MB in standard Brotli, which Parquet requires, and up
/// to a gigabyte in "large window" streams, which start with a special bit pattern.
#[cfg(not(target_family = "wasm"))]
fn brotli_is_bounded(mut packed: impl Read, expected: u64) -> Result<bool, ParquetError> {
    const LARGE_WINDOW: u8 = 0b001_0001;
    const BUFFER: usize = 4096;
    let mut first = [0];
    packed.read_exact(&mut first)?;
    let whole = first.as_slice().chain(packed);
    Ok(first[0] & 0x7f != LARGE_WINDOW
        && count(brotli::Decompressor::new(whole, BUFFER), expected) == Some(expected))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    fn bounded(compression: Compression, packed: Vec<u8>, expected: u64) -> bool {
        let length = packed.len() as u64;
        is_bounded(&bytes::Bytes::from(packed), compression, 0, length, expected).unwrap()
    }

    /// 64 MB of zeros in a few hundred kilobytes or less.
    const LONG: usize = 64 << 20;

    #[test]
    fn a_brotli_stream_that_goes_on_or_wants_a_large_window() {
        let mut packed = Vec::new();
        let zeros = vec![0; LONG];
        let mut parameters = brotli::enc::BrotliEncoderParams { quality: 1, ..Default::default() };
        brotli::BrotliCompress(&mut zeros.as_slice(), &mut packed, &parameters).unwrap();
        let brotli = Compression::BROTLI(parquet::basic::BrotliLevel::default());
        assert!(packed.len() < LONG / 100);
        assert!(bounded(brotli, packed.clone(), LONG as u64));
        assert!(!bounded(brotli, packed, 1000));
        (parameters.large_window, parameters.lgwin) = (true, 30);
        let mut large = Vec::new();
        brotli::BrotliCompress(&mut &zeros[..1000], &mut large, &parameters).unwrap();
        assert!(!bounded(brotli, large, 1000));
    }

    #[test]
    fn the_browser_is_told_who_converts() {
        for compression in [
            Compression::ZSTD(parquet::basic::ZstdLevel::default()),
            Compression::BROTLI(parquet::basic::BrotliLevel::default()),
            Compression::LZ4,
            Compression::LZ4_RAW,
        ] {
            assert!(unread(compression, true).is_some_and(|(_, advice)| advice.contains("pickscore merge")));
            assert_eq!(unread(compression, false), None);
        }
        assert_eq!(unread(Compression::SNAPPY, true), None);
        assert!(unread(Compression::LZO, false).is_some());
    }
}
