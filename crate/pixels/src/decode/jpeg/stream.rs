//! Bytes, bits and markers of a JPEG file, as libjpeg's `jdmarker.c` and `jdhuff.c` read them.

use super::error::JpegError;

/// Number of bits that a refill aims for; libjpeg's `MIN_GET_BITS`. If the end marker is missing,
/// this decides whether the last block still decodes.
const REFILL: u32 = 57;

/// The content of a segment. The file may end before the segment's stated length.
pub(super) struct Segment<'a> {
    marker: u8,
    length: usize,
    /// Remaining bytes according to the length.
    left: usize,
    rest: &'a [u8],
}

impl<'a> Segment<'a> {
    /// The error for a length that does not match the content.
    pub(super) fn wrong(&self) -> JpegError {
        JpegError::SegmentLength { marker: self.marker, found: self.length }
    }

    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// The next bytes. A wrong length takes precedence over the end of the file.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], JpegError> {
        self.left = self.left.checked_sub(count).ok_or(self.wrong())?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(JpegError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], JpegError> {
        self.take(N)?.first_chunk().copied().ok_or(JpegError::Truncated)
    }

    pub(super) fn end(&self) -> Result<(), JpegError> {
        if self.left == 0 && self.length >= 2 { Ok(()) } else { Err(self.wrong()) }
    }
}

/// A position in the file, with a buffer of unused bits.
pub(super) struct Stream<'a> {
    bytes: &'a [u8],
    at: usize,
    /// A marker that was read but not yet handled; 0 if there is none.
    pub(super) marker: u8,
    buffer: u64,
    bits: u32,
    /// Whether a marker came before the data were complete; from there on, bits are zeros.
    pub(super) insufficient: bool,
    next_restart: u8,
}

impl<'a> Stream<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, marker: 0, buffer: 0, bits: 0, insufficient: false, next_restart: 0 }
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, JpegError> {
        let byte = *self.bytes.get(self.at).ok_or(JpegError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn word(&mut self) -> Result<u16, JpegError> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// The next `count` bytes.
    pub(super) fn take_bytes(&mut self, count: usize) -> Result<&'a [u8], JpegError> {
        let end = self.at + count;
        let taken = self.bytes.get(self.at..end).ok_or(JpegError::Truncated)?;
        self.at = end;
        Ok(taken)
    }

    /// The segment at this position.
    pub(super) fn segment(&mut self) -> Result<Segment<'a>, JpegError> {
        let length = usize::from(self.word()?);
        let left = length.saturating_sub(2);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += left;
        Ok(Segment { marker: self.marker, length, left, rest: rest.get(..left).unwrap_or(rest) })
    }

    /// Skips a segment whose length may be invalid.
    pub(super) fn skip_segment(&mut self) -> Result<(), JpegError> {
        let length = usize::from(self.word()?);
        self.at += length.saturating_sub(2);
        if self.at > self.bytes.len() { Err(JpegError::Truncated) } else { Ok(()) }
    }

    /// Reads up to the next marker, skipping everything in between.
    pub(super) fn next_marker(&mut self) -> Result<(), JpegError> {
        loop {
            while self.byte()? != 0xff {}
            let mut code = self.byte()?;
            while code == 0xff {
                code = self.byte()?;
            }
            if code != 0 {
                self.marker = code;
                return Ok(());
            }
        }
    }

    /// Starts the data of a scan.
    pub(super) fn begin_scan(&mut self) {
        self.buffer = 0;
        self.bits = 0;
        self.insufficient = false;
        self.next_restart = 0;
    }

    /// Skips the expected restart marker, or the one that a damaged file has instead.
    pub(super) fn restart(&mut self) -> Result<(), JpegError> {
        self.bits = 0;
        if self.marker == 0 {
            self.next_marker()?;
        }
        if self.marker == 0xd0 + self.next_restart {
            self.marker = 0;
        } else {
            self.resynchronise()?;
        }
        self.next_restart = (self.next_restart + 1) & 7;
        if self.marker == 0 {
            self.insufficient = false;
        }
        Ok(())
    }

    /// libjpeg's `jpeg_resync_to_restart`.
    fn resynchronise(&mut self) -> Result<(), JpegError> {
        loop {
            let ahead = self.marker.wrapping_sub(0xd0).wrapping_sub(self.next_restart) & 7;
            match self.marker {
                0..0xc0 => self.next_marker()?,
                0xd0..=0xd7 if ahead == 1 || ahead == 2 => return Ok(()),
                0xd0..=0xd7 if ahead == 6 || ahead == 7 => self.next_marker()?,
                0xd0..=0xd7 => {
                    self.marker = 0;
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    }

    /// Refills the buffer; at a marker, pads it with zeros to `wanted` bits.
    fn refill(&mut self, wanted: u32) -> Result<(), JpegError> {
        // Eight bytes at once if none of them is 0xFF.
        if self.marker == 0
            && let Some(&eight) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>)
        {
            let word = u64::from_be_bytes(eight);
            let inverted = !word;
            let has_zero = inverted.wrapping_sub(0x0101_0101_0101_0101) & !inverted & 0x8080_8080_8080_8080;
            if has_zero == 0 {
                let count = (64 - self.bits) / 8;
                self.buffer =
                    if count == 8 { word } else { self.buffer << (8 * count) | word >> (64 - 8 * count) };
                self.bits += 8 * count;
                self.at += count as usize;
                return Ok(());
            }
        }
        while self.bits < REFILL {
            if self.marker == 0 {
                let mut byte = self.byte()?;
                if byte == 0xff {
                    let mut code = self.byte()?;
                    while code == 0xff {
                        code = self.byte()?;
                    }
                    if code != 0 {
                        self.marker = code;
                        continue;
                    }
                    byte = 0xff;
                }
                self.buffer = self.buffer << 8 | u64::from(byte);
                self.bits += 8;
            } else {
                if wanted > self.bits {
                    self.insufficient = true;
                    self.buffer <<= REFILL - self.bits;
                    self.bits = REFILL;
                }
                break;
            }
        }
        Ok(())
    }

    /// The next `count` bits; at most 16.
    #[inline]
    pub(super) fn bits(&mut self, count: u32) -> Result<u32, JpegError> {
        if self.bits < count {
            self.refill(count)?;
        }
        self.bits -= count;
        Ok((self.buffer >> self.bits) as u32 & ((1 << count) - 1))
    }

    /// The next eight bits without consuming them, if there are as many before a marker.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>, JpegError> {
        if self.bits < 8 {
            self.refill(0)?;
            if self.bits < 8 {
                return Ok(None);
            }
        }
        Ok(Some((self.buffer >> (self.bits - 8)) as u8))
    }

    /// Consumes bits that [`Stream::peek`] returned.
    #[inline]
    pub(super) fn take(&mut self, count: u32) {
        self.bits = self.bits.saturating_sub(count);
    }

    /// `count` bits as a signed value (T.81, figure F.12).
    #[inline]
    pub(super) fn signed(&mut self, count: u32) -> Result<i32, JpegError> {
        let value = self.bits(count)? as i32;
        Ok(if count > 0 && value < 1 << (count - 1) { value - (1 << count) + 1 } else { value })
    }

    /// The next byte of arithmetically coded data: zeros from a marker on.
    pub(super) fn arithmetic_byte(&mut self) -> Result<u8, JpegError> {
        if self.marker != 0 {
            return Ok(0);
        }
        let byte = self.byte()?;
        if byte != 0xff {
            return Ok(byte);
        }
        let mut code = self.byte()?;
        while code == 0xff {
            code = self.byte()?;
        }
        if code == 0 {
            return Ok(0xff);
        }
        self.marker = code;
        Ok(0)
    }
}
