//! The chunks of a PNG file, up to the image data and after it.

use super::error::PngError;

/// A reader of chunks, with the contents of those read so far.
pub(super) struct Chunks<'a> {
    bytes: &'a [u8],
    /// Position after the content of the last chunk.
    at: usize,
    pub(super) size: (u32, u32),
    /// Bits of a sample and color type.
    pub(super) kind: Option<(u8, u8)>,
    unknown: Option<(u8, u8)>,
    pub(super) interlaced: bool,
    pub(super) palette: &'a [u8],
    /// Left, top, width and height of the first frame of an animation.
    pub(super) frame: Option<[u32; 4]>,
    sequence: Option<u32>,
    frames: Option<u32>,
    /// Whether the image data precede the animation.
    default_image: bool,
    /// The current chunk of image data.
    data: &'a [u8],
    /// Whether the last chunk of image data has been reached.
    ended: bool,
}

type Name = [u8; 4];

impl<'a> Chunks<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 8,
            size: (0, 0),
            kind: None,
            unknown: None,
            interlaced: false,
            palette: &[],
            frame: None,
            sequence: None,
            frames: None,
            default_image: false,
            data: &[],
            ended: false,
        }
    }

    /// The name and the claimed length of the chunk that begins here.
    fn head(&mut self) -> Result<(Name, usize), PngError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (&length, rest) = rest.split_first_chunk().ok_or(PngError::Truncated)?;
        let &name = rest.first_chunk().ok_or(PngError::Truncated)?;
        if !name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(PngError::Name { name });
        }
        self.at += 8;
        Ok((name, u32::from_be_bytes(length) as usize))
    }

    /// The content of a chunk, all of it.
    fn content(&mut self, length: usize) -> Result<&'a [u8], PngError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let content = rest.get(..length).ok_or(PngError::Truncated)?;
        self.at += length;
        Ok(content)
    }

    /// The part of a chunk of image data that the file contains.
    fn begin_data(&mut self, length: usize) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.data = rest.get(..length).unwrap_or(rest);
        self.at += self.data.len();
    }

    /// Reads chunks up to the image data.
    pub(super) fn before_data(&mut self) -> Result<(), PngError> {
        loop {
            let (name, length) = self.head()?;
            match &name {
                b"IDAT" => {
                    self.default_image = self.frame.is_none() && self.frames.is_some();
                    self.begin_data(length);
                    break;
                }
                b"fdAT" => {
                    self.frame_data(length)?;
                    break;
                }
                b"IEND" => return Err(PngError::NoData),
                _ => {}
            }
            let content = self.content(length)?;
            self.note(name, content)?;
            let sum = self.content(4)?.first_chunk().map_or(0, |&sum| u32::from_be_bytes(sum));
            let mut found = crc32fast::Hasher::new();
            found.update(&name);
            found.update(content);
            if found.finalize() != sum {
                return Err(PngError::Checksum { name });
            }
        }
        match self.kind {
            Some(_) => Ok(()),
            None => {
                let (bits, color) = self.unknown.unwrap_or_default();
                Err(PngError::Kind { bits, color })
            }
        }
    }

    /// The next piece of image data; empty when there is no more.
    pub(super) fn data(&mut self) -> Result<&'a [u8], PngError> {
        while self.data.is_empty() && !self.ended {
            let before = self.at;
            self.at += 4;
            let (name, length) = self.head()?;
            match &name {
                b"IDAT" | b"DDAT" => self.begin_data(length),
                b"fdAT" => self.frame_data(length)?,
                _ => {
                    self.at = before;
                    self.ended = true;
                }
            }
        }
        Ok(std::mem::take(&mut self.data))
    }

    fn frame_data(&mut self, length: usize) -> Result<(), PngError> {
        let rest = length.checked_sub(4).ok_or(PngError::Length { name: *b"fdAT", found: length })?;
        let number = self.content(4)?.first_chunk().map_or(0, |&number| u32::from_be_bytes(number));
        if self.sequence.and_then(|last| last.checked_add(1)) != Some(number) {
            return Err(PngError::Sequence);
        }
        self.sequence = Some(number);
        self.begin_data(rest);
        Ok(())
    }

    /// Reads chunks after the image data, up to the first one that is truncated or malformed.
    pub(super) fn after_data(&mut self) -> Result<(), PngError> {
        let animated = self.frames.map_or(1, |frames| frames.saturating_add(self.default_image.into())) > 1;
        loop {
            self.at += 4;
            let Ok((name, length)) = self.head() else { return Ok(()) };
            match &name {
                b"IEND" => return Ok(()),
                b"fcTL" if animated => return Ok(()),
                b"IDAT" => {
                    self.content(length)?;
                }
                b"fdAT" => {
                    self.frame_data(length)?;
                    if self.data.len() + 4 < length {
                        return Err(PngError::Truncated);
                    }
                }
                _ => {
                    let content = self.content(length)?;
                    self.note(name, content)?;
                }
            }
        }
    }

    /// Handles a chunk, and returns an error where Pillow does.
    fn note(&mut self, name: Name, content: &'a [u8]) -> Result<(), PngError> {
        let found = content.len();
        let wrong = PngError::Length { name, found };
        let at_least = |least: usize| if found < least { Err(wrong) } else { Ok(()) };
        match &name {
            b"IHDR" => {
                let Some(&[w0, w1, w2, w3, h0, h1, h2, h3, bits, color, _, filter, interlace]) =
                    content.first_chunk()
                else {
                    return Err(wrong);
                };
                self.size = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
                match (bits, color) {
                    (1 | 2 | 4 | 8 | 16, 0) | (8 | 16, 2 | 4 | 6) | (1 | 2 | 4 | 8, 3) => {
                        self.kind = Some((bits, color));
                    }
                    _ => self.unknown = Some((bits, color)),
                }
                self.interlaced |= interlace != 0;
                if filter != 0 {
                    return Err(PngError::Method { name });
                }
            }
            b"PLTE" if matches!(self.kind, Some((_, 3))) => self.palette = content,
            b"tRNS" => match self.kind {
                Some((_, 0)) => at_least(2)?,
                Some((_, 2)) => at_least(6)?,
                _ => {}
            },
            b"gAMA" => at_least(4)?,
            b"cHRM" => at_least(32)?,
            b"sRGB" => at_least(1)?,
            b"pHYs" => at_least(9)?,
            b"iCCP" => {
                let end = content.iter().position(|&byte| byte == 0).map_or(0, |at| at + 1);
                if *content.get(end).ok_or(wrong)? != 0 {
                    return Err(PngError::Method { name });
                }
            }
            b"zTXt" => {
                let mut rest = content.splitn(2, |&byte| byte == 0).skip(1);
                let method = rest.next().and_then(|rest| rest.first().copied());
                if method.unwrap_or(0) != 0 {
                    return Err(PngError::Method { name });
                }
            }
            b"acTL" => {
                at_least(8)?;
                let frames = content.first_chunk().map_or(0, |&count| u32::from_be_bytes(count));
                let possible = (1..=0x8000_0000).contains(&frames);
                self.frames = if self.frames.is_none() && possible { Some(frames) } else { None };
            }
            b"fcTL" => {
                at_least(26)?;
                let number = |at: usize| {
                    content
                        .get(at * 4..)
                        .and_then(|rest| rest.first_chunk())
                        .map_or(0, |&n| u32::from_be_bytes(n))
                };
                let expected = self.sequence.map_or(Some(0), |last| last.checked_add(1));
                if expected != Some(number(0)) {
                    return Err(PngError::Sequence);
                }
                self.sequence = Some(number(0));
                let [width, height, left, top] = [1, 2, 3, 4].map(number);
                let fits = |start: u32, length: u32, most: u32| {
                    start.checked_add(length).is_some_and(|end| end <= most)
                };
                if !fits(left, width, self.size.0) || !fits(top, height, self.size.1) {
                    return Err(PngError::Frame);
                }
                self.frame = Some([left, top, width, height]);
            }
            _ => {}
        }
        Ok(())
    }
}
