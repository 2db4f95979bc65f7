//! TIFF: the first page, as Pillow reads it with libtiff. Unlike in other formats, the orientation
//! tag is applied, because Pillow rotates a TIFF when it loads one.
//!
//! Strips and tiles, classic and BigTIFF, both byte orders; uncompressed, PackBits, LZW, deflate
//! and JPEG. The error for anything else that Pillow reads names it.

mod compression;
mod directory;
mod error;
mod pixels;

use compression::{Compression, accumulate};
use directory::Directory;
use error::TiffError;
use pixels::{Description, Pixel};

use super::jpeg;
use crate::{
    error::PixelError,
    format::Format,
    limits::Limits,
    mode::{Keep, Mode},
    original::Original,
};

// Tags by number.
const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_LENGTHS: u16 = 279;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_LENGTHS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;

pub(super) fn decode(bytes: &[u8], limits: &Limits, keep: Keep) -> Result<Original, PixelError> {
    let wrong = |error: TiffError| Format::Tiff.damaged(error);
    let directory = Directory::read(bytes).map_err(wrong)?;
    let size = |tag| directory.required(tag).map_err(wrong);
    let (width, height) = (size(WIDTH)?, size(HEIGHT)?);
    limits.check(width, height)?;
    // Cannot truncate: `limits` has been checked.
    let (width, height) = (width as usize, height as usize);
    let image = Image::new(bytes, &directory, (width, height), limits).map_err(wrong)?;
    let mode = image.pixel.mode(keep);
    let values = image.decode(&mode).map_err(wrong)?;
    let orientation = directory.number(ORIENTATION, 1).unwrap_or(1);
    let (width, height, values) = turn(orientation, (width, height), mode.bytes(), values);
    Original::new(width, height, mode, values, limits)
}

/// The image as its tags describe it.
struct Image<'a> {
    bytes: &'a [u8],
    width: usize,
    height: usize,
    pixel: Pixel,
    compression: Compression,
    /// Whether each channel is stored as its own plane.
    planar: bool,
    predicted: bool,
    big_endian: bool,
    reversed: bool,
    jpeg: jpeg::Part,
    jpeg_tables: &'a [u8],
    /// Size of a strip or tile.
    part: (usize, usize),
    tiled: bool,
    offsets: Vec<u64>,
    lengths: Vec<u64>,
    limits: &'a Limits,
}

impl<'a> Image<'a> {
    fn new(
        bytes: &'a [u8],
        directory: &'a Directory,
        (width, height): (usize, usize),
        limits: &'a Limits,
    ) -> Result<Self, TiffError> {
        let compression = Compression::of(directory.number(COMPRESSION, 1)?)?;
        let planar = directory.number(PLANAR, 1)? == 2;
        let mut photometric = directory.number(PHOTOMETRIC, 0)?;
        let mut formats = directory.list(SAMPLE_FORMAT, &[1]);
        if formats.iter().all(|&format| Some(&format) == formats.first()) {
            formats.truncate(1);
        }
        let mut bits = directory.list(BITS, &[1]);
        let mut extra = directory.list(EXTRA_SAMPLES, &[]);
        let mut samples = directory.number(SAMPLES, 1)?;
        if planar && !extra.is_empty() && extra.iter().all(|&extra| extra == 0) {
            bits.truncate(bits.len().saturating_sub(extra.len()));
            samples = samples.saturating_sub(extra.len() as u64);
            extra.clear();
        }
        if samples > 6 {
            return Err(TiffError::Tag { tag: SAMPLES });
        }
        // At most 6.
        let samples = samples as usize;
        if samples < bits.len() {
            bits.truncate(samples);
        } else if bits.len() == 1 {
            bits = vec![bits[0]; samples];
        }
        if bits.len() != samples || samples == 0 {
            return Err(TiffError::Tag { tag: BITS });
        }
        let jpeg = match photometric {
            6 => jpeg::Part::YCbCr,
            _ => jpeg::Part::Unchanged,
        };
        if compression == Compression::Jpeg && photometric == 6 && samples == 3 {
            photometric = 2;
        }
        let fill_order = directory.number(FILL_ORDER, 1)?;
        let reversed = fill_order == 2;
        if !matches!(fill_order, 1 | 2) {
            return Err(TiffError::Tag { tag: FILL_ORDER });
        }
        let description = Description {
            photometric,
            formats,
            bits,
            extra,
            big_endian: directory.order.big_endian,
            reversed,
            palette: directory.list(COLOR_MAP, &[]),
        };
        if photometric == 3 && !directory.has(COLOR_MAP) {
            return Err(TiffError::Tag { tag: COLOR_MAP });
        }
        let pixel = description.pixel()?;
        let predictor = directory.number(PREDICTOR, 1)?;
        let predicted = matches!(compression, Compression::Lzw | Compression::Deflate) && predictor != 1;
        if predicted && (predictor != 2 || !matches!(pixel.bits, 8 | 16 | 32)) {
            return Err(TiffError::Unsupported { name: "this kind of predictor" });
        }
        let tiled = !directory.has(STRIP_OFFSETS) && directory.has(TILE_OFFSETS)
            || compression != Compression::None && directory.has(TILE_WIDTH);
        let part = if tiled {
            (directory.required(TILE_WIDTH)?, directory.required(TILE_HEIGHT)?)
        } else {
            (width as u64, directory.number(ROWS_PER_STRIP, height as u64)?.min(height as u64))
        };
        let most = limits.bytes() as u64;
        let needed = part.0.saturating_mul(part.1).saturating_mul(samples as u64 * u64::from(pixel.bits)) / 8;
        if needed > most {
            return Err(TiffError::Memory { needed, most });
        }
        if part.0 == 0 || part.1 == 0 {
            return Err(TiffError::Tag { tag: if tiled { TILE_WIDTH } else { ROWS_PER_STRIP } });
        }
        let (offsets, lengths) =
            if tiled { (TILE_OFFSETS, TILE_LENGTHS) } else { (STRIP_OFFSETS, STRIP_LENGTHS) };
        if !directory.has(offsets) {
            return Err(TiffError::Tag { tag: offsets });
        }
        Ok(Self {
            bytes,
            width,
            height,
            compression,
            planar: planar && samples > 1,
            predicted,
            big_endian: directory.order.big_endian,
            reversed,
            jpeg,
            jpeg_tables: &directory.jpeg_tables,
            // Bounded by the check of `needed`.
            part: (part.0 as usize, part.1 as usize),
            tiled,
            offsets: directory.list(offsets, &[]),
            lengths: directory.list(lengths, &[]),
            limits,
            pixel,
        })
    }

    fn decode(&self, mode: &Mode) -> Result<Vec<u8>, TiffError> {
        let bytes = mode.bytes();
        let (width, height) = (self.width, self.height);
        let (across, down) = (width.div_ceil(self.part.0), height.div_ceil(self.part.1));
        let per_plane = across * down;
        let planes = if self.planar { self.pixel.samples } else { 1 };
        let samples = if self.planar { 1 } else { self.pixel.samples };
        if self.compression != Compression::None && self.offsets.len() < per_plane * planes {
            let (found, expected) = (self.offsets.len(), per_plane * planes);
            return Err(TiffError::Parts { found, expected });
        }
        // Pillow uses the last offset if one strip is the whole image.
        let whole = per_plane == 1 && !self.planar && self.part == (width, height);
        let skipped = if whole && self.compression == Compression::None {
            self.offsets.len().saturating_sub(1)
        } else {
            0
        };
        let mut output = vec![0; width * height * bytes];
        // Samples of all planes of one row of parts, for planar images.
        let mut gathered = Vec::new();
        let sample_bytes = (self.pixel.bits as usize).div_ceil(8);
        let mut part = Vec::new();
        for row in 0..down {
            let rows = self.part.1.min(height - row * self.part.1);
            if self.planar {
                gathered.clear();
                gathered.resize(width * rows * self.pixel.samples * sample_bytes, 0);
            }
            for plane in 0..planes {
                for column in 0..across {
                    let index = skipped + plane * per_plane + row * across + column;
                    let Some(&offset) = self.offsets.get(index) else { continue };
                    let (left, wide) = (column * self.part.0, self.part.0.min(width - column * self.part.0));
                    let row_bytes = self.unpack(index, offset, (row, rows, wide), samples, &mut part)?;
                    for y in 0..rows {
                        let Some(line) = part.get(y * row_bytes..(y + 1) * row_bytes) else { continue };
                        if self.planar {
                            let pixel = self.pixel.samples * sample_bytes;
                            let start = (y * width + left) * pixel + plane * sample_bytes;
                            for (x, sample) in line.chunks_exact(sample_bytes).take(wide).enumerate() {
                                let at = start + x * pixel;
                                if let Some(to) = gathered.get_mut(at..at + sample_bytes) {
                                    to.copy_from_slice(sample);
                                }
                            }
                        } else {
                            let start = ((row * self.part.1 + y) * width + left) * bytes;
                            if let Some(to) = output.get_mut(start..start + wide * bytes) {
                                self.pixel.convert(mode, line, to);
                            }
                        }
                    }
                }
            }
            if self.planar {
                let line = width * self.pixel.samples * sample_bytes;
                for (y, line) in gathered.chunks_exact(line).enumerate() {
                    let start = (row * self.part.1 + y) * width * bytes;
                    if let Some(to) = output.get_mut(start..start + width * bytes) {
                        self.pixel.convert(mode, line, to);
                    }
                }
            }
        }
        Ok(output)
    }

    /// Unpacks a strip or tile into `part`, in native byte order, and returns the bytes per row.
    fn unpack(
        &self,
        index: usize,
        offset: u64,
        (row, rows, wide): (usize, usize, usize),
        samples: usize,
        part: &mut Vec<u8>,
    ) -> Result<usize, TiffError> {
        let row_bytes = self.pixel.row_bytes(self.part.0, samples).ok_or(TiffError::Truncated)?;
        let data = usize::try_from(offset).ok().and_then(|offset| self.bytes.get(offset..));
        let data = data.ok_or(TiffError::Truncated)?;
        // The last strip may have fewer rows, while tiles are always complete. Uncompressed parts
        // are only read as far as they are visible.
        let rows = if self.tiled && self.compression != Compression::None { self.part.1 } else { rows };
        part.clear();
        if self.compression == Compression::None {
            // The last row of a tile may end at the image's right edge.
            let needed = self.pixel.row_bytes(wide, samples).map(|last| row_bytes * (rows - 1) + last);
            let data = needed.and_then(|needed| data.get(..needed)).ok_or(TiffError::Truncated)?;
            part.extend_from_slice(data);
            part.resize(row_bytes * rows, 0);
            if self.reversed {
                part.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
            }
        } else {
            let length = self.lengths.get(index).map_or(Ok(data.len()), |&length| usize::try_from(length));
            let data = length.ok().and_then(|length| data.get(..length)).ok_or(TiffError::Truncated)?;
            if self.compression == Compression::Jpeg {
                return self.unpack_jpeg(data, (row, rows), samples, part);
            }
            part.resize(row_bytes * rows, 0);
            if self.reversed {
                let data: Vec<u8> = data.iter().map(|byte| byte.reverse_bits()).collect();
                self.compression.unpack(&data, part)?;
            } else {
                self.compression.unpack(data, part)?;
            }
        }
        if self.big_endian != cfg!(target_endian = "big") {
            match self.pixel.bits {
                16 => part.as_chunks_mut::<2>().0.iter_mut().for_each(|two| two.reverse()),
                32 => part.as_chunks_mut::<4>().0.iter_mut().for_each(|four| four.reverse()),
                _ => {}
            }
        }
        if self.predicted {
            accumulate(part, row_bytes, samples, self.pixel.bits);
        }
        if self.big_endian && self.compression != Compression::None && self.pixel.kind.is_swapped_twice() {
            part.chunks_exact_mut(self.pixel.bits as usize / 8).for_each(<[u8]>::reverse);
        }
        Ok(row_bytes)
    }

    fn unpack_jpeg(
        &self,
        data: &[u8],
        (_row, rows): (usize, usize),
        samples: usize,
        part: &mut Vec<u8>,
    ) -> Result<usize, TiffError> {
        let memory = self.limits.bytes() as u64;
        let whole = [self.jpeg_tables, data].concat();
        let decoded = jpeg::decode_part(&whole, self.jpeg, self.limits.max_pixels, memory);
        let decoded = decoded.map_err(|error| TiffError::Jpeg { reason: error.to_string() })?;
        if decoded.width < self.part.0 || decoded.height < rows || decoded.components != samples {
            return Err(TiffError::JpegPart);
        }
        *part = decoded.values;
        Ok(decoded.width * samples)
    }
}

/// Rotates or mirrors an image by its orientation tag: Pillow's `exif_transpose`.
fn turn(
    orientation: u64,
    (width, height): (usize, usize),
    bytes: usize,
    values: Vec<u8>,
) -> (usize, usize, Vec<u8>) {
    if !matches!(orientation, 2..=8) {
        return (width, height, values);
    }
    let swapped = orientation >= 5;
    let (new_width, new_height) = if swapped { (height, width) } else { (width, height) };
    let mut turned = Vec::with_capacity(values.len());
    for y in 0..new_height {
        for x in 0..new_width {
            let (x, y) = if swapped { (y, x) } else { (x, y) };
            let x = if matches!(orientation, 2 | 3 | 7 | 8) { width - 1 - x } else { x };
            let y = if matches!(orientation, 3 | 4 | 6 | 7) { height - 1 - y } else { y };
            let start = (y * width + x) * bytes;
            turned.extend_from_slice(&values[start..start + bytes]);
        }
    }
    (new_width, new_height, turned)
}
