//! Entropy decoding of one scan with arithmetic codes: libjpeg's `jdarith.c`.

use super::{
    entropy::{Block, Entropy, Pass},
    error::JpegError,
    header::{Conditioning, Header, NATURAL_ORDER},
    stream::Stream,
};

/// Arithmetic decoding of a scan.
pub(super) struct Arithmetic {
    pass: Pass,
    /// Table numbers of each component of the scan.
    dc_tables: Vec<usize>,
    ac_tables: Vec<usize>,
    conditioning: Conditioning,
    start: usize,
    end: usize,
    low: u8,
    dc_bins: Vec<[u8; 64]>,
    ac_bins: Vec<[u8; 256]>,
    last: [i32; 4],
    context: [usize; 4],
    interval: u32,
    until_restart: u32,
    coder: Coder,
}

/// The registers of T.81, section D.2, in libjpeg's layout.
struct Coder {
    code: u32,
    interval: u32,
    /// Bits of `code` not yet used; −1 after an error, which ends the segment.
    count: i32,
}

/// A decoded value is out of range, which ends the segment.
struct Overflow;

/// Why the decoding of a block ended early.
enum Stop {
    Overflow,
    Error(JpegError),
}

impl From<JpegError> for Stop {
    fn from(error: JpegError) -> Self {
        Self::Error(error)
    }
}

impl From<Overflow> for Stop {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

impl Coder {
    const START: Self = Self { code: 0, interval: 0, count: -16 };

    /// One binary decision with the statistics in `bin`.
    fn decide(&mut self, stream: &mut Stream<'_>, bin: &mut u8) -> Result<bool, JpegError> {
        while self.interval < 0x8000 {
            self.count -= 1;
            if self.count < 0 {
                let byte = stream.arithmetic_byte()?;
                self.code = self.code << 8 | u32::from(byte);
                self.count += 8;
                if self.count < 0 {
                    self.count += 1;
                    if self.count == 0 {
                        self.interval = 0x8000;
                    }
                }
            }
            self.interval <<= 1;
        }
        let state = *bin;
        let (estimate, after_less, after_more, switch) =
            STATES.get(usize::from(state & 0x7f)).copied().unwrap_or(STATES[0]);
        let estimate = u32::from(estimate);
        let less = (state & 0x80) ^ after_less ^ if switch { 0x80 } else { 0 };
        let more = (state & 0x80) ^ after_more;
        let mut decision = state & 0x80 != 0;
        self.interval = self.interval.wrapping_sub(estimate);
        let threshold = self.interval << self.count.max(0);
        if self.code >= threshold {
            self.code -= threshold;
            if self.interval < estimate {
                *bin = more;
            } else {
                *bin = less;
                decision = !decision;
            }
            self.interval = estimate;
        } else if self.interval < 0x8000 {
            if self.interval < estimate {
                *bin = less;
                decision = !decision;
            } else {
                *bin = more;
            }
        }
        Ok(decision)
    }

    /// A decision with a fixed probability of one half.
    fn even(&mut self, stream: &mut Stream<'_>) -> Result<bool, JpegError> {
        self.decide(stream, &mut { EVEN })
    }

    /// The low bits of a value whose highest is `highest`.
    fn magnitude(&mut self, stream: &mut Stream<'_>, highest: i32, bin: &mut u8) -> Result<i32, JpegError> {
        let (mut value, mut bit) = (highest, highest >> 1);
        while bit != 0 {
            if self.decide(stream, bin)? {
                value |= bit;
            }
            bit >>= 1;
        }
        Ok(value + 1)
    }

    /// Doubles `highest` while the decisions from bin `at` on are one, and returns the last bin.
    fn category(
        &mut self,
        stream: &mut Stream<'_>,
        highest: &mut i32,
        bins: &mut [u8],
        mut at: usize,
    ) -> Result<usize, Stop> {
        while self.decide(stream, bin(bins, at))? {
            *highest <<= 1;
            if *highest == 0x8000 {
                return Err(Overflow.into());
            }
            at += 1;
        }
        Ok(at)
    }
}

/// The bin at an index. By T.81's tables F.4 and F.5, all indexes are in range.
fn bin(bins: &mut [u8], at: usize) -> &mut u8 {
    let last = bins.len() - 1;
    &mut bins[at.min(last)]
}

impl Arithmetic {
    pub(super) fn new(header: &Header) -> Result<Self, JpegError> {
        let frame = header.frame.as_ref().ok_or(JpegError::ScanBeforeFrame)?;
        let components = header.scan.components.iter().filter_map(|&index| frame.components.get(index));
        let interval = header.restart_interval.into();
        Ok(Self {
            pass: Pass::of(header)?,
            dc_tables: components.clone().map(|component| component.dc_table.into()).collect(),
            ac_tables: components.map(|component| component.ac_table.into()).collect(),
            conditioning: header.conditioning,
            start: header.scan.start.into(),
            end: header.scan.end.into(),
            low: header.scan.low,
            dc_bins: vec![[0; 64]; 16],
            ac_bins: vec![[0; 256]; 16],
            last: [0; 4],
            context: [0; 4],
            interval,
            until_restart: interval,
            coder: Coder::START,
        })
    }

    fn restart(&mut self, stream: &mut Stream<'_>) -> Result<(), JpegError> {
        stream.restart()?;
        for slot in 0..self.dc_tables.len() {
            if matches!(self.pass, Pass::Sequential | Pass::DcFirst) {
                self.dc_bins[self.dc_tables[slot] & 15].fill(0);
                self.last[slot & 3] = 0;
                self.context[slot & 3] = 0;
            }
            if matches!(self.pass, Pass::Sequential | Pass::AcFirst | Pass::AcRefine) {
                self.ac_bins[self.ac_tables[slot] & 15].fill(0);
            }
        }
        self.coder = Coder::START;
        self.until_restart = self.interval;
        Ok(())
    }

    fn dc(&mut self, stream: &mut Stream<'_>, slot: usize) -> Result<i32, Stop> {
        let table = self.dc_tables.get(slot).copied().unwrap_or(0) & 15;
        let slot = slot & 3;
        let bins = &mut self.dc_bins[table];
        let first = self.context[slot];
        if !self.coder.decide(stream, bin(bins, first))? {
            self.context[slot] = 0;
            return Ok(self.last[slot]);
        }
        let negative = self.coder.decide(stream, bin(bins, first + 1))?;
        let mut at = first + 2 + usize::from(negative);
        let mut highest = i32::from(self.coder.decide(stream, bin(bins, at))?);
        if highest != 0 {
            at = self.coder.category(stream, &mut highest, bins, 20)?;
        }
        let bound = |exponent: u8| (1_i32 << exponent) >> 1;
        let sign = if negative { 4 } else { 0 };
        self.context[slot] = if highest < bound(self.conditioning.dc_low[table]) {
            0
        } else if highest > bound(self.conditioning.dc_high[table]) {
            12 + sign
        } else {
            4 + sign
        };
        let value = self.coder.magnitude(stream, highest, bin(bins, at + 14))?;
        self.last[slot] = self.last[slot].wrapping_add(if negative { -value } else { value });
        Ok(self.last[slot])
    }

    fn ac(
        &mut self,
        stream: &mut Stream<'_>,
        slot: usize,
        block: &mut Block,
        (start, end, low): (usize, usize, u8),
    ) -> Result<(), Stop> {
        let table = self.ac_tables.get(slot).copied().unwrap_or(0) & 15;
        let bins = &mut self.ac_bins[table];
        let mut k = start;
        while k <= end {
            let mut at = 3 * (k - 1);
            if self.coder.decide(stream, bin(bins, at))? {
                break;
            }
            while !self.coder.decide(stream, bin(bins, at + 1))? {
                at += 3;
                k += 1;
                if k > end {
                    return Err(Overflow.into());
                }
            }
            let negative = self.coder.even(stream)?;
            at += 2;
            let mut highest = i32::from(self.coder.decide(stream, bin(bins, at))?);
            if highest != 0 && self.coder.decide(stream, bin(bins, at))? {
                highest <<= 1;
                let large = k > self.conditioning.ac[table].into();
                at = self.coder.category(stream, &mut highest, bins, if large { 217 } else { 189 })?;
            }
            let value = self.coder.magnitude(stream, highest, bin(bins, at + 14))?;
            let value = if negative { -value } else { value };
            block[usize::from(NATURAL_ORDER[k])] = (value << low) as i16;
            k += 1;
        }
        Ok(())
    }

    fn ac_refine(&mut self, stream: &mut Stream<'_>, block: &mut Block) -> Result<(), Stop> {
        let table = self.ac_tables.first().copied().unwrap_or(0) & 15;
        let bins = &mut self.ac_bins[table];
        let (plus, minus) = (1_i16 << self.low, -1_i16 << self.low);
        let known = (1..=self.end).rev().find(|&k| block[usize::from(NATURAL_ORDER[k])] != 0);
        let known = known.unwrap_or(0);
        let mut k = self.start;
        while k <= self.end {
            let mut at = 3 * (k - 1);
            if k > known && self.coder.decide(stream, bin(bins, at))? {
                break;
            }
            loop {
                let value = &mut block[usize::from(NATURAL_ORDER[k])];
                if *value != 0 {
                    if self.coder.decide(stream, bin(bins, at + 2))? {
                        *value = value.wrapping_add(if *value < 0 { minus } else { plus });
                    }
                    break;
                }
                if self.coder.decide(stream, bin(bins, at + 1))? {
                    *value = if self.coder.even(stream)? { minus } else { plus };
                    break;
                }
                at += 3;
                k += 1;
                if k > self.end {
                    return Err(Overflow.into());
                }
            }
            k += 1;
        }
        Ok(())
    }

    fn any(&mut self, stream: &mut Stream<'_>, slot: usize, block: &mut Block) -> Result<(), Stop> {
        match self.pass {
            Pass::Sequential => {
                block[0] = self.dc(stream, slot)? as i16;
                self.ac(stream, slot, block, (1, 63, 0))?;
            }
            Pass::DcFirst => block[0] = (self.dc(stream, slot)? << self.low) as i16,
            Pass::DcRefine => {
                if self.coder.even(stream)? {
                    block[0] |= 1 << self.low;
                }
            }
            Pass::AcFirst => self.ac(stream, slot, block, (self.start, self.end, self.low))?,
            Pass::AcRefine => self.ac_refine(stream, block)?,
        }
        Ok(())
    }
}

impl Entropy for Arithmetic {
    fn unit(&mut self, stream: &mut Stream<'_>) -> Result<bool, JpegError> {
        if self.interval > 0 {
            if self.until_restart == 0 {
                self.restart(stream)?;
            }
            self.until_restart -= 1;
        }
        Ok(true)
    }

    fn block(&mut self, stream: &mut Stream<'_>, slot: usize, block: &mut Block) -> Result<(), JpegError> {
        if self.coder.count == -1 && self.pass != Pass::DcRefine {
            return Ok(());
        }
        match self.any(stream, slot, block) {
            Err(Stop::Error(error)) => Err(error),
            Err(Stop::Overflow) => {
                self.coder.count = -1;
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

/// The state with a fixed probability of one half.
const EVEN: u8 = 113;

/// T.81, table D.3: the probability estimate of the less probable symbol, the next states after the
/// less and the more probable symbol, and whether the former swaps the two.
#[rustfmt::skip]
const STATES: [(u16, u8, u8, bool); 114] = [
    (0x5a1d, 1, 1, true), (0x2586, 14, 2, false), (0x1114, 16, 3, false), (0x080b, 18, 4, false),
    (0x03d8, 20, 5, false), (0x01da, 23, 6, false), (0x00e5, 25, 7, false), (0x006f, 28, 8, false),
    (0x0036, 30, 9, false), (0x001a, 33, 10, false), (0x000d, 35, 11, false), (0x0006, 9, 12, false),
    (0x0003, 10, 13, false), (0x0001, 12, 13, false), (0x5a7f, 15, 15, true), (0x3f25, 36, 16, false),
    (0x2cf2, 38, 17, false), (0x207c, 39, 18, false), (0x17b9, 40, 19, false), (0x1182, 42, 20, false),
    (0x0cef, 43, 21, false), (0x09a1, 45, 22, false), (0x072f, 46, 23, false), (0x055c, 48, 24, false),
    (0x0406, 49, 25, false), (0x0303, 51, 26, false), (0x0240, 52, 27, false), (0x01b1, 54, 28, false),
    (0x0144, 56, 29, false), (0x00f5, 57, 30, false), (0x00b7, 59, 31, false), (0x008a, 60, 32, false),
    (0x0068, 62, 33, false), (0x004e, 63, 34, false), (0x003b, 32, 35, false), (0x002c, 33, 9, false),
    (0x5ae1, 37, 37, true), (0x484c, 64, 38, false), (0x3a0d, 65, 39, false), (0x2ef1, 67, 40, false),
    (0x261f, 68, 41, false), (0x1f33, 69, 42, false), (0x19a8, 70, 43, false), (0x1518, 72, 44, false),
    (0x1177, 73, 45, false), (0x0e74, 74, 46, false), (0x0bfb, 75, 47, false), (0x09f8, 77, 48, false),
    (0x0861, 78, 49, false), (0x0706, 79, 50, false), (0x05cd, 48, 51, false), (0x04de, 50, 52, false),
    (0x040f, 50, 53, false), (0x0363, 51, 54, false), (0x02d4, 52, 55, false), (0x025c, 53, 56, false),
    (0x01f8, 54, 57, false), (0x01a4, 55, 58, false), (0x0160, 56, 59, false), (0x0125, 57, 60, false),
    (0x00f6, 58, 61, false), (0x00cb, 59, 62, false), (0x00ab, 61, 63, false), (0x008f, 61, 32, false),
    (0x5b12, 65, 65, true), (0x4d04, 80, 66, false), (0x412c, 81, 67, false), (0x37d8, 82, 68, false),
    (0x2fe8, 83, 69, false), (0x293c, 84, 70, false), (0x2379, 86, 71, false), (0x1edf, 87, 72, false),
    (0x1aa9, 87, 73, false), (0x174e, 72, 74, false), (0x1424, 72, 75, false), (0x119c, 74, 76, false),
    (0x0f6b, 74, 77, false), (0x0d51, 75, 78, false), (0x0bb6, 77, 79, false), (0x0a40, 77, 48, false),
    (0x5832, 80, 81, true), (0x4d1c, 88, 82, false), (0x438e, 89, 83, false), (0x3bdd, 90, 84, false),
    (0x34ee, 91, 85, false), (0x2eae, 92, 86, false), (0x299a, 93, 87, false), (0x2516, 86, 71, false),
    (0x5570, 88, 89, true), (0x4ca9, 95, 90, false), (0x44d9, 96, 91, false), (0x3e22, 97, 92, false),
    (0x3824, 99, 93, false), (0x32b4, 99, 94, false), (0x2e17, 93, 86, false), (0x56a8, 95, 96, true),
    (0x4f46, 101, 97, false), (0x47e5, 102, 98, false), (0x41cf, 103, 99, false), (0x3c3d, 104, 100, false),
    (0x375e, 99, 93, false), (0x5231, 105, 102, false), (0x4c0f, 106, 103, false), (0x4639, 107, 104, false),
    (0x415e, 103, 99, false), (0x5627, 105, 106, true), (0x50e7, 108, 107, false), (0x4b85, 109, 103, false),
    (0x5597, 110, 109, false), (0x504f, 111, 107, false), (0x5a10, 110, 111, true), (0x5522, 112, 109, false),
    (0x59eb, 112, 111, true), (0x5a1d, 113, 113, false),
];
