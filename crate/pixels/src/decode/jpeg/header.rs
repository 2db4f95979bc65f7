//! Segments before and between scans, as libjpeg's `jdmarker.c` reads them.

use super::{
    JpegError,
    huffman::Specification,
    stream::Stream,
};

/// Position in a block, row by row, of each coefficient in the order of the file. The last 16
/// catch runs that reach too far, as libjpeg does.
#[rustfmt::skip]
pub(super) const NATURAL_ORDER: [u8; 80] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
];

/// The kind of coding that a frame header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    Sequential,
    Progressive,
    Lossless,
}

/// A component as the frame header gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComponentHeader {
    pub(super) id: u8,
    pub(super) horizontal: u8,
    pub(super) vertical: u8,
    pub(super) quantization: u8,
    pub(super) dc_table: u8,
    pub(super) ac_table: u8,
}

#[derive(Debug)]
pub(super) struct Frame {
    pub(super) process: Process,
    pub(super) arithmetic: bool,
    pub(super) precision: u8,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) components: Vec<ComponentHeader>,
}

/// A scan header.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    /// Indexes of components of the frame.
    pub(super) components: Vec<usize>,
    pub(super) start: u8,
    pub(super) end: u8,
    pub(super) high: u8,
    pub(super) low: u8,
}

/// Conditioning of arithmetic coding.
#[derive(Clone, Copy)]
pub(super) struct Conditioning {
    pub(super) dc_low: [u8; 16],
    pub(super) dc_high: [u8; 16],
    pub(super) ac: [u8; 16],
}

impl Default for Conditioning {
    fn default() -> Self {
        Self { dc_low: [0; 16], dc_high: [1; 16], ac: [5; 16] }
    }
}

/// What reading up to the next scan ended with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Scan,
    End,
}

/// Everything that segments have said so far.
#[derive(Default)]
pub(super) struct Header {
    in_image: bool,
    pub(super) frame: Option<Frame>,
    pub(super) scan: Scan,
    pub(super) scans: u64,
    pub(super) quantization: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Specification>; 4],
    pub(super) ac: [Option<Specification>; 4],
    pub(super) conditioning: Conditioning,
    pub(super) restart_interval: u16,
    pub(super) jfif: bool,
    /// The transform of Adobe's segment.
    pub(super) adobe: Option<u8>,
}

impl Header {
    /// Reads segments up to the next scan or the end marker.
    pub(super) fn read(&mut self, stream: &mut Stream<'_>) -> Result<Reached, JpegError> {
        loop {
            if stream.marker == 0 {
                if self.in_image {
                    stream.next_marker()?;
                } else {
                    let (first, second) = (stream.byte()?, stream.byte()?);
                    if (first, second) != (0xff, 0xd8) {
                        return Err(JpegError::Marker { found: second });
                    }
                    stream.marker = second;
                }
            }
            let reached = self.segment(stream)?;
            stream.marker = 0;
            if let Some(reached) = reached {
                return Ok(reached);
            }
        }
    }

    /// Forgets the image, and keeps the tables for the next one of the file.
    pub(super) fn forget_image(&mut self) {
        self.in_image = false;
        self.frame = None;
        self.scans = 0;
    }

    fn segment(&mut self, stream: &mut Stream<'_>) -> Result<Option<Reached>, JpegError> {
        let marker = stream.marker;
        match marker {
            0xd8 => {
                if self.in_image {
                    return Err(JpegError::Marker { found: marker });
                }
                self.in_image = true;
                self.conditioning = Conditioning::default();
                self.restart_interval = 0;
                self.jfif = false;
                self.adobe = None;
            }
            0xd9 => return Ok(Some(Reached::End)),
            0xda => {
                self.start_of_scan(marker, stream.segment()?)?;
                return Ok(Some(Reached::Scan));
            }
            0xc4 => self.huffman_tables(marker, stream.segment()?)?,
            0xcc => self.conditioning(marker, stream.segment()?)?,
            0xdb => self.quantization_tables(marker, stream.segment()?)?,
            0xdd => match stream.segment()? {
                &[high, low] => self.restart_interval = u16::from_be_bytes([high, low]),
                other => return Err(JpegError::SegmentLength { marker, found: other.len() + 2 }),
            },
            0xc0..=0xc3 | 0xc9..=0xcb => self.frame(marker, stream.segment()?)?,
            0xc5..=0xcf => return Err(JpegError::Process { found: marker }),
            0xe0 => {
                self.jfif |= matches!(stream.segment()?, [b'J', b'F', b'I', b'F', 0, rest @ ..] if rest.len() >= 9);
            }
            0xee => {
                if let [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..] = stream.segment()? {
                    self.adobe = Some(*transform);
                }
            }
            0xe1..=0xef | 0xfe | 0xdc => stream.skip_segment()?,
            0xd0..=0xd7 | 0x01 => {}
            _ => return Err(JpegError::Marker { found: marker }),
        }
        Ok(None)
    }

    fn frame(&mut self, marker: u8, content: &[u8]) -> Result<(), JpegError> {
        let length = JpegError::SegmentLength { marker, found: content.len() + 2 };
        let &[precision, h0, h1, w0, w1, count, ref rest @ ..] = content else { return Err(length) };
        if self.frame.is_some() {
            return Err(JpegError::SecondFrame);
        }
        let (width, height) = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
        if width == 0 || height == 0 || count == 0 {
            return Err(JpegError::NoImage);
        }
        if rest.len() != usize::from(count) * 3 {
            return Err(length);
        }
        let component = |&[id, sampling, quantization]: &[u8; 3]| ComponentHeader {
            id,
            horizontal: sampling >> 4,
            vertical: sampling & 15,
            quantization,
            dc_table: 0,
            ac_table: 0,
        };
        self.frame = Some(Frame {
            process: match marker & 3 {
                2 => Process::Progressive,
                3 => Process::Lossless,
                _ => Process::Sequential,
            },
            arithmetic: marker >= 0xc9,
            precision,
            width: width.into(),
            height: height.into(),
            components: rest.as_chunks().0.iter().map(component).collect(),
        });
        Ok(())
    }

    fn start_of_scan(&mut self, marker: u8, content: &[u8]) -> Result<(), JpegError> {
        let frame = self.frame.as_mut().ok_or(JpegError::ScanBeforeFrame)?;
        let length = JpegError::SegmentLength { marker, found: content.len() + 2 };
        let (&count, rest) = content.split_first().ok_or(length)?;
        let count = usize::from(count);
        if !(1..=4).contains(&count) || rest.len() != count * 2 + 3 {
            return Err(length);
        }
        let mut components = Vec::with_capacity(count);
        for pair in rest[..count * 2].as_chunks().0 {
            let &[id, tables] = pair;
            // libjpeg looks among components from this position on.
            let found = frame.components.iter().enumerate().skip(components.len()).take(4);
            let found = found.map(|(index, component)| (index, component.id)).find(|(_, other)| *other == id);
            let (index, _) = found
                .filter(|(index, _)| !components.contains(index))
                .ok_or(JpegError::ScanComponent { found: id })?;
            if let Some(component) = frame.components.get_mut(index) {
                (component.dc_table, component.ac_table) = (tables >> 4, tables & 15);
            }
            components.push(index);
        }
        if let &[start, end, approximation] = &rest[count * 2..] {
            self.scan = Scan { components, start, end, high: approximation >> 4, low: approximation & 15 };
        }
        self.scans += 1;
        Ok(())
    }

    fn huffman_tables(&mut self, marker: u8, mut content: &[u8]) -> Result<(), JpegError> {
        while let Some((&[number, ref counts @ ..], rest)) = content.split_first_chunk::<17>() {
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let list = rest.get(..total).filter(|list| list.len() <= 256);
            let list = list.ok_or(JpegError::HuffmanTable { found: number })?;
            let mut symbols = [0; 256];
            symbols.iter_mut().zip(list).for_each(|(to, from)| *to = *from);
            let tables = if number & 0x10 == 0 { &mut self.dc } else { &mut self.ac };
            let table = tables.get_mut(usize::from(number & !0x10));
            *table.ok_or(JpegError::HuffmanTable { found: number })? =
                Some(Specification { counts: *counts, symbols });
            content = &rest[total..];
        }
        if content.is_empty() { Ok(()) } else { Err(JpegError::SegmentLength { marker, found: content.len() }) }
    }

    fn quantization_tables(&mut self, marker: u8, mut content: &[u8]) -> Result<(), JpegError> {
        while let Some((&number, rest)) = content.split_first() {
            let table = self.quantization.get_mut(usize::from(number & 15));
            let table = table.ok_or(JpegError::QuantizationTable { found: number & 15 })?;
            let size = if number >> 4 == 0 { 1 } else { 2 };
            let values = rest.get(..64 * size);
            let values = values.ok_or(JpegError::SegmentLength { marker, found: content.len() })?;
            let mut natural = [0; 64];
            for (value, &position) in values.chunks_exact(size).zip(&NATURAL_ORDER) {
                natural[usize::from(position)] =
                    value.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            *table = Some(natural);
            content = &rest[64 * size..];
        }
        Ok(())
    }

    fn conditioning(&mut self, marker: u8, content: &[u8]) -> Result<(), JpegError> {
        let (pairs, rest) = content.as_chunks();
        for &[index, value] in pairs {
            let malformed = JpegError::Conditioning { found: index };
            let number = usize::from(index & 15);
            match index >> 4 {
                0 if value & 15 > value >> 4 => return Err(malformed),
                0 => {
                    self.conditioning.dc_low[number] = value & 15;
                    self.conditioning.dc_high[number] = value >> 4;
                }
                1 => self.conditioning.ac[number] = value,
                _ => return Err(malformed),
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(JpegError::SegmentLength { marker, found: content.len() + 2 }) }
    }
}
