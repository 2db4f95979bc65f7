//! The layout of a pixel, and its conversion to RGB: the table `OPEN_INFO` of Pillow's
//! `TiffImagePlugin`, then `convert("RGB")`.

use super::error::TiffError;
use crate::{
    cmyk::cmyk_to_rgb,
    mode::{Keep, Mode},
};

/// What the samples of a pixel are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Grey of 1, 2, 4 or 8 bits; black is the highest level if inverted.
    Grey {
        bits: u32,
        inverted: bool,
    },
    /// An integer of 12, 16 or 32 bits. Pillow clamps it to 255.
    Whole {
        bits: u32,
        signed: bool,
    },
    /// 32-bit floating point, clamped to 0 to 255.
    Float,
    /// An index of a palette.
    Palette {
        bits: u32,
        colors: Vec<[u8; 3]>,
    },
    Rgb,
    /// RGB premultiplied by the alpha that follows.
    Premultiplied,
    /// Inks, 0 for none.
    Cmyk,
}

impl Kind {
    /// Whether Pillow assumes the file's byte order for samples that libtiff has already swapped.
    pub(super) fn is_swapped_twice(&self) -> bool {
        matches!(self, Self::Float | Self::Whole { bits: 16 | 32, signed: true })
    }
}

/// The layout of a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pixel {
    pub(super) kind: Kind,
    /// Samples per pixel, including unused ones.
    pub(super) samples: usize,
    /// Bits of a sample.
    pub(super) bits: u32,
    /// Whether the sample after the colors is alpha.
    alpha: bool,
    /// Whether the file is big-endian, an order in which Pillow keeps 16-bit integers.
    big_endian: bool,
}

/// The tags that describe pixels.
pub(super) struct Description {
    pub(super) photometric: u64,
    pub(super) formats: Vec<u64>,
    pub(super) bits: Vec<u64>,
    pub(super) extra: Vec<u64>,
    pub(super) big_endian: bool,
    pub(super) reversed: bool,
    /// Values of the color map.
    pub(super) palette: Vec<u64>,
}

impl Description {
    /// The layout, if Pillow supports the description.
    pub(super) fn pixel(&self) -> Result<Pixel, TiffError> {
        let unsupported = || TiffError::Pixels {
            photometric: self.photometric,
            bits: self.bits.clone(),
            formats: self.formats.clone(),
            extra: self.extra.clone(),
        };
        let first = self.bits.first().copied().unwrap_or(0);
        let (&[format], true) = (self.formats.as_slice(), self.bits.iter().all(|&bits| bits == first)) else {
            return Err(unsupported());
        };
        let bits = first as u32;
        let count = self.bits.len();
        let little = !self.big_endian;
        let colors = || {
            let third = self.palette.len() / 3;
            let level = |index: usize| self.palette.get(index).map_or(0, |level| (level / 256) as u8);
            (0..third.min(256)).map(|at| [level(at), level(third + at), level(2 * third + at)]).collect()
        };
        let kind = match (self.photometric, format, first, count, self.extra.as_slice()) {
            (0 | 1, 1, 1 | 2 | 4 | 8, 1, []) => Kind::Grey { bits, inverted: self.photometric == 0 },
            (1, 2, 8, 1, []) if !self.reversed => Kind::Grey { bits, inverted: false },
            (1, 1, 8, 2, [0 | 2]) if !self.reversed => Kind::Grey { bits, inverted: false },
            (1, 1, 12, 1, []) if little && !self.reversed => Kind::Whole { bits, signed: false },
            (0, 1, 16, 1, []) if little && !self.reversed => Kind::Whole { bits, signed: false },
            (1, 1, 16, 1, []) if little || !self.reversed => Kind::Whole { bits, signed: false },
            (1, 1, 32, 1, []) if little && !self.reversed => Kind::Whole { bits, signed: true },
            (1, 2, 16 | 32, 1, []) if !self.reversed => Kind::Whole { bits, signed: true },
            (0 | 1, 3, 32, 1, []) if !self.reversed => Kind::Float,
            (2, 1, 8, 3, []) => Kind::Rgb,
            (2, 1, 16, 3, []) if !self.reversed => Kind::Rgb,
            (2, 1, 8, 4..=6, [0, rest @ ..]) | (2, 1, 8, 4..=6, [2, rest @ ..])
                if !self.reversed && rest.len() + 4 == count && rest.iter().all(|&extra| extra == 0) =>
            {
                Kind::Rgb
            }
            (2, 1, 8, 4..=6, [1, rest @ ..])
                if !self.reversed && rest.len() + 4 == count && rest.iter().all(|&extra| extra == 0) =>
            {
                Kind::Premultiplied
            }
            (2, 1, 8, 4, [] | [999]) | (2, 1, 16, 4, [] | [0] | [2]) if !self.reversed => Kind::Rgb,
            (2, 1, 16, 4, [1]) if !self.reversed => Kind::Premultiplied,
            (3, 1, 1 | 2 | 4 | 8, 1, []) => Kind::Palette { bits, colors: colors() },
            (3, 1, 8, 2, [0 | 2]) if !self.reversed => Kind::Palette { bits, colors: colors() },
            (5, 1, 8, 4..=6, extra)
                if !self.reversed && extra.len() + 4 == count && extra.iter().all(|&extra| extra == 0) =>
            {
                Kind::Cmyk
            }
            (5, 1, 16, 4, []) if !self.reversed => Kind::Cmyk,
            (6, 1, 8, 1, []) if !self.reversed => Kind::Grey { bits, inverted: false },
            (6, ..) => return Err(TiffError::Unsupported { name: "luma and chroma (YCbCr) without JPEG" }),
            (8, ..) => return Err(TiffError::Unsupported { name: "CIE L*a*b*" }),
            _ => return Err(unsupported()),
        };
        let alpha = match (self.extra.as_slice(), &kind) {
            ([1 | 2 | 999, ..], _) => true,
            ([], Kind::Rgb) => count == 4,
            _ => false,
        };
        Ok(Pixel { kind, samples: count, bits, alpha, big_endian: self.big_endian })
    }
}

impl Pixel {
    /// Bytes of a row of `width` pixels.
    pub(super) fn row_bytes(&self, width: usize, samples: usize) -> Option<usize> {
        Some(width.checked_mul(samples)?.checked_mul(self.bits as usize)?.div_ceil(8))
    }

    /// `OPEN_INFO` of Pillow's `TiffImagePlugin`.
    pub(super) fn mode(&self, keep: Keep) -> Mode {
        match (&self.kind, keep) {
            (Kind::Palette { .. }, Keep::Mode) if self.alpha => Mode::IndexedAlpha,
            (Kind::Grey { bits: 1, .. } | Kind::Palette { .. }, _) => Mode::Indexed,
            (Kind::Grey { .. } | Kind::Rgb | Kind::Premultiplied, Keep::Mode) if self.alpha => Mode::Rgba,
            (Kind::Whole { signed: false, .. }, Keep::Mode) => {
                Mode::Whole16 { swapped: self.big_endian && self.bits == 16 }
            }
            (Kind::Whole { .. }, Keep::Mode) => Mode::Whole32,
            (Kind::Float, Keep::Mode) => Mode::Float,
            (Kind::Cmyk, Keep::Mode) => Mode::Cmyk,
            _ => Mode::Rgb,
        }
    }

    /// Converts a row of samples in native byte order to a mode of [`Pixel::mode`].
    pub(super) fn convert(&self, mode: &Mode, row: &[u8], output: &mut [u8]) {
        let high = if self.bits == 16 { (2, usize::from(cfg!(target_endian = "little"))) } else { (1, 0) };
        let level = |x: usize, sample: usize| {
            row.get((x * self.samples + sample) * high.0 + high.1).copied().unwrap_or(0)
        };
        match (mode, &self.kind) {
            (Mode::Rgba, _) => {
                let mut colors = vec![0; output.len() / 4 * 3];
                self.to_rgb(row, &mut colors);
                let alpha = if matches!(self.kind, Kind::Grey { .. }) { 1 } else { 3 };
                let pixels = output.as_chunks_mut().0.iter_mut().zip(colors.as_chunks().0);
                for (x, (pixel, &[red, green, blue])) in pixels.enumerate() {
                    *pixel = [red, green, blue, level(x, alpha)];
                }
            }
            (Mode::Cmyk, _) => {
                for (x, pixel) in output.as_chunks_mut().0.iter_mut().enumerate() {
                    *pixel = [0, 1, 2, 3].map(|sample| level(x, sample));
                }
            }
            (Mode::Whole16 { .. }, Kind::Whole { bits, signed }) => {
                for (x, sample) in output.as_chunks_mut().0.iter_mut().enumerate() {
                    // Cannot truncate: at most 16 unsigned bits.
                    *sample = (whole(row, x, *bits, *signed) as u16).to_ne_bytes();
                }
            }
            (Mode::Whole32, Kind::Whole { bits, signed }) => {
                for (x, sample) in output.as_chunks_mut().0.iter_mut().enumerate() {
                    // Cannot truncate: at most 32 signed bits.
                    *sample = (whole(row, x, *bits, *signed) as i32).to_ne_bytes();
                }
            }
            (Mode::Float, _) => {
                for (sample, &four) in output.as_chunks_mut().0.iter_mut().zip(row.as_chunks::<4>().0) {
                    *sample = four;
                }
            }
            _ => self.to_rgb(row, output),
        }
    }

    /// Converts a row of samples in native byte order to RGB.
    fn to_rgb(&self, row: &[u8], output: &mut [u8]) {
        let pixels = output.as_chunks_mut::<3>().0.iter_mut().enumerate();
        // The high byte of a sample, which is all that Pillow uses of 16-bit colors.
        let (size, high) =
            if self.bits == 16 { (2, usize::from(cfg!(target_endian = "little"))) } else { (1, 0) };
        let level = |x: usize, sample: usize| {
            row.get((x * self.samples + sample) * size + high).copied().unwrap_or(0)
        };
        match &self.kind {
            Kind::Grey { bits, inverted } => {
                let most = (1_u32 << bits) - 1;
                for (x, pixel) in pixels {
                    let value = if *bits == 8 { level(x, 0).into() } else { packed(row, x, *bits) };
                    let value = if *inverted { most - value } else { value };
                    *pixel = [(value * 255 / most) as u8; 3];
                }
            }
            Kind::Whole { bits, signed } => {
                for (x, pixel) in pixels {
                    *pixel = [whole(row, x, *bits, *signed).clamp(0, 255) as u8; 3];
                }
            }
            Kind::Float => {
                for (x, pixel) in pixels {
                    let bytes = row.get(x * 4..).and_then(|rest| rest.first_chunk());
                    // The cast clamps, and turns NaN into 0.
                    *pixel = [bytes.map_or(0, |&bytes| f32::from_ne_bytes(bytes) as u8); 3];
                }
            }
            Kind::Palette { bits, colors } => {
                for (x, pixel) in pixels {
                    let index = if *bits == 8 { level(x, 0).into() } else { packed(row, x, *bits) };
                    *pixel = colors.get(index as usize).copied().unwrap_or_default();
                }
            }
            Kind::Rgb => {
                for (x, pixel) in pixels {
                    *pixel = [level(x, 0), level(x, 1), level(x, 2)];
                }
            }
            Kind::Premultiplied => {
                for (x, pixel) in pixels {
                    let alpha = u32::from(level(x, 3));
                    *pixel = [level(x, 0), level(x, 1), level(x, 2)].map(|level| match alpha {
                        0 => 0,
                        alpha => (u32::from(level) * 255 / alpha).min(255) as u8,
                    });
                }
            }
            Kind::Cmyk => {
                for (x, pixel) in pixels {
                    *pixel = cmyk_to_rgb([0, 1, 2, 3].map(|sample| level(x, sample)));
                }
            }
        }
    }
}

/// A sample of fewer than 8 bits.
fn packed(row: &[u8], x: usize, bits: u32) -> u32 {
    let at = x * bits as usize;
    let byte = u32::from(row.get(at / 8).copied().unwrap_or(0));
    (byte >> (8 - bits - (at % 8) as u32)) & ((1 << bits) - 1)
}

fn whole(row: &[u8], x: usize, bits: u32, signed: bool) -> i64 {
    let part = |at: usize| u32::from(row.get(at).copied().unwrap_or(0));
    match bits {
        12 => {
            let at = x / 2 * 3;
            let (a, b, c) = (part(at), part(at + 1), part(at + 2));
            i64::from(if x.is_multiple_of(2) { a << 4 | b >> 4 } else { (b & 15) << 8 | c })
        }
        16 => {
            let value = row
                .get(x * 2..)
                .and_then(|rest| rest.first_chunk())
                .map_or(0, |&two| u16::from_ne_bytes(two));
            if signed { (value as i16).into() } else { value.into() }
        }
        _ => {
            let value = row
                .get(x * 4..)
                .and_then(|rest| rest.first_chunk())
                .map_or(0, |&four| u32::from_ne_bytes(four));
            if signed { (value as i32).into() } else { value.into() }
        }
    }
}
