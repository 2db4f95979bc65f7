//! Decompression of strips and tiles, as in libtiff: each must yield exactly the expected number of
//! bytes.

use super::error::TiffError;

/// How strips and tiles are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Jpeg,
}

impl Compression {
    pub(super) fn of(tag: u64) -> Result<Self, TiffError> {
        let name = match tag {
            1 => return Ok(Self::None),
            5 => return Ok(Self::Lzw),
            7 => return Ok(Self::Jpeg),
            8 | 32_946 => return Ok(Self::Deflate),
            32_773 => return Ok(Self::PackBits),
            2..=4 => "fax compression (CCITT)",
            6 => "the old kind of JPEG compression",
            32_771 => "compression of 16-bit words (CCITT RLE/W)",
            32_809 => "ThunderScan compression",
            34_676 | 34_677 => "SGI LogLuv compression",
            34_925 => "LZMA compression",
            50_000 => "Zstandard compression",
            50_001 => "WebP compression",
            found => return Err(TiffError::Compression { found }),
        };
        Err(TiffError::Unsupported { name })
    }

    /// Unpacks data into all of `output`.
    pub(super) fn unpack(self, data: &[u8], output: &mut [u8]) -> Result<(), TiffError> {
        let expected = output.len();
        let found = match self {
            Self::None | Self::Jpeg => {
                let found = data.len().min(expected);
                output[..found].copy_from_slice(&data[..found]);
                found
            }
            Self::Lzw => lzw(data, output)?,
            Self::Deflate => deflate(data, output).ok_or(TiffError::Compressed { found: 0, expected })?,
            Self::PackBits => pack_bits(data, output),
        };
        if found == expected { Ok(()) } else { Err(TiffError::Compressed { found, expected }) }
    }
}

fn lzw(data: &[u8], output: &mut [u8]) -> Result<usize, TiffError> {
    // The first code of a strip is 256: nine bits, most significant first or, in old files, least.
    if let &[0, second, ..] = data
        && second & 1 == 1
    {
        return Err(TiffError::Unsupported { name: "the old kind of LZW compression" });
    }
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let (mut read, mut written) = (0, 0);
    while written < output.len() {
        let result = decoder.decode_bytes(&data[read..], &mut output[written..]);
        read += result.consumed_in;
        written += result.consumed_out;
        match result.status {
            Ok(weezl::LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
            _ => break,
        }
    }
    Ok(written)
}

/// The number of unpacked bytes; `None` if the data or their checksum are wrong.
fn deflate(data: &[u8], output: &mut [u8]) -> Option<usize> {
    let mut decoder = fdeflate::Decompressor::new();
    let (mut read, mut written) = (0, 0);
    // Once more after the last byte, for the checksum.
    while !decoder.is_done() {
        let rest = data.get(read..).unwrap_or_default();
        let (consumed, produced) = decoder.read(rest, output, written, true).ok()?;
        read += consumed;
        written += produced;
        if consumed + produced == 0 {
            break;
        }
    }
    Some(written)
}

fn pack_bits(mut data: &[u8], output: &mut [u8]) -> usize {
    let mut written = 0;
    while written < output.len() {
        let Some((&control, rest)) = data.split_first() else { break };
        data = rest;
        let free = output.len() - written;
        match control {
            128 => {}
            0..=127 => {
                // libtiff drops excess bytes.
                let count = (usize::from(control) + 1).min(free);
                let Some((literal, rest)) = data.split_at_checked(count) else { break };
                output[written..written + count].copy_from_slice(literal);
                written += count;
                data = rest;
            }
            _ => {
                let count = (257 - usize::from(control)).min(free);
                let Some((&value, rest)) = data.split_first() else { break };
                output[written..written + count].fill(value);
                written += count;
                data = rest;
            }
        }
    }
    written
}

/// Undoes the horizontal predictor in rows of `row` bytes, by adding up the samples of each
/// channel. Samples of 16 and 32 bits are in native byte order.
pub(super) fn accumulate(data: &mut [u8], row: usize, samples: usize, bits: u32) {
    for row in data.chunks_exact_mut(row.max(1)) {
        match bits {
            8 => add(row, samples, u8::from_ne_bytes, u8::wrapping_add, u8::to_ne_bytes),
            16 => add(row, samples, u16::from_ne_bytes, u16::wrapping_add, u16::to_ne_bytes),
            _ => add(row, samples, u32::from_ne_bytes, u32::wrapping_add, u32::to_ne_bytes),
        }
    }
}

#[inline(always)]
fn add<T: Copy, const SIZE: usize>(
    row: &mut [u8],
    samples: usize,
    from: impl Fn([u8; SIZE]) -> T,
    plus: impl Fn(T, T) -> T,
    to: impl Fn(T) -> [u8; SIZE],
) {
    let (row, _) = row.as_chunks_mut::<SIZE>();
    for at in samples..row.len() {
        row[at] = to(plus(from(row[at]), from(row[at - samples])));
    }
}
