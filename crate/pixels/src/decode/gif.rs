//! GIF: the first frame on its canvas, as Pillow's `GifImagePlugin` and `GifDecode.c` read it.

use crate::{error::PixelError, format::Format, limits::Limits, mode::Mode, original::Original};

/// What is wrong with a GIF file. The wording continues "the image cannot be decoded as GIF: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum GifError {
    #[error("the file is truncated")]
    Truncated,
    #[error("it has no frame")]
    NoFrame,
    #[error("an extension is too short")]
    Extension,
    #[error("codes begin with {found} bits; expected at most 12")]
    CodeSize { found: u8 },
    #[error("the code {found} is not in the table")]
    Code { found: usize },
    #[error("the compressed data end before the frame is complete")]
    Short,
}

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Original, PixelError> {
    let wrong = |error| Format::Gif.damaged(error);
    let mut reader = Reader { bytes, at: 6 };
    let frame = Frame::read(&mut reader).map_err(wrong)?;
    let [left, top, across, down] = frame.place;
    // Pillow enlarges the canvas to fit the frame.
    let (width, height) = (frame.canvas.0.max(left + across), frame.canvas.1.max(top + down));
    limits.check(width as u64, height as u64)?;
    limits.check(across as u64, down as u64)?;
    let indexes = frame.indexes(&mut reader).map_err(wrong)?;
    let mut values = Vec::with_capacity(width * height * 3);
    // The canvas around the frame has the transparent color, which remains when alpha is dropped.
    let around = frame.color(frame.transparent.unwrap_or(0));
    for y in 0..height {
        let row =
            y.checked_sub(top).and_then(|y| indexes.get(y * across..(y + 1) * across)).unwrap_or_default();
        let (before, after) = if row.is_empty() { (width, 0) } else { (left, width - left - across) };
        values.extend(std::iter::repeat_n(around, before).flatten());
        values.extend(row.iter().flat_map(|&index| frame.color(index)));
        values.extend(std::iter::repeat_n(around, after).flatten());
    }
    let mode = if frame.palette.is_some() { Mode::Indexed } else { Mode::Rgb };
    Original::new(width, height, mode, values, limits)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, GifError> {
        let byte = *self.bytes.get(self.at).ok_or(GifError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], GifError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let &array = rest.first_chunk().ok_or(GifError::Truncated)?;
        self.at += N;
        Ok(array)
    }

    /// The next `count` bytes, or fewer at the end of the file.
    fn up_to(&mut self, count: usize) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    /// The next block of data; `None` after the last block or at the end of the file.
    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.byte().unwrap_or(0);
        (length > 0).then(|| self.up_to(length.into())).filter(|block| !block.is_empty())
    }

    /// A palette; `None` for ordered greys, which Pillow treats as no palette.
    fn palette(&mut self, flags: u8) -> Result<Option<Vec<[u8; 3]>>, GifError> {
        let bytes = self.up_to(6 << (flags & 7));
        let (colors, rest) = bytes.as_chunks::<3>();
        let is_grey = |(index, &color): (usize, &[u8; 3])| color == [index as u8; 3];
        if colors.iter().enumerate().all(is_grey) {
            return if rest.is_empty() { Ok(None) } else { Err(GifError::Truncated) };
        }
        Ok(Some(colors.to_vec()))
    }
}

struct Frame {
    canvas: (usize, usize),
    /// Left, top, width and height.
    place: [usize; 4],
    /// Colors; without a palette, an index is a grey level.
    palette: Option<Vec<[u8; 3]>>,
    transparent: Option<u8>,
    interlaced: bool,
    code_bits: u8,
}

impl Frame {
    /// Reads the file up to the data of the first frame.
    fn read(reader: &mut Reader<'_>) -> Result<Self, GifError> {
        let [w0, w1, h0, h1, flags, _background, _aspect] = reader.array()?;
        let number = |low, high| usize::from(u16::from_le_bytes([low, high]));
        let canvas = (number(w0, w1), number(h0, h1));
        let global = if flags & 0x80 != 0 { reader.palette(flags)? } else { None };
        let mut transparent = None;
        loop {
            match reader.byte().map_err(|_| GifError::NoFrame)? {
                b';' => return Err(GifError::NoFrame),
                b'!' => Self::extension(reader, &mut transparent)?,
                b',' => {
                    let [x0, x1, y0, y1, w0, w1, h0, h1, flags] = reader.array()?;
                    let local = if flags & 0x80 != 0 { Some(reader.palette(flags)?) } else { None };
                    return Ok(Self {
                        canvas,
                        place: [number(x0, x1), number(y0, y1), number(w0, w1), number(h0, h1)],
                        // A local palette that Pillow ignores leaves the global one in place.
                        palette: local.flatten().or(global),
                        transparent,
                        interlaced: flags & 0x40 != 0,
                        code_bits: reader.byte()?,
                    });
                }
                _ => {}
            }
        }
    }

    fn extension(reader: &mut Reader<'_>, transparent: &mut Option<u8>) -> Result<(), GifError> {
        let kind = reader.byte()?;
        let block = reader.block();
        match (kind, block) {
            (0xf9, Some(block)) => {
                if block.first().is_some_and(|flags| flags & 1 == 1) {
                    *transparent = Some(*block.get(3).ok_or(GifError::Extension)?);
                }
                if block.len() < 3 {
                    return Err(GifError::Extension);
                }
            }
            // An empty block ends the comment.
            (0xfe, None) => return Ok(()),
            (0xff, Some(block)) if block.starts_with(b"NETSCAPE2.0") => {
                reader.block();
            }
            _ => {}
        }
        while reader.block().is_some() {}
        Ok(())
    }

    fn color(&self, index: u8) -> [u8; 3] {
        match &self.palette {
            Some(colors) => colors.get(usize::from(index)).copied().unwrap_or_default(),
            None => [index; 3],
        }
    }

    /// Indexes of the frame, row by row.
    fn indexes(&self, reader: &mut Reader<'_>) -> Result<Vec<u8>, GifError> {
        let [_, _, width, height] = self.place;
        if self.code_bits > 12 {
            return Err(GifError::CodeSize { found: self.code_bits });
        }
        let mut rows = RowsInOrder::new(height, self.interlaced);
        let mut indexes = vec![0; width * height];
        let mut codes = Codes { reader, left: 0, buffer: 0, bits: 0 };
        let mut table = Table::new(self.code_bits);
        let mut string = Vec::with_capacity(TABLE);
        let mut start = rows.y * width;
        let mut x = 0;
        loop {
            let Some(()) = table.next(&mut codes, &mut string)? else { return Err(GifError::Short) };
            // The table yields strings in reverse.
            for &index in string.iter().rev() {
                if let Some(place) = indexes.get_mut(start + x) {
                    *place = index;
                }
                x += 1;
                if x == width {
                    x = 0;
                    if !rows.advance() {
                        return Ok(indexes);
                    }
                    start = rows.y * width;
                }
            }
        }
    }
}

/// The rows of a frame in the order in which they are stored.
struct RowsInOrder {
    y: usize,
    height: usize,
    step: usize,
    /// Remaining passes of an interlaced frame.
    passes: std::slice::Iter<'static, (usize, usize)>,
}

impl RowsInOrder {
    fn new(height: usize, interlaced: bool) -> Self {
        const PASSES: [(usize, usize); 3] = [(4, 8), (2, 4), (1, 2)];
        let passes = if interlaced { PASSES.iter() } else { [].iter() };
        Self { y: 0, height, step: if interlaced { 8 } else { 1 }, passes }
    }

    /// Advances to the next row; returns false after the last one.
    fn advance(&mut self) -> bool {
        self.y += self.step;
        while self.y >= self.height {
            let Some(&(first, step)) = self.passes.next() else { return false };
            (self.y, self.step) = (first, step);
        }
        true
    }
}

/// Reads codes from the blocks of data.
struct Codes<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// Remaining bytes of the block.
    left: u8,
    buffer: u32,
    bits: u32,
}

impl Codes<'_, '_> {
    fn next(&mut self, size: u32) -> Result<usize, GifError> {
        while self.bits < size {
            let byte = self.reader.byte()?;
            if self.left > 0 {
                self.buffer |= u32::from(byte) << self.bits;
                self.bits += 8;
                self.left -= 1;
            } else {
                // Pillow decodes whole blocks only.
                if self.reader.bytes.len() - self.reader.at < byte.into() {
                    return Err(GifError::Truncated);
                }
                self.left = byte;
            }
        }
        let code = self.buffer & ((1 << size) - 1);
        self.buffer >>= size;
        self.bits -= size;
        Ok(code as usize)
    }
}

/// Most codes in a table.
const TABLE: usize = 4096;

/// The table of strings.
struct Table {
    clear: usize,
    next: usize,
    size: u32,
    /// The last byte of each string, and the code of the string before it.
    strings: Vec<(u8, u16)>,
    /// The previous code and the first byte of its string; `None` after the table was cleared.
    last: Option<(usize, u8)>,
}

impl Table {
    fn new(bits: u8) -> Self {
        let clear = 1 << bits;
        Self { clear, next: clear + 2, size: u32::from(bits) + 1, strings: vec![(0, 0); TABLE], last: None }
    }

    /// Writes the next string in reverse; `None` at the end of the data.
    fn next(&mut self, codes: &mut Codes<'_, '_>, string: &mut Vec<u8>) -> Result<Option<()>, GifError> {
        string.clear();
        let code = loop {
            let code = codes.next(self.size)?;
            if code != self.clear {
                break code;
            }
            self.last = None;
            self.next = self.clear + 2;
            self.size = self.clear.trailing_zeros() + 1;
        };
        if code == self.clear + 1 {
            return Ok(None);
        }
        let wrong = GifError::Code { found: code };
        let Some((before, first)) = self.last else {
            if code > self.clear {
                return Err(wrong);
            }
            string.push(code as u8);
            self.last = Some((code, code as u8));
            return Ok(Some(()));
        };
        if code > self.next {
            return Err(wrong);
        }
        let mut part = code;
        if code == self.next {
            // The string that is being added: the previous one followed by its own first byte.
            string.push(first);
            part = before;
        }
        while part >= self.clear {
            let &(byte, link) = self.strings.get(part).filter(|_| string.len() < TABLE).ok_or(wrong)?;
            string.push(byte);
            part = link.into();
        }
        // Below `clear`, of which Pillow keeps a byte.
        let first = part as u8;
        string.push(first);
        if let Some(entry) = self.strings.get_mut(self.next) {
            // Codes have at most 12 bits here.
            *entry = (first, before as u16);
            if self.next == (1 << self.size) - 1 && self.size < 12 {
                self.size += 1;
            }
            self.next += 1;
        }
        self.last = Some((code, first));
        Ok(Some(()))
    }
}
