//! Rows of a PNG file: inflated, unfiltered and converted to RGB or to another mode.

use fdeflate::Decompressor;

use super::{chunks::Chunks, error::PngError};
use crate::mode::{Keep, Mode};

/// Longest distance of a back reference in deflate.
const REACH: usize = 32 << 10;
/// Number of bytes inflated at a time.
const AT_ONCE: usize = 96 << 10;

/// Maximum number of bytes in a row: two are held, besides the pixels. 16 million pixels in 16-bit
/// RGBA have half as many.
const LARGEST_ROW: usize = 256 << 20;

/// Column and row of the first pixel of each pass of an interlaced image, and the steps from one
/// to the next.
const PASSES: [[usize; 4]; 7] =
    [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/// How samples of a pixel become RGB.
struct Pixel<'a> {
    /// Bits of a sample, and color type.
    bits: usize,
    color: u8,
    samples: usize,
    palette: &'a [u8],
}

/// Decodes the image data, `[height, width, mode.bytes()]`.
pub(super) fn decode(
    chunks: &mut Chunks<'_>,
    size: (usize, usize),
    keep: Keep,
) -> Result<(Mode, Vec<u8>), PngError> {
    let (bits, color) = chunks.kind.ok_or(PngError::NoData)?;
    let samples = match color {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let palette = chunks.palette;
    if palette.len() / 3 > 256 {
        return Err(PngError::Palette { found: palette.len() / 3 });
    }
    let pixel = Pixel { bits: bits.into(), color, samples, palette };
    // Where the first frame of an animation covers only part of the image, Pillow leaves the rest
    // black.
    let [left, top, width, height] =
        chunks.frame.map_or([0, 0, size.0, size.1], |frame| frame.map(|x| x as usize));
    if width == 0 || height == 0 || (chunks.interlaced && (width, height) != size) {
        return Err(PngError::Frame);
    }
    let row = pixel.row_bytes(width);
    if row > LARGEST_ROW {
        return Err(PngError::Row { found: row, most: LARGEST_ROW });
    }
    let mode = pixel.mode(keep);
    let bytes = mode.bytes();
    let mut values = vec![0; size.0 * size.1 * bytes];
    let black = (width, height) != size;
    let mut rows = Rows::new(pixel.row_bytes(width), pixel.step());
    let passes: &[[usize; 4]] = if chunks.interlaced { &PASSES } else { &[[0, 0, 1, 1]] };
    let mut scratch = vec![0; width * bytes];
    for &[first_x, first_y, step_x, step_y] in passes {
        let across = width.saturating_sub(first_x).div_ceil(step_x);
        if across == 0 {
            continue;
        }
        rows.begin_pass(pixel.row_bytes(across));
        for y in (first_y..height).step_by(step_y) {
            let row = rows.next(chunks)?;
            let start = ((top + y) * size.0 + left) * bytes;
            let Some(output) = values.get_mut(start..start + width * bytes) else { continue };
            if step_x == 1 {
                pixel.convert(&mode, row, output);
            } else {
                pixel.convert(&mode, row, &mut scratch[..across * bytes]);
                let targets = output.chunks_exact_mut(bytes).skip(first_x).step_by(step_x);
                for (to, from) in targets.zip(scratch.chunks_exact(bytes)) {
                    to.copy_from_slice(from);
                }
            }
        }
    }
    rows.finish()?;
    if black && color == 3 {
        // Pixels outside the frame have index 0.
        let rest = pixel.color_of(0);
        for (at, pixel) in values.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (x, y) = (at % size.0, at / size.0);
            if !(left..left + width).contains(&x) || !(top..top + height).contains(&y) {
                *pixel = rest;
            }
        }
    }
    Ok((mode, values))
}

impl Pixel<'_> {
    /// `_MODES` of Pillow's `PngImagePlugin`.
    fn mode(&self, keep: Keep) -> Mode {
        match (self.color, self.bits, keep) {
            (3, ..) | (0, 1, _) => Mode::Indexed,
            (4 | 6, _, Keep::Mode) => Mode::Rgba,
            (0, 16, Keep::Mode) => Mode::Whole16 { swapped: false },
            _ => Mode::Rgb,
        }
    }

    /// Converts a row to a mode of [`Pixel::mode`].
    fn convert(&self, mode: &Mode, row: &[u8], output: &mut [u8]) {
        match (mode, self.color, self.bits) {
            (Mode::Rgba, 4, 8) => {
                for (pixel, &[grey, alpha]) in output.as_chunks_mut().0.iter_mut().zip(row.as_chunks().0) {
                    *pixel = [grey, grey, grey, alpha];
                }
            }
            (Mode::Rgba, 4, _) => {
                let samples = row.as_chunks().0;
                for (pixel, &[grey, _, alpha, _]) in output.as_chunks_mut().0.iter_mut().zip(samples) {
                    *pixel = [grey, grey, grey, alpha];
                }
            }
            (Mode::Rgba, _, 8) => output.copy_from_slice(row),
            (Mode::Rgba, ..) => {
                for (level, &[high, _]) in output.iter_mut().zip(row.as_chunks().0) {
                    *level = high;
                }
            }
            (Mode::Whole16 { .. }, ..) => {
                for (sample, &two) in output.as_chunks_mut().0.iter_mut().zip(row.as_chunks().0) {
                    *sample = u16::from_be_bytes(two).to_ne_bytes();
                }
            }
            _ => self.to_rgb(row, output),
        }
    }

    fn row_bytes(&self, width: usize) -> usize {
        (width * self.samples * self.bits).div_ceil(8)
    }

    /// Distance to the previous pixel in bytes.
    fn step(&self) -> usize {
        (self.samples * self.bits).div_ceil(8)
    }

    fn color_of(&self, index: usize) -> [u8; 3] {
        self.palette.as_chunks().0.get(index).copied().unwrap_or_default()
    }

    /// Converts a row as Pillow does.
    fn to_rgb(&self, row: &[u8], output: &mut [u8]) {
        let pixels = output.as_chunks_mut::<3>().0.iter_mut();
        match (self.color, self.bits) {
            (0 | 3, bits @ (1 | 2 | 4)) => {
                let most = (1 << bits) - 1;
                for (x, pixel) in pixels.enumerate() {
                    let byte = usize::from(row.get(x * bits / 8).copied().unwrap_or(0));
                    let value = (byte >> (8 - bits - x * bits % 8)) & most;
                    // At most 255.
                    *pixel =
                        if self.color == 3 { self.color_of(value) } else { [(value * 255 / most) as u8; 3] };
                }
            }
            (0, 8) => pixels.zip(row).for_each(|(pixel, &grey)| *pixel = [grey; 3]),
            // Pillow reads 16-bit grey as integers and clamps them to 255; for all other colors it
            // takes the high byte.
            (0, _) => pixels.zip(row.as_chunks().0).for_each(|(pixel, &[high, low])| {
                *pixel = [if high == 0 { low } else { 255 }; 3];
            }),
            (3, _) => pixels.zip(row).for_each(|(pixel, &index)| *pixel = self.color_of(index.into())),
            (2, 8) => pixels.zip(row.as_chunks().0).for_each(|(pixel, &color)| *pixel = color),
            (2, _) => pixels
                .zip(row.as_chunks().0)
                .for_each(|(pixel, &[red, _, green, _, blue, _])| *pixel = [red, green, blue]),
            (4, 8) => pixels.zip(row.as_chunks().0).for_each(|(pixel, &[grey, _])| *pixel = [grey; 3]),
            (4, _) => {
                pixels.zip(row.as_chunks().0).for_each(|(pixel, &[high, _, _, _])| *pixel = [high; 3]);
            }
            (_, 8) => pixels
                .zip(row.as_chunks().0)
                .for_each(|(pixel, &[red, green, blue, _])| *pixel = [red, green, blue]),
            _ => pixels
                .zip(row.as_chunks().0)
                .for_each(|(pixel, &[red, _, green, _, blue, _, _, _])| *pixel = [red, green, blue]),
        }
    }
}

/// Unfiltered rows, one after the other.
struct Rows<'a> {
    inflate: Decompressor,
    input: &'a [u8],
    /// Inflated bytes: the window for back references, then the bytes not yet consumed.
    window: Vec<u8>,
    taken: usize,
    filled: usize,
    /// The filter byte and the current row, and the same for the previous row.
    row: Vec<u8>,
    before: Vec<u8>,
    step: usize,
    ended: bool,
}

impl<'a> Rows<'a> {
    fn new(longest: usize, step: usize) -> Self {
        Self {
            inflate: Decompressor::new(),
            input: &[],
            window: vec![0; REACH + AT_ONCE],
            taken: 0,
            filled: 0,
            row: Vec::with_capacity(longest),
            before: Vec::with_capacity(longest),
            step,
            ended: false,
        }
    }

    fn begin_pass(&mut self, length: usize) {
        self.before.clear();
        self.before.resize(length, 0);
        self.row.clear();
        self.row.resize(length, 0);
    }

    /// Inflates more data; returns false at the end of the stream.
    fn fill(&mut self, chunks: &mut Chunks<'a>) -> Result<bool, PngError> {
        if self.filled == self.window.len() {
            // Drops consumed bytes and moves the window to the front.
            let keep = self.taken.min(self.filled - REACH);
            self.window.copy_within(keep.., 0);
            self.filled -= keep;
            self.taken -= keep;
        }
        loop {
            if self.inflate.is_done() {
                return Ok(false);
            }
            let (read, written) = self
                .inflate
                .read(self.input, &mut self.window, self.filled, false)
                .map_err(|_| PngError::Compressed)?;
            self.input = &self.input[read..];
            self.filled += written;
            if written > 0 {
                return Ok(true);
            }
            if read == 0 {
                if !self.input.is_empty() {
                    return Err(PngError::Compressed);
                }
                self.input = chunks.data()?;
                if self.input.is_empty() {
                    return Err(PngError::Truncated);
                }
            }
        }
    }

    /// Reads the next bytes of the stream; returns false if it ends exactly before them.
    fn take(
        &mut self,
        chunks: &mut Chunks<'a>,
        mut place: impl FnMut(&[u8]),
        count: usize,
    ) -> Result<bool, PngError> {
        let mut left = count;
        while left > 0 {
            if self.taken == self.filled && !self.fill(chunks)? {
                return if left == count { Ok(false) } else { Err(PngError::Truncated) };
            }
            let end = self.filled.min(self.taken + left);
            place(&self.window[self.taken..end]);
            left -= end - self.taken;
            self.taken = end;
        }
        Ok(true)
    }

    /// The next row. If the stream ends after a complete row, the missing rows are zeros, as in
    /// Pillow.
    fn next(&mut self, chunks: &mut Chunks<'a>) -> Result<&[u8], PngError> {
        std::mem::swap(&mut self.row, &mut self.before);
        let mut row = std::mem::take(&mut self.row);
        let mut filter = 0;
        self.ended = self.ended || !self.take(chunks, |bytes| filter = bytes[0], 1)?;
        if self.ended {
            row.fill(0);
            self.before.fill(0);
        } else {
            let length = row.len();
            let mut at = 0;
            let place = |bytes: &[u8]| {
                row[at..at + bytes.len()].copy_from_slice(bytes);
                at += bytes.len();
            };
            if !self.take(chunks, place, length)? {
                return Err(PngError::Truncated);
            }
            unfilter(filter, &mut row, &self.before, self.step)?;
        }
        self.row = row;
        Ok(&self.row)
    }

    /// Checks what follows the last row in the same chunk: a wrong checksum is an error.
    fn finish(&mut self) -> Result<(), PngError> {
        if self.taken < self.filled || self.ended || self.inflate.is_done() {
            return Ok(());
        }
        self.filled = REACH;
        self.taken = REACH;
        let result = self.inflate.read(self.input, &mut self.window, REACH, false);
        result.map(|_| ()).map_err(|_| PngError::Compressed)
    }
}

/// Undoes the filter of a row, whose pixels are `step` bytes apart.
fn unfilter(filter: u8, row: &mut [u8], before: &[u8], step: usize) -> Result<(), PngError> {
    match step {
        1 => unfilter_pixels::<1>(filter, row, before),
        2 => unfilter_pixels::<2>(filter, row, before),
        3 => unfilter_pixels::<3>(filter, row, before),
        4 => unfilter_pixels::<4>(filter, row, before),
        6 => unfilter_pixels::<6>(filter, row, before),
        _ => unfilter_pixels::<8>(filter, row, before),
    }
}

/// As [`unfilter`], for pixels of a known size, whose bytes are computed together.
fn unfilter_pixels<const STEP: usize>(filter: u8, row: &mut [u8], before: &[u8]) -> Result<(), PngError> {
    match filter {
        0 => {}
        1 => {
            let mut left = [0_u8; STEP];
            for pixel in row.as_chunks_mut::<STEP>().0 {
                for at in 0..STEP {
                    pixel[at] = pixel[at].wrapping_add(left[at]);
                }
                left = *pixel;
            }
        }
        2 => row.iter_mut().zip(before).for_each(|(byte, above)| *byte = byte.wrapping_add(*above)),
        3 => {
            let mut left = [0_u8; STEP];
            let pixels = row.as_chunks_mut::<STEP>().0.iter_mut().zip(before.as_chunks::<STEP>().0);
            for (pixel, above) in pixels {
                for at in 0..STEP {
                    let mean = (u16::from(left[at]) + u16::from(above[at])) / 2;
                    pixel[at] = pixel[at].wrapping_add(mean as u8);
                }
                left = *pixel;
            }
        }
        4 => paeth::<STEP>(row, before),
        found => return Err(PngError::Filter { found }),
    }
    Ok(())
}

fn paeth<const STEP: usize>(row: &mut [u8], before: &[u8]) {
    let (mut left, mut corner) = ([0_u8; STEP], [0_u8; STEP]);
    let pixels = row.as_chunks_mut::<STEP>().0.iter_mut().zip(before.as_chunks::<STEP>().0);
    for (pixel, above) in pixels {
        for at in 0..STEP {
            let [a, b, c] = [left[at], above[at], corner[at]].map(i16::from);
            let (pa, pb, pc) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
            let best = if pa <= pb && pa <= pc {
                a
            } else if pb <= pc {
                b
            } else {
                c
            };
            // One of three bytes.
            pixel[at] = pixel[at].wrapping_add(best as u8);
        }
        left = *pixel;
        corner = *above;
    }
}
