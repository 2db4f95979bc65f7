//! Reads pages with the deprecated codec LZ4, which stands for three formats.
//!
//! Hadoop's blocks (Spark, Hive) start with their unpacked size in big endian, followed by pieces
//! that each follow their packed size. Older programs wrote LZ4 frames, or raw LZ4 blocks
//! (fastparquet). The Parquet library only reads Hadoop blocks with a single piece.

use std::{io::Read, sync::Arc};

use bytes::Bytes;
use parquet::{
    basic::{Encoding, PageType},
    column::page::{Page, PageMetadata, PageReader},
    errors::{ParquetError, Result},
    file::reader::ChunkReader,
};

use crate::pages::{PageFault, PageHeader, header_at};

/// The pages of a column that [`crate::pages::check`] has checked.
pub(super) struct Lz4Pages<R> {
    pub(super) source: Arc<R>,
    pub(super) at: u64,
    pub(super) end: u64,
}

impl<R: ChunkReader> Lz4Pages<R> {
    /// The next page header, and the position and length of its bytes.
    fn header(&mut self) -> Result<Option<(PageHeader, u64, usize)>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let wrong = |fault: PageFault| ParquetError::External(fault.into());
        let (header, length) = header_at(&*self.source, self.at, self.end).map_err(wrong)?;
        let body = self.at + length;
        let packed = u64::try_from(header.compressed).ok().filter(|&packed| packed <= self.end - body);
        let packed = packed.ok_or_else(|| broken("is longer than its column"))?;
        self.at = body + packed;
        Ok(Some((header, body, packed as usize)))
    }
}

impl<R: ChunkReader> PageReader for Lz4Pages<R> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        loop {
            let Some((header, body, packed)) = self.header()? else { return Ok(None) };
            if header.kind == PageHeader::INDEX {
                continue;
            }
            let bytes = self.source.get_bytes(body, packed)?;
            return page(&header, bytes).map(Some);
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        let at = self.at;
        let header = self.header()?;
        self.at = at;
        Ok(header.map(|(header, ..)| PageMetadata {
            num_rows: None,
            num_levels: usize::try_from(header.values).ok(),
            is_dict: header.kind == i64::from(PageType::DICTIONARY_PAGE as i32),
        }))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.header().map(drop)
    }
}

impl<R: ChunkReader> Iterator for Lz4Pages<R> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

fn broken(what: &str) -> ParquetError {
    ParquetError::General(format!("a page in LZ4 {what}"))
}

/// A page from its header and bytes.
fn page(header: &PageHeader, bytes: Bytes) -> Result<Page> {
    let number = |value: i64| u32::try_from(value).map_err(|_| broken("has an invalid header"));
    let encoding = |value: i64| {
        i32::try_from(value).ok().and_then(encoding_of).ok_or_else(|| broken("has an unknown encoding"))
    };
    let (num_values, whole) = (number(header.values)?, number(header.uncompressed)? as usize);
    let levels = if header.kind == PageHeader::DATA_2 { header.levels } else { 0 };
    let levels = number(levels)? as usize;
    let (before, packed) = bytes.split_at_checked(levels).ok_or_else(|| broken("ends within its levels"))?;
    let expected = whole.checked_sub(levels).ok_or_else(|| broken("has an invalid header"))?;
    let buf = if header.packed && expected > 0 {
        let unpacked = unpack(packed, expected).ok_or_else(|| broken("does not unpack to what it claims"))?;
        [before, &unpacked].concat().into()
    } else {
        bytes.clone()
    };
    Ok(match header.kind {
        PageHeader::DICTIONARY => {
            Page::DictionaryPage { buf, num_values, encoding: encoding(header.encoding)?, is_sorted: false }
        }
        PageHeader::DATA => Page::DataPage {
            buf,
            num_values,
            encoding: encoding(header.encoding)?,
            // Levels in other encodings are not read. A column that cannot be null has none.
            def_level_encoding: if header.level_encoding == 3 { Encoding::RLE } else { Encoding::PLAIN },
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        },
        _ => Page::DataPageV2 {
            buf,
            num_values,
            encoding: encoding(header.encoding)?,
            num_nulls: number(header.nulls)?,
            num_rows: num_values,
            def_levels_byte_len: number(header.definition_levels)?,
            rep_levels_byte_len: number(header.levels.saturating_sub(header.definition_levels))?,
            is_compressed: false,
            statistics: None,
        },
    })
}

/// The encoding with this number in Parquet.
fn encoding_of(number: i32) -> Option<Encoding> {
    Some(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return None,
    })
}

/// Unpacks a page of `expected` bytes in any of the three formats.
fn unpack(packed: &[u8], expected: usize) -> Option<Vec<u8>> {
    blocks(packed, expected).or_else(|| frames(packed, expected)).or_else(|| {
        let mut whole = vec![0; expected];
        let found = lz4_flex::block::decompress_into(packed, &mut whole).ok()?;
        (found == expected).then_some(whole)
    })
}

/// Unpacks Hadoop's blocks.
fn blocks(mut packed: &[u8], expected: usize) -> Option<Vec<u8>> {
    let mut whole = vec![0; expected];
    let mut done = 0_usize;
    while !packed.is_empty() {
        let block = size(&mut packed)?;
        let end = done.checked_add(block).filter(|&end| end <= expected)?;
        while done < end {
            let length = size(&mut packed)?;
            let (piece, rest) = packed.split_at_checked(length)?;
            packed = rest;
            let found = lz4_flex::block::decompress_into(piece, whole.get_mut(done..end)?).ok()?;
            (found > 0).then_some(())?;
            done += found;
        }
    }
    (done == expected).then_some(whole)
}

/// Reads a size in big endian.
fn size(packed: &mut &[u8]) -> Option<usize> {
    let (size, rest) = packed.split_first_chunk::<4>()?;
    *packed = rest;
    Some(u32::from_be_bytes(*size) as usize)
}

/// Unpacks LZ4 frames, at most one byte more than expected.
fn frames(packed: &[u8], expected: usize) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    let stream = lz4_flex::frame::FrameDecoder::new(packed);
    stream.take(expected as u64 + 1).read_to_end(&mut whole).ok()?;
    (whole.len() == expected).then_some(whole)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::io;

    use super::*;

    fn text() -> Vec<u8> {
        (0..3000_u32).flat_map(|at| (at * at % 251).to_le_bytes()).collect()
    }

    /// A block of these pieces, as Hadoop writes it.
    fn block(pieces: &[&[u8]]) -> Vec<u8> {
        let whole: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut bytes = (whole as u32).to_be_bytes().to_vec();
        for piece in pieces {
            let packed = lz4_flex::block::compress(piece);
            bytes.extend((packed.len() as u32).to_be_bytes());
            bytes.extend(packed);
        }
        bytes
    }

    #[test]
    fn all_three_kinds_are_read() {
        let text = text();
        let (first, rest) = text.split_at(7000);
        let (second, third) = rest.split_at(4000);
        let one = block(&[&text]);
        let several = [block(&[first]), block(&[second]), block(&[third])].concat();
        let pieces = [block(&[first, second]), block(&[third])].concat();
        let mut frames = lz4_flex::frame::FrameEncoder::new(Vec::new());
        io::copy(&mut text.as_slice(), &mut frames).unwrap();
        let raw = lz4_flex::block::compress(&text);
        for packed in [one, several, pieces, frames.finish().unwrap(), raw] {
            assert_eq!(unpack(&packed, text.len()).as_ref(), Some(&text));
            assert_eq!(unpack(&packed, text.len() - 1), None);
            assert_eq!(unpack(&packed, text.len() + 1), None);
            assert_eq!(unpack(&packed[..packed.len() / 2], text.len()), None);
        }
    }

    #[test]
    fn a_stream_of_frames_that_goes_on_is_not_followed() {
        const LONG: u64 = 64 << 20;
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        io::copy(&mut io::repeat(0).take(LONG), &mut encoder).unwrap();
        let packed = encoder.finish().unwrap();
        assert!((packed.len() as u64) < LONG / 100);
        assert_eq!(unpack(&packed, 1000), None);
        assert_eq!(frames(&packed, LONG as usize).map(|whole| whole.len() as u64), Some(LONG));
    }

    #[test]
    fn blocks_of_nothing_end() {
        // An empty block, an empty piece, a block that is longer than the page.
        assert_eq!(blocks(&[0; 8], 0), Some(Vec::new()));
        assert_eq!(blocks(&[0, 0, 0, 5, 0, 0, 0, 0], 5), None);
        assert_eq!(blocks(&[0xff; 12], 5), None);
    }
}
