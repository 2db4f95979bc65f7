//! From a file's components to RGB: libjpeg's `jdcolor.c`, and Pillow's `convert("RGB")` for inks.

use super::header::Header;
use crate::cmyk::cmyk_to_rgb;

/// What a file's components are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Color {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
    /// Inks that are not converted to RGB.
    CmykInks,
    YcckInks,
    /// Samples are interleaved but not converted.
    Unchanged,
}

impl Color {
    /// libjpeg's guess, `default_decompress_parms` of `jdapimin.c`. `ids` are those of components.
    pub(super) fn of(header: &Header, ids: &[u8]) -> Self {
        match (ids, header.adobe) {
            ([_], _) => Self::Grey,
            ([_, _, _], _) if header.jfif => Self::YCbCr,
            ([_, _, _], Some(transform)) => {
                if transform == 0 {
                    Self::Rgb
                } else {
                    Self::YCbCr
                }
            }
            ([b'R', b'G', b'B'], None) => Self::Rgb,
            ([_, _, _], None) => Self::YCbCr,
            (_, None | Some(0)) => Self::Cmyk,
            _ => Self::Ycck,
        }
    }

    /// The same without the conversion from inks to RGB.
    pub(super) fn keeping_inks(self) -> Self {
        match self {
            Self::Cmyk => Self::CmykInks,
            Self::Ycck => Self::YcckInks,
            other => other,
        }
    }

    /// Whether the result consists of inks.
    pub(super) fn is_inks(self) -> bool {
        matches!(self, Self::CmykInks | Self::YcckInks)
    }

    /// Bytes of a pixel after the conversion.
    pub(super) fn channels(self, components: usize) -> usize {
        match self {
            Self::Unchanged => components,
            Self::CmykInks | Self::YcckInks => 4,
            _ => 3,
        }
    }

    /// Converts a row. `rows` has a row for each component, `output` the row's pixels.
    pub(super) fn convert(self, rows: &[&[u8]], output: &mut [u8]) {
        match (self, rows) {
            (Self::Grey, [grey, ..]) => {
                for (pixel, &level) in output.as_chunks_mut().0.iter_mut().zip(*grey) {
                    *pixel = [level; 3];
                }
            }
            (Self::Rgb, [red, green, blue, ..]) => interleave(red, green, blue, output),
            (Self::YCbCr, [luma, cb, cr, ..]) => from_ycc(luma, cb, cr, output),
            (Self::Cmyk | Self::Ycck | Self::CmykInks | Self::YcckInks, [a, b, c, black, ..]) => {
                let pixels = output.chunks_exact_mut(self.channels(4));
                for (pixel, (((&a, &b), &c), &black)) in pixels.zip(a.iter().zip(*b).zip(*c).zip(*black)) {
                    let converted = matches!(self, Self::Ycck | Self::YcckInks);
                    let inks = if converted { ycc(a, b, c).map(|x| 255 - x) } else { [a, b, c] };
                    // Adobe stores inks inverted, and Pillow treats every file as Adobe's.
                    let [cyan, magenta, yellow] = inks.map(|ink| 255 - ink);
                    let inks = [cyan, magenta, yellow, 255 - black];
                    if self.is_inks() {
                        pixel.copy_from_slice(&inks);
                    } else {
                        pixel.copy_from_slice(&cmyk_to_rgb(inks));
                    }
                }
            }
            (Self::Unchanged, rows) => {
                for (x, pixel) in output.chunks_exact_mut(rows.len().max(1)).enumerate() {
                    for (sample, row) in pixel.iter_mut().zip(rows) {
                        *sample = row.get(x).copied().unwrap_or(0);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Luma and chroma → RGB, with libjpeg's constants scaled by 2^16.
#[inline(always)]
fn ycc(luma: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (luma, cb, cr) = (i32::from(luma), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = luma + ((91_881 * cr + HALF) >> 16);
    let green = luma + ((-22_554 * cb - 46_802 * cr + HALF) >> 16);
    let blue = luma + ((116_130 * cb + HALF) >> 16);
    [red, green, blue].map(|x| x.clamp(0, 255) as u8)
}

fn from_ycc(luma: &[u8], cb: &[u8], cr: &[u8], output: &mut [u8]) {
    // Sixteen pixels at a time into planes, which the compiler vectorises.
    const AT_ONCE: usize = 16;
    let (pixels, _) = output.as_chunks_mut::<3>();
    let inputs = luma.chunks(AT_ONCE).zip(cb.chunks(AT_ONCE)).zip(cr.chunks(AT_ONCE));
    for (pixels, ((luma, cb), cr)) in pixels.chunks_mut(AT_ONCE).zip(inputs) {
        if let (Some(luma), Some(cb), Some(cr), [_, .., _]) =
            (luma.first_chunk::<AT_ONCE>(), cb.first_chunk::<AT_ONCE>(), cr.first_chunk::<AT_ONCE>(), &pixels)
        {
            let mut planes = [[0; AT_ONCE]; 3];
            for at in 0..AT_ONCE {
                let [red, green, blue] = ycc(luma[at], cb[at], cr[at]);
                planes[0][at] = red;
                planes[1][at] = green;
                planes[2][at] = blue;
            }
            for (at, pixel) in pixels.iter_mut().enumerate() {
                *pixel = [planes[0][at], planes[1][at], planes[2][at]];
            }
        } else {
            for (pixel, ((&luma, &cb), &cr)) in pixels.iter_mut().zip(luma.iter().zip(cb).zip(cr)) {
                *pixel = ycc(luma, cb, cr);
            }
        }
    }
}

fn interleave(red: &[u8], green: &[u8], blue: &[u8], output: &mut [u8]) {
    let levels = red.iter().zip(green).zip(blue);
    for (pixel, ((&red, &green), &blue)) in output.as_chunks_mut().0.iter_mut().zip(levels) {
        *pixel = [red, green, blue];
    }
}
