//! Entropy decoding of one scan with Huffman codes: libjpeg's `jdhuff.c` and `jdphuff.c`.

use super::{
    error::JpegError,
    header::{Header, NATURAL_ORDER, Process},
    huffman::{Table, standard},
    stream::Stream,
};

/// Coefficients of a block, row by row.
pub(super) type Block = [i16; 64];

/// A way to decode the blocks of one scan.
pub(super) trait Entropy {
    /// Begins a unit of the scan. Returns false if its blocks stay unchanged because data are
    /// missing.
    fn unit(&mut self, stream: &mut Stream<'_>) -> Result<bool, JpegError>;

    /// Decodes a block of the scan's component number `slot`.
    fn block(&mut self, stream: &mut Stream<'_>, slot: usize, block: &mut Block) -> Result<(), JpegError>;
}

/// The kind of pass over the blocks of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Sequential,
    DcFirst,
    DcRefine,
    AcFirst,
    AcRefine,
}

impl Pass {
    /// # Errors
    ///
    /// When a progressive scan has invalid parameters.
    pub(super) fn of(header: &Header) -> Result<Self, JpegError> {
        if header.frame.as_ref().is_none_or(|frame| frame.process != Process::Progressive) {
            return Ok(Self::Sequential);
        }
        let scan = &header.scan;
        let (start, end, high, low) = (scan.start, scan.end, scan.high, scan.low);
        let band = if start == 0 { end == 0 } else { start <= end && end < 64 && scan.components.len() == 1 };
        if !band || (high != 0 && low + 1 != high) || low > 13 {
            return Err(JpegError::Progression { start, end, high, low });
        }
        Ok(match (start, high) {
            (0, 0) => Self::DcFirst,
            (0, _) => Self::DcRefine,
            (_, 0) => Self::AcFirst,
            _ => Self::AcRefine,
        })
    }
}

/// Huffman decoding of a scan.
pub(super) struct Huffman {
    pass: Pass,
    /// For each component of the scan.
    dc: Vec<Option<Table>>,
    ac: Vec<Option<Table>>,
    last: [i32; 4],
    start: usize,
    end: usize,
    low: u8,
    /// Number of blocks left in a run of blocks without coefficients.
    end_of_band: u32,
    interval: u32,
    until_restart: u32,
}

impl Huffman {
    pub(super) fn new(header: &Header) -> Result<Self, JpegError> {
        let pass = Pass::of(header)?;
        let frame = header.frame.as_ref().ok_or(JpegError::ScanBeforeFrame)?;
        let table = |dc: bool, number: u8| {
            let missing = JpegError::HuffmanTable { found: number };
            let index = usize::from(number);
            let tables = if dc { &header.dc } else { &header.ac };
            match tables.get(index).ok_or(missing)? {
                Some(found) => Table::new(found, dc, number),
                None if pass == Pass::Sequential => {
                    Table::new(&standard(dc, index).ok_or(missing)?, dc, number)
                }
                None => Err(missing),
            }
        };
        let (mut dc, mut ac) = (Vec::new(), Vec::new());
        for &index in &header.scan.components {
            let component = frame.components.get(index).ok_or(JpegError::ScanBeforeFrame)?;
            let wants_dc = matches!(pass, Pass::Sequential | Pass::DcFirst);
            let wants_ac = matches!(pass, Pass::Sequential | Pass::AcFirst | Pass::AcRefine);
            dc.push(wants_dc.then(|| table(true, component.dc_table)).transpose()?);
            ac.push(wants_ac.then(|| table(false, component.ac_table)).transpose()?);
        }
        let interval = header.restart_interval.into();
        Ok(Self {
            pass,
            dc,
            ac,
            last: [0; 4],
            start: header.scan.start.into(),
            end: header.scan.end.into(),
            low: header.scan.low,
            end_of_band: 0,
            interval,
            until_restart: interval,
        })
    }

    #[inline]
    fn dc(&mut self, stream: &mut Stream<'_>, slot: usize) -> Result<i32, JpegError> {
        let Some(Some(table)) = self.dc.get(slot) else { return Ok(0) };
        let size = table.symbol(stream)?;
        let difference = stream.signed(size.into())?;
        let last = self.last.get_mut(slot).ok_or(JpegError::Coefficient)?;
        *last = last.checked_add(difference).ok_or(JpegError::Coefficient)?;
        Ok(*last)
    }

    fn sequential(
        &mut self,
        stream: &mut Stream<'_>,
        slot: usize,
        block: &mut Block,
    ) -> Result<(), JpegError> {
        block[0] = self.dc(stream, slot)? as i16;
        let Some(Some(table)) = self.ac.get(slot) else { return Ok(()) };
        let mut k = 1;
        while k < 64 {
            let symbol = table.symbol(stream)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size != 0 {
                k += run;
                // `k` is at most 63 + 15.
                block[usize::from(NATURAL_ORDER[k])] = stream.signed(size)? as i16;
            } else if run == 15 {
                k += 15;
            } else {
                break;
            }
            k += 1;
        }
        Ok(())
    }

    /// The length of a run of blocks without more coefficients.
    fn run_of_ends(stream: &mut Stream<'_>, size: u32) -> Result<u32, JpegError> {
        Ok((1 << size) + if size > 0 { stream.bits(size)? } else { 0 })
    }

    fn ac_first(&mut self, stream: &mut Stream<'_>, block: &mut Block) -> Result<(), JpegError> {
        if self.end_of_band > 0 {
            self.end_of_band -= 1;
            return Ok(());
        }
        let Some(Some(table)) = self.ac.first() else { return Ok(()) };
        let mut k = self.start;
        while k <= self.end {
            let symbol = table.symbol(stream)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size != 0 {
                k += run;
                block[usize::from(NATURAL_ORDER[k])] = (stream.signed(size)? << self.low) as i16;
            } else if run == 15 {
                k += 15;
            } else {
                self.end_of_band = Self::run_of_ends(stream, run as u32)? - 1;
                break;
            }
            k += 1;
        }
        Ok(())
    }

    fn ac_refine(&mut self, stream: &mut Stream<'_>, block: &mut Block) -> Result<(), JpegError> {
        let Some(Some(table)) = self.ac.first() else { return Ok(()) };
        let plus = 1_i16 << self.low;
        let minus = -1_i16 << self.low;
        let correct = |stream: &mut Stream<'_>, value: &mut i16| {
            if stream.bits(1)? == 1 && *value & plus == 0 {
                *value = value.wrapping_add(if *value >= 0 { plus } else { minus });
            }
            Ok::<(), JpegError>(())
        };
        let mut k = self.start;
        if self.end_of_band == 0 {
            while k <= self.end {
                let symbol = table.symbol(stream)?;
                let (mut run, size) = (i32::from(symbol >> 4), symbol & 15);
                let mut new = 0;
                if size != 0 {
                    // The size should be 1, and other values are treated as 1.
                    new = if stream.bits(1)? == 1 { plus } else { minus };
                } else if run != 15 {
                    self.end_of_band = Self::run_of_ends(stream, run as u32)?;
                    break;
                }
                // Skips known coefficients, and `run` that are still zero.
                while k <= self.end {
                    let value = &mut block[usize::from(NATURAL_ORDER[k])];
                    if *value != 0 {
                        correct(stream, value)?;
                    } else {
                        run -= 1;
                        if run < 0 {
                            break;
                        }
                    }
                    k += 1;
                }
                if new != 0 {
                    // `k` is at most 64.
                    block[usize::from(NATURAL_ORDER[k])] = new;
                }
                k += 1;
            }
        }
        if self.end_of_band > 0 {
            while k <= self.end {
                let value = &mut block[usize::from(NATURAL_ORDER[k])];
                if *value != 0 {
                    correct(stream, value)?;
                }
                k += 1;
            }
            self.end_of_band -= 1;
        }
        Ok(())
    }
}

impl Entropy for Huffman {
    #[inline]
    fn unit(&mut self, stream: &mut Stream<'_>) -> Result<bool, JpegError> {
        if self.interval > 0 {
            if self.until_restart == 0 {
                stream.restart()?;
                self.last = [0; 4];
                self.end_of_band = 0;
                self.until_restart = self.interval;
            }
            self.until_restart -= 1;
        }
        Ok(!stream.insufficient)
    }

    #[inline]
    fn block(&mut self, stream: &mut Stream<'_>, slot: usize, block: &mut Block) -> Result<(), JpegError> {
        match self.pass {
            Pass::Sequential => self.sequential(stream, slot, block)?,
            Pass::DcFirst => block[0] = (self.dc(stream, slot)? << self.low) as i16,
            Pass::DcRefine => block[0] |= (stream.bits(1)? as i16) << self.low,
            Pass::AcFirst => self.ac_first(stream, block)?,
            Pass::AcRefine => self.ac_refine(stream, block)?,
        }
        Ok(())
    }
}
