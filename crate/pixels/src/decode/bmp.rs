//! BMP, as Pillow's `BmpImagePlugin` reads it: every header from OS/2's to version 5, palettes,
//! 16 to 32 bits with or without masks, RLE.

use crate::{
    error::PixelError,
    format::Format,
    limits::Limits,
    mode::{Keep, Mode},
    original::Original,
};

/// What is wrong with a BMP file. The wording continues "the image cannot be decoded as BMP: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum BmpError {
    #[error("the file is truncated")]
    Truncated,
    #[error("a header of {found} bytes is not supported")]
    Header { found: u32 },
    #[error("{found} bits a pixel are not supported")]
    Bits { found: u16 },
    #[error("compression {found} is not supported")]
    Compression { found: u32 },
    #[error("the channel masks {masks:08x?} are not supported")]
    Masks { masks: [u32; 4] },
    #[error("the palette has {found} colors; expected at most 256")]
    Palette { found: u32 },
    #[error("the compressed data end before the image is complete")]
    ShortRle,
    #[error("a row has more pixels than bits")]
    Row,
}

pub(super) fn decode(bytes: &[u8], limits: &Limits, keep: Keep) -> Result<Original, PixelError> {
    let wrong = |error| Format::Bmp.damaged(error);
    let header = Header::read(bytes).map_err(wrong)?;
    limits.check(header.width.into(), header.height.into())?;
    // Cannot truncate: `limits` has been checked.
    let (width, height) = (header.width as usize, header.height as usize);
    let mode = header.layout.mode(keep);
    let values = header.pixels(bytes, (width, height), mode.bytes()).map_err(wrong)?;
    Original::new(width, height, mode, values, limits)
}

const RLE8: u32 = 1;
const RLE4: u32 = 2;
const BITFIELDS: u32 = 3;

struct Header {
    width: u32,
    height: u32,
    top_down: bool,
    bits: u16,
    compression: u32,
    /// Offset of the pixels.
    offset: usize,
    layout: Layout,
}

/// Bits per index, the colors, and whether they are grey levels, which are resized as such.
type Palette = (usize, Vec<[u8; 3]>, bool);

/// How a pixel is stored.
enum Layout {
    /// An index of `bits` bits.
    Palette { bits: usize, colors: Vec<[u8; 3]>, levels: bool },
    /// 16 bits a pixel, with `green` bits of green.
    Bits { green: u32 },
    /// Positions of red, green, blue and alpha among `size` bytes.
    Bytes { size: usize, channels: [usize; 3], alpha: Option<usize> },
}

/// Reads little-endian numbers at a position.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn word(&self, at: usize) -> Result<u16, BmpError> {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map(|&bytes| u16::from_le_bytes(bytes)).ok_or(BmpError::Truncated)
    }

    fn long(&self, at: usize) -> Result<u32, BmpError> {
        let bytes = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map(|&bytes| u32::from_le_bytes(bytes)).ok_or(BmpError::Truncated)
    }
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, BmpError> {
        let from = Reader { bytes };
        let mut offset = from.long(10)? as usize;
        let size = from.long(14)?;
        let end = 14 + size as usize;
        if size == 12 {
            let (width, height, bits) = (from.word(18)?, from.word(20)?, from.word(24)?);
            let (colors, after) = palette(bytes, end, bits, 0, 3, &mut offset)?;
            let layout = layout(bits, 0, None, colors)?;
            let offset = if offset == 0 { after } else { offset };
            let (width, height) = (width.into(), height.into());
            return Ok(Self { width, height, top_down: false, bits, compression: 0, offset, layout });
        }
        if !matches!(size, 40 | 52 | 56 | 64 | 108 | 124) {
            return Err(BmpError::Header { found: size });
        }
        if bytes.len() < end {
            return Err(BmpError::Truncated);
        }
        // Pillow's test for rows stored from the top down.
        let top_down = bytes.get(25) == Some(&0xff);
        let height = from.long(22)?;
        let height = if top_down { height.wrapping_neg() } else { height };
        let (bits, compression) = (from.word(28)?, from.long(30)?);
        let mut masks = None;
        let mut end = end;
        if compression == BITFIELDS {
            // The masks follow the shortest header; longer headers include them.
            let alpha = if size >= 56 { from.long(66)? } else { 0 };
            masks = Some([from.long(54)?, from.long(58)?, from.long(62)?, alpha]);
            if size == 40 {
                end += 12;
            }
        }
        let header_end = 14 + size as usize;
        let count = from.long(46)?;
        let first = if offset == header_end { Some(header_end) } else { None };
        let (colors, after) = palette_at(bytes, end, first, bits, count, 4, &mut offset)?;
        let layout = layout(bits, compression, masks, colors)?;
        let offset = if offset == 0 { after } else { offset };
        Ok(Self { width: from.long(18)?, height, top_down, bits, compression, offset, layout })
    }

    fn pixels(
        &self,
        bytes: &[u8],
        (width, height): (usize, usize),
        bytes_each: usize,
    ) -> Result<Vec<u8>, BmpError> {
        let data = bytes.get(self.offset..).ok_or(BmpError::Truncated)?;
        let mut values = vec![0; width * height * bytes_each];
        let indexes;
        let (data, stride, layout) = match (&self.layout, self.compression) {
            (Layout::Palette { colors, levels, .. }, RLE8 | RLE4) => {
                indexes = unpack(data, self.offset, (width, height), self.compression == RLE4)?;
                (&*indexes, width, &Layout::Palette { bits: 8, colors: colors.clone(), levels: *levels })
            }
            (layout, _) => (data, (width * usize::from(self.bits)).div_ceil(32) * 4, layout),
        };
        let row_bytes = match layout {
            Layout::Palette { bits, .. } => (width * bits).div_ceil(8),
            Layout::Bits { .. } => width * 2,
            Layout::Bytes { size, .. } => width * size,
        };
        if row_bytes > stride {
            return Err(BmpError::Row);
        }
        for (y, output) in values.chunks_exact_mut(width * bytes_each).enumerate() {
            let y = if self.top_down { y } else { height - 1 - y };
            let row = data.get(y * stride..y * stride + row_bytes).ok_or(BmpError::Truncated)?;
            layout.convert(row, output, bytes_each);
        }
        Ok(values)
    }
}

impl Layout {
    fn mode(&self, keep: Keep) -> Mode {
        match (self, keep) {
            (Self::Palette { levels: false, .. }, _) => Mode::Indexed,
            (Self::Bytes { alpha: Some(_), .. }, Keep::Mode) => Mode::Rgba,
            _ => Mode::Rgb,
        }
    }

    /// Converts a row to RGB, or to RGB and alpha in four bytes.
    fn convert(&self, row: &[u8], output: &mut [u8], bytes_each: usize) {
        if let (Self::Bytes { size, channels: [red, green, blue], alpha: Some(alpha) }, 4) =
            (self, bytes_each)
        {
            for (pixel, bytes) in output.as_chunks_mut::<4>().0.iter_mut().zip(row.chunks_exact(*size)) {
                *pixel = [red, green, blue, alpha].map(|&channel| bytes.get(channel).copied().unwrap_or(0));
            }
            return;
        }
        let (pixels, _) = output.as_chunks_mut::<3>();
        match self {
            Self::Palette { bits, colors, .. } => {
                for (x, pixel) in pixels.iter_mut().enumerate() {
                    let at = x * bits;
                    let byte = usize::from(row.get(at / 8).copied().unwrap_or(0));
                    let index = (byte >> (8 - bits - at % 8)) & ((1 << bits) - 1);
                    *pixel = colors.get(index).copied().unwrap_or_default();
                }
            }
            &Self::Bits { green } => {
                for (pixel, &two) in pixels.iter_mut().zip(row.as_chunks().0) {
                    let value = u32::from(u16::from_le_bytes(two));
                    let most = (1 << green) - 1;
                    let level = |shift: u32, most: u32| ((value >> shift & most) * 255 / most) as u8;
                    *pixel = [level(5 + green, 31), level(5, most), level(0, 31)];
                }
            }
            Self::Bytes { size, channels, .. } => {
                for (pixel, bytes) in pixels.iter_mut().zip(row.chunks_exact(*size)) {
                    *pixel = channels.map(|channel| bytes.get(channel).copied().unwrap_or(0));
                }
            }
        }
    }
}

fn layout(
    bits: u16,
    compression: u32,
    masks: Option<[u32; 4]>,
    palette: Option<Palette>,
) -> Result<Layout, BmpError> {
    if let Some(masks) = masks {
        let [red, green, blue, _] = masks;
        return Ok(match (bits, masks) {
            (32, [0, 0, 0, 0]) => Layout::Bytes { size: 4, channels: [2, 1, 0], alpha: Some(3) },
            (32, [0xff_0000, 0xff00, 0xff, alpha @ (0 | 0xff00_0000)]) => {
                Layout::Bytes { size: 4, channels: [2, 1, 0], alpha: (alpha != 0).then_some(3) }
            }
            (32, [0xff00_0000, 0xff_0000, 0xff00, alpha @ (0 | 0xff)]) => {
                Layout::Bytes { size: 4, channels: [3, 2, 1], alpha: (alpha != 0).then_some(0) }
            }
            (32, [0xff00_0000, 0xff00, 0xff, alpha @ (0 | 0xff_0000)]) => {
                Layout::Bytes { size: 4, channels: [3, 1, 0], alpha: (alpha != 0).then_some(2) }
            }
            (32, [0xff, 0xff00, 0xff_0000, 0xff00_0000]) => {
                Layout::Bytes { size: 4, channels: [0, 1, 2], alpha: Some(3) }
            }
            (24, _) if [red, green, blue] == [0xff_0000, 0xff00, 0xff] => {
                Layout::Bytes { size: 3, channels: [2, 1, 0], alpha: None }
            }
            (16, _) if [red, green, blue] == [0xf800, 0x7e0, 0x1f] => Layout::Bits { green: 6 },
            (16, _) if [red, green, blue] == [0x7c00, 0x3e0, 0x1f] => Layout::Bits { green: 5 },
            _ => return Err(BmpError::Masks { masks }),
        });
    }
    if compression > RLE4 {
        return Err(BmpError::Compression { found: compression });
    }
    match (bits, palette) {
        (1 | 4 | 8, Some((bits, colors, levels))) => Ok(Layout::Palette { bits, colors, levels }),
        (16 | 24 | 32, _) if compression != 0 => Err(BmpError::Compression { found: compression }),
        (16, _) => Ok(Layout::Bits { green: 5 }),
        (24, _) => Ok(Layout::Bytes { size: 3, channels: [2, 1, 0], alpha: None }),
        (32, _) => Ok(Layout::Bytes { size: 4, channels: [2, 1, 0], alpha: None }),
        _ => Err(BmpError::Bits { found: bits }),
    }
}

/// The palette that follows OS/2's short header.
fn palette(
    bytes: &[u8],
    end: usize,
    bits: u16,
    count: u32,
    size: usize,
    offset: &mut usize,
) -> Result<(Option<Palette>, usize), BmpError> {
    let first = (*offset == end).then_some(end);
    palette_at(bytes, end, first, bits, count, size, offset)
}

/// Bits per index and the colors, for pixels of up to 8 bits, and where the palette ends. Pillow
/// skips the palette if the pixels start directly after the header (`behind`).
fn palette_at(
    bytes: &[u8],
    start: usize,
    behind: Option<usize>,
    bits: u16,
    count: u32,
    size: usize,
    offset: &mut usize,
) -> Result<(Option<Palette>, usize), BmpError> {
    if !matches!(bits, 1 | 4 | 8) {
        return Ok((None, start));
    }
    let count = if count == 0 { 1 << bits } else { count };
    if count > 65_536 {
        return Err(BmpError::Palette { found: count });
    }
    let length = size * count as usize;
    if behind.is_some() {
        *offset += length;
    }
    let entries = bytes.get(start..).unwrap_or_default();
    let entries = entries.get(..length).unwrap_or(entries);
    let end = start + entries.len();
    let color = |entry: &[u8]| entry.first_chunk::<3>().map(|&[blue, green, red]| [red, green, blue]);
    // Pillow treats an ordered grey palette as no palette: it reads grey levels, or single bits.
    let grey = |index: u32| {
        if count == 2 { [0, 255].get(index as usize).copied().unwrap_or(0) } else { index as u8 }
    };
    let is_grey = (0..count).all(|index| {
        let entry = entries.get(index as usize * size..).and_then(color);
        entry == Some([grey(index); 3])
    });
    if is_grey {
        let single = count <= 2;
        let levels =
            if single { vec![[0; 3], [255; 3]] } else { (0..=255).map(|level| [level; 3]).collect() };
        return Ok((Some((if single { 1 } else { 8 }, levels, !single)), end));
    }
    if entries.len() / size > 256 {
        return Err(BmpError::Palette { found: count });
    }
    let colors = entries.chunks_exact(size).filter_map(color).collect();
    Ok((Some((bits.into(), colors, false)), end))
}

/// Expands run lengths to one index a byte, from the bottom up: Pillow's `BmpRleDecoder`.
fn unpack(
    data: &[u8],
    offset: usize,
    (width, height): (usize, usize),
    nibbles: bool,
) -> Result<Vec<u8>, BmpError> {
    let length = width * height;
    let mut indexes = Vec::with_capacity(length);
    let (mut at, mut x) = (0, 0);
    while indexes.len() < length {
        let Some(&[count, value]) = data.get(at..).and_then(<[u8]>::first_chunk) else { break };
        at += 2;
        match (count, value) {
            (0, 0) => {
                indexes.resize(indexes.len().next_multiple_of(width), 0);
                x = 0;
            }
            (0, 1) => break,
            (0, 2) => {
                let Some(&[right, up]) = data.get(at..).and_then(<[u8]>::first_chunk) else { break };
                at += 2;
                let skip = usize::from(right) + usize::from(up) * width;
                indexes.resize((indexes.len() + skip).min(length), 0);
                x = indexes.len() % width;
            }
            (0, count) => {
                let pixels = usize::from(count).min(length - indexes.len());
                let wanted = if nibbles { pixels.div_ceil(2) } else { pixels };
                let rest = data.get(at..).unwrap_or_default();
                let literal = rest.get(..wanted).unwrap_or(rest);
                at += literal.len();
                for (index, &byte) in literal.iter().enumerate() {
                    if nibbles {
                        indexes.push(byte >> 4);
                        if index * 2 + 1 < pixels {
                            indexes.push(byte & 15);
                        }
                    } else {
                        indexes.push(byte);
                    }
                }
                if literal.len() < wanted || indexes.len() == length {
                    break;
                }
                x += usize::from(count);
                // Runs are padded to an even position in the file.
                at += (offset + at) % 2;
            }
            (count, value) => {
                let count = usize::from(count).min(width.saturating_sub(x));
                let pair = if nibbles { [value >> 4, value & 15] } else { [value; 2] };
                indexes.extend(pair.iter().cycle().take(count));
                x += count;
            }
        }
    }
    indexes.truncate(length);
    if indexes.len() < length { Err(BmpError::ShortRle) } else { Ok(indexes) }
}
