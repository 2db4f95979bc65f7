//! The decoder: scan by scan and row by row.

use super::{
    arithmetic::Arithmetic,
    color::Color,
    component::{Component, Units},
    entropy::{Block, Entropy, Huffman},
    error::JpegError,
    header::{Frame, Header, Process, Reached},
    smooth::{divisible, smooth},
    stream::Stream,
};
use crate::mode::Keep;

/// How often scans may visit a block on average. Encoders write about ten progressive scans; a
/// hostile file may have thousands of empty ones.
const MOST_VISITS: u64 = 200;
/// Number of visits allowed for even the smallest image: a fraction of a second.
const SOME_VISITS: u64 = 1 << 24;

/// A decoded image.
pub(in crate::decode) struct Decoded {
    pub(in crate::decode) width: usize,
    pub(in crate::decode) height: usize,
    pub(in crate::decode) components: usize,
    /// Samples, `[height, width, channels]`: RGB, inks, or as many as components where they are
    /// unchanged.
    pub(in crate::decode) values: Vec<u8>,
    /// Whether they are inks, which Pillow has inverted.
    pub(super) inks: bool,
}

/// The colors of a strip or tile of a TIFF, which JPEG markers do not specify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decode) enum Part {
    YCbCr,
    Unchanged,
}

/// Decodes to RGB, or to inks if they are kept, of the given size, with at most `memory` bytes for
/// coefficients.
pub(super) fn decode(
    bytes: &[u8],
    size: (usize, usize),
    memory: u64,
    keep: Keep,
) -> Result<Decoded, JpegError> {
    let mut decoder = Decoder::new(bytes)?;
    if keep == Keep::Mode {
        decoder.color = decoder.color.keeping_inks();
    }
    let found = (decoder.width, decoder.height);
    if found != size {
        return Err(JpegError::TwoSizes { first: size, second: found });
    }
    decoder.decode(memory)
}

/// Decodes a strip or tile of a TIFF, with the shared tables as an image before it.
pub(in crate::decode) fn decode_part(
    bytes: &[u8],
    part: Part,
    max_pixels: u64,
    memory: u64,
) -> Result<Decoded, JpegError> {
    let mut decoder = Decoder::new(bytes)?;
    if (decoder.width * decoder.height) as u64 > max_pixels {
        return Err(JpegError::TooLarge { width: decoder.width, height: decoder.height });
    }
    decoder.color = match part {
        Part::YCbCr if decoder.components.len() == 3 => Color::YCbCr,
        _ => Color::Unchanged,
    };
    decoder.decode(memory)
}

struct Decoder<'a> {
    stream: Stream<'a>,
    header: Header,
    color: Color,
    width: usize,
    height: usize,
    units: Units,
    components: Vec<Component>,
    /// The last row of units for which the last scan had data.
    last_good: usize,
    output: Vec<u8>,
}

impl<'a> Decoder<'a> {
    /// Reads up to the first scan.
    fn new(bytes: &'a [u8]) -> Result<Self, JpegError> {
        let mut stream = Stream::new(bytes);
        let mut header = Header::default();
        // A file may begin with an image that has nothing but tables.
        while header.read(&mut stream)? == Reached::End {
            if header.frame.is_some() {
                return Err(JpegError::NoImage);
            }
            header.forget_image();
        }
        let frame = header.frame.as_ref().ok_or(JpegError::ScanBeforeFrame)?;
        check(frame)?;
        let ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
        let units = Units::of(frame)?;
        let component = |component| Component::new(component, frame, &units);
        let components = frame.components.iter().map(component).collect::<Result<_, _>>()?;
        Ok(Self {
            stream,
            color: Color::of(&header, &ids),
            width: frame.width,
            height: frame.height,
            units,
            components,
            last_good: 0,
            output: Vec::new(),
            header,
        })
    }

    fn decode(mut self, memory: u64) -> Result<Decoded, JpegError> {
        let progressive =
            self.header.frame.as_ref().is_some_and(|frame| frame.process == Process::Progressive);
        let several = progressive || self.header.scan.components.len() < self.components.len();
        if several {
            self.read_all_scans(memory)?;
        }
        for component in &mut self.components {
            component.open_window();
        }
        let components = self.components.len();
        self.output = vec![0; self.width * self.height * self.color.channels(components)];
        if several {
            self.show_all(progressive);
        } else {
            self.one_scan()?;
        }
        let inks = self.color.is_inks();
        Ok(Decoded { width: self.width, height: self.height, components, values: self.output, inks })
    }

    /// Prepares for the scan whose header was read.
    fn begin_scan(&mut self) -> Result<Box<dyn Entropy>, JpegError> {
        let frame = self.header.frame.as_ref().ok_or(JpegError::ScanBeforeFrame)?;
        let scan = &self.header.scan;
        let members = scan.components.iter().filter_map(|&index| self.components.get(index));
        let blocks = members.map(|component| component.across * component.down).sum();
        if scan.components.len() > 1 && blocks > 10 {
            return Err(JpegError::BlocksPerUnit { found: blocks });
        }
        for &index in &scan.components {
            let number = frame.components.get(index).map_or(0, |component| component.quantization);
            if let Some(component) = self.components.get_mut(index).filter(|component| !component.latched) {
                let table = self.header.quantization.get(usize::from(number)).copied().flatten();
                component.table = table.ok_or(JpegError::QuantizationTable { found: number })?;
                component.latched = true;
            }
        }
        let entropy: Box<dyn Entropy> = if frame.arithmetic {
            Box::new(Arithmetic::new(&self.header)?)
        } else {
            Box::new(Huffman::new(&self.header)?)
        };
        if frame.process == Process::Progressive {
            self.note_progress();
        }
        self.stream.begin_scan();
        Ok(entropy)
    }

    /// Records the precision of coefficients after this scan.
    fn note_progress(&mut self) {
        let scan = &self.header.scan;
        let (start, end) = (usize::from(scan.start), usize::from(scan.end));
        for &index in &scan.components {
            let Some(component) = self.components.get_mut(index) else { continue };
            for k in start.min(1)..=9 {
                component.known_before[k] = if self.header.scans > 1 { component.known[k] } else { 0 };
            }
            for known in component.known.iter_mut().take(end + 1).skip(start) {
                *known = scan.low.into();
            }
        }
    }

    /// Reads all scans of a file into the components' blocks.
    fn read_all_scans(&mut self, memory: u64) -> Result<(), JpegError> {
        let count = |component: &Component| component.stride * self.units.down * component.down;
        let total: u64 = self.components.iter().map(|component| count(component) as u64).sum();
        let needed = total * size_of::<Block>() as u64;
        if needed > memory {
            return Err(JpegError::Memory { needed, most: memory });
        }
        let counts: Vec<usize> = self.components.iter().map(count).collect();
        for (component, count) in self.components.iter_mut().zip(counts) {
            component.blocks = vec![[0; 64]; count];
        }
        let most = (total * MOST_VISITS).max(SOME_VISITS);
        let mut visits = 0;
        loop {
            let members = self.header.scan.components.iter().filter_map(|&index| self.components.get(index));
            visits += members.map(|component| count_of(component, self.units)).sum::<u64>() + 64;
            if visits > most {
                return Err(JpegError::TooManyScans { most });
            }
            let entropy = self.begin_scan()?;
            self.read_scan(entropy)?;
            if self.header.read(&mut self.stream)? == Reached::End {
                return Ok(());
            }
        }
    }

    fn read_scan(&mut self, mut entropy: Box<dyn Entropy>) -> Result<(), JpegError> {
        let members = self.header.scan.components.clone();
        let stream = &mut self.stream;
        if let &[index] = members.as_slice() {
            // In a scan of one component, each unit is a single block.
            let Some(component) = self.components.get_mut(index) else { return Ok(()) };
            for row in 0..component.blocks_high {
                for column in 0..component.blocks_wide {
                    if !stream.insufficient {
                        self.last_good = row / component.down;
                    }
                    if entropy.unit(stream)? {
                        let at = row * component.stride + column;
                        if let Some(block) = component.blocks.get_mut(at) {
                            entropy.block(stream, 0, block)?;
                        }
                    }
                }
            }
            return Ok(());
        }
        for unit_row in 0..self.units.down {
            for unit in 0..self.units.across {
                if !stream.insufficient {
                    self.last_good = unit_row;
                }
                if !entropy.unit(stream)? {
                    continue;
                }
                for (slot, &index) in members.iter().enumerate() {
                    let Some(component) = self.components.get_mut(index) else { continue };
                    for y in 0..component.down {
                        for x in 0..component.across {
                            let row = unit_row * component.down + y;
                            let at = row * component.stride + unit * component.across + x;
                            if let Some(block) = component.blocks.get_mut(at) {
                                entropy.block(stream, slot, block)?;
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Outputs the image from blocks that have all been read.
    fn show_all(&mut self, progressive: bool) {
        let smoothing = progressive && self.smoothing_helps();
        for unit_row in 0..self.units.down {
            for component in &mut self.components {
                let blocks = std::mem::take(&mut component.blocks);
                // The last row of units may have fewer rows of blocks.
                let rows = component.down.min(component.blocks_high - unit_row * component.down);
                let known = match (unit_row > self.last_good, self.header.scans) {
                    (false, _) => component.known,
                    (true, ..=1) => [-1; 10],
                    (true, _) => component.known_before,
                };
                for row in 0..rows {
                    let y = unit_row * component.down + row;
                    for column in 0..component.blocks_wide {
                        let Some(block) = blocks.get(y * component.stride + column) else { continue };
                        if smoothing {
                            // libjpeg counts rows of the image in the number of this row's.
                            let place = unit_row * rows + row;
                            let below = self.units.down * rows - 1 - place;
                            let dc = neighbours(&blocks, component, (y, column), (place, below));
                            let block = smooth(block, &component.table, &known, &dc);
                            component.show(&block, y, column);
                        } else {
                            component.show(block, y, column);
                        }
                    }
                }
                component.blocks = blocks;
            }
            self.emit(unit_row);
        }
    }

    /// Whether libjpeg would smooth: `smoothing_ok` of `jdcoefct.c`.
    fn smoothing_helps(&self) -> bool {
        let possible = |component: &Component| {
            component.latched && divisible(&component.table) && component.known[0] >= 0
        };
        let helps = |component: &Component| component.known[1..].iter().any(|&bits| bits != 0);
        self.components.iter().all(possible) && self.components.iter().any(helps)
    }

    /// Reads the only scan of a file, and outputs blocks as they are decoded.
    fn one_scan(&mut self) -> Result<(), JpegError> {
        let mut entropy = self.begin_scan()?;
        let members = self.header.scan.components.clone();
        let single = members.len() == 1;
        for unit_row in 0..self.units.down {
            if single {
                for component in &mut self.components {
                    let first = unit_row * component.down;
                    for row in first..(first + component.down).min(component.blocks_high) {
                        for column in 0..component.blocks_wide {
                            let mut block = [0; 64];
                            if entropy.unit(&mut self.stream)? {
                                entropy.block(&mut self.stream, 0, &mut block)?;
                            }
                            component.show(&block, row, column);
                        }
                    }
                }
            } else {
                for unit in 0..self.units.across {
                    let has_data = entropy.unit(&mut self.stream)?;
                    for (slot, &index) in members.iter().enumerate() {
                        let Some(component) = self.components.get_mut(index) else { continue };
                        for y in 0..component.down {
                            for x in 0..component.across {
                                let mut block = [0; 64];
                                if has_data {
                                    entropy.block(&mut self.stream, slot, &mut block)?;
                                }
                                let row = unit_row * component.down + y;
                                component.show(&block, row, unit * component.across + x);
                            }
                        }
                    }
                }
            }
            self.emit(unit_row);
        }
        self.finish()
    }

    /// Reads up to the end marker, with the same errors as libjpeg. A missing end marker is no
    /// error, because all rows are complete.
    fn finish(&mut self) -> Result<(), JpegError> {
        match self.header.read(&mut self.stream) {
            Ok(Reached::End) | Err(JpegError::Truncated) => Ok(()),
            Ok(Reached::Scan) => Err(JpegError::Marker { found: 0xda }),
            Err(error) => Err(error),
        }
    }

    /// Writes the rows that are complete once a row of units has been decoded: those of the
    /// previous row of units, and after the last one its own too.
    fn emit(&mut self, unit_row: usize) {
        let rows = self.units.most.1 * 8;
        let from = unit_row.saturating_sub(1) * rows;
        let to = if unit_row + 1 == self.units.down { self.height } else { unit_row * rows };
        let stride = self.units.across * self.units.most.0 * 8;
        let mut planes = vec![vec![0; stride]; self.components.len()];
        let mut sums = Vec::with_capacity(stride + 2);
        for y in from..to.min(self.height) {
            let mut row: Vec<&[u8]> = Vec::with_capacity(4);
            for (component, plane) in self.components.iter().zip(&mut planes) {
                let (near, far) = component.upsample.rows(y, component.height);
                let near = component.row(near);
                if component.upsample == super::upsample::Upsample::None {
                    row.push(near);
                    continue;
                }
                let far = far.map_or(near, |far| component.row(far));
                component.upsample.row((near, far), y % 2 == 1, &mut sums, plane);
                row.push(plane.get(..self.width).unwrap_or_default());
            }
            let length = self.width * self.color.channels(self.components.len());
            if let Some(output) = self.output.get_mut(y * length..(y + 1) * length) {
                self.color.convert(&row, output);
            }
        }
    }
}

/// Number of blocks of a component that a scan visits.
fn count_of(component: &Component, units: Units) -> u64 {
    (component.stride * component.down * units.down) as u64
}

/// Checks a frame as libjpeg does.
fn check(frame: &Frame) -> Result<(), JpegError> {
    if frame.precision != 8 {
        return Err(JpegError::Precision { found: frame.precision });
    }
    if !matches!(frame.components.len(), 1..=4) {
        return Err(JpegError::Components { found: frame.components.len() });
    }
    if frame.process == Process::Lossless {
        return Err(JpegError::Lossless);
    }
    Ok(())
}

/// DC values of the 5 × 5 blocks around one, row-major; blocks beyond the image repeat its edge.
/// `(above, below)` are rows of blocks on either side.
fn neighbours(
    blocks: &[Block],
    component: &Component,
    (y, x): (usize, usize),
    (above, below): (usize, usize),
) -> [i32; 25] {
    let rows = [y - above.min(2), y - above.min(1), y, y + below.min(1), y + below.min(2)];
    let last = component.blocks_wide - 1;
    let columns = [x.saturating_sub(2), x.saturating_sub(1), x, (x + 1).min(last), (x + 2).min(last)];
    std::array::from_fn(|at| {
        let index = rows[at / 5] * component.stride + columns[at % 5];
        blocks.get(index).map_or(0, |block| block[0].into())
    })
}
