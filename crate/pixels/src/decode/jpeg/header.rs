//! Segments before and between scans, as libjpeg's `jdmarker.c` reads them.

use super::{
    error::JpegError,
    huffman::Specification,
    stream::{Segment, Stream},
};

/// Position in the block (row-major) of each coefficient in file order. The last 16 entries absorb
/// runs that are too long, as in libjpeg.
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

/// Where reading up to the next scan stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Scan,
    End,
}

/// The contents of all segments read so far.
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

    /// Discards the image but keeps the tables for the next image of the file.
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
                self.start_of_scan(stream.segment()?)?;
                return Ok(Some(Reached::Scan));
            }
            0xc4 => self.huffman_tables(stream.segment()?)?,
            0xcc => self.conditioning(stream.segment()?)?,
            0xdb => self.quantization_tables(stream.segment()?)?,
            0xdd => {
                let mut segment = stream.segment()?;
                if segment.left() != 2 {
                    return Err(segment.wrong());
                }
                self.restart_interval = u16::from_be_bytes(segment.array()?);
            }
            0xc0..=0xc3 | 0xc9..=0xcb => self.frame(marker, stream.segment()?)?,
            0xc5..=0xcf => return Err(JpegError::Process { found: marker }),
            0xe0 => {
                let mut segment = stream.segment()?;
                let content = segment.take(segment.left())?;
                self.jfif |= content.len() >= 14 && content.starts_with(b"JFIF\0");
            }
            0xee => {
                let mut segment = stream.segment()?;
                let content = segment.take(segment.left())?;
                if let (true, Some(&transform)) = (content.starts_with(b"Adobe"), content.get(11)) {
                    self.adobe = Some(transform);
                }
            }
            0xe1..=0xef | 0xfe | 0xdc => stream.skip_segment()?,
            0xd0..=0xd7 | 0x01 => {}
            _ => return Err(JpegError::Marker { found: marker }),
        }
        Ok(None)
    }

    fn frame(&mut self, marker: u8, mut segment: Segment<'_>) -> Result<(), JpegError> {
        let [precision, h0, h1, w0, w1, count] = segment.array()?;
        if self.frame.is_some() {
            return Err(JpegError::SecondFrame);
        }
        let (width, height) = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
        if width == 0 || height == 0 || count == 0 {
            return Err(JpegError::NoImage);
        }
        if segment.left() != usize::from(count) * 3 {
            return Err(segment.wrong());
        }
        let component = |&[id, sampling, quantization]: &[u8; 3]| ComponentHeader {
            id,
            horizontal: sampling >> 4,
            vertical: sampling & 15,
            quantization,
            dc_table: 0,
            ac_table: 0,
        };
        let components = segment.take(segment.left())?.as_chunks().0.iter().map(component);
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
            components: components.collect(),
        });
        Ok(())
    }

    fn start_of_scan(&mut self, mut segment: Segment<'_>) -> Result<(), JpegError> {
        let frame = self.frame.as_mut().ok_or(JpegError::ScanBeforeFrame)?;
        let [count] = segment.array()?;
        let count = usize::from(count);
        if !(1..=4).contains(&count) || segment.left() != count * 2 + 3 {
            return Err(segment.wrong());
        }
        let mut components = Vec::with_capacity(count);
        for _ in 0..count {
            let [id, tables] = segment.array()?;
            // libjpeg searches the components from this position on.
            let found = frame.components.iter_mut().enumerate().skip(components.len()).take(4);
            let found = found.into_iter().find(|(_, component)| component.id == id);
            let (index, component) = found
                .filter(|(index, _)| !components.contains(index))
                .ok_or(JpegError::ScanComponent { found: id })?;
            (component.dc_table, component.ac_table) = (tables >> 4, tables & 15);
            components.push(index);
        }
        let [start, end, approximation] = segment.array()?;
        self.scan = Scan { components, start, end, high: approximation >> 4, low: approximation & 15 };
        self.scans += 1;
        Ok(())
    }

    fn huffman_tables(&mut self, mut segment: Segment<'_>) -> Result<(), JpegError> {
        while segment.left() > 16 {
            let [number] = segment.array()?;
            let counts: [u8; 16] = segment.array()?;
            let malformed = JpegError::HuffmanTable { found: number };
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            if total > 256 || total > segment.left() {
                return Err(malformed);
            }
            let mut symbols = [0; 256];
            symbols.iter_mut().zip(segment.take(total)?).for_each(|(to, from)| *to = *from);
            let tables = if number & 0x10 == 0 { &mut self.dc } else { &mut self.ac };
            let table = tables.get_mut(usize::from(number & !0x10)).ok_or(malformed)?;
            *table = Some(Specification { counts, symbols });
        }
        segment.end()
    }

    fn quantization_tables(&mut self, mut segment: Segment<'_>) -> Result<(), JpegError> {
        while segment.left() > 0 {
            let [number] = segment.array()?;
            let table = self.quantization.get_mut(usize::from(number & 15));
            let table = table.ok_or(JpegError::QuantizationTable { found: number & 15 })?;
            let size = if number >> 4 == 0 { 1 } else { 2 };
            let mut natural = [0; 64];
            for (value, &position) in segment.take(64 * size)?.chunks_exact(size).zip(&NATURAL_ORDER) {
                natural[usize::from(position)] =
                    value.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            *table = Some(natural);
        }
        segment.end()
    }

    fn conditioning(&mut self, mut segment: Segment<'_>) -> Result<(), JpegError> {
        while segment.left() > 0 {
            let [index, value] = segment.array()?;
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
        segment.end()
    }
}
