//! JPEG, with Pillow's way from CMYK and YCCK to RGB.

use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{Format, Limits};
use crate::{Picture, PixelError};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PixelError> {
    let wrong = |error| Format::Jpeg.damaged(error);
    let options = |output| {
        // The format's own bound; ours is on the product.
        let sides = DecoderOptions::default().set_max_width(65_535).set_max_height(65_535);
        sides.jpeg_set_out_colorspace(output)
    };
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options(ColorSpace::RGB));
    decoder.decode_headers().map_err(wrong)?;
    let info = decoder.info().ok_or_else(|| Format::Jpeg.damaged("it has no size"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    limits.check(info.width.into(), info.height.into())?;
    if !complete(bytes) {
        return Err(Format::Jpeg.damaged("it ends before its end marker"));
    }
    // Four inks are taken as they are, because Pillow's way to RGB is its own.
    let inks = decoder.input_colorspace().filter(|space| space.num_components() == 4);
    if let Some(space) = inks {
        decoder.set_options(options(space));
    }
    let mut values = decoder.decode().map_err(wrong)?;
    if let Some(space) = inks {
        values = inks_to_rgb(&values, space == ColorSpace::YCCK);
    }
    Picture::from_rgb(width, height, values, limits)
}

/// Four inks a pixel → RGB: libjpeg's `ycck_cmyk_convert`, then Pillow's `cmyk2rgb`.
fn inks_to_rgb(samples: &[u8], ycck: bool) -> Vec<u8> {
    let one = |&[a, b, c, black]: &[u8; 4]| {
        let inks = if ycck { ycc_to_inks(a, b, c) } else { [a, b, c] };
        // Adobe stores inks inverted, and Pillow takes every file for Adobe's.
        let white = u32::from(black);
        inks.map(|ink| {
            let product = (255 - u32::from(ink)) * white + 128;
            // Rounded product over 255; never above `white`.
            white.saturating_sub(((product >> 8) + product) >> 8) as u8
        })
    };
    samples.as_chunks().0.iter().flat_map(one).collect()
}

/// Luma and chroma → the complement of RGB.
fn ycc_to_inks(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let (luma, blue, red) = (i32::from(luma), i32::from(blue) - 128, i32::from(red) - 128);
    const HALF: i32 = 1 << 15;
    let r = luma + ((91_881 * red + HALF) >> 16);
    let g = luma + ((-22_554 * blue - 46_802 * red + HALF) >> 16);
    let b = luma + ((116_130 * blue + HALF) >> 16);
    [r, g, b].map(|x| (255 - x).clamp(0, 255) as u8)
}

/// Segments from the beginning: (marker, content). Ends at the first scan's data.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (marker, content, later) = segment(rest)?;
        rest = later;
        Some((marker, content))
    })
}

/// The next segment, after any filling: (marker, content, what follows).
fn segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let start = bytes.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
    let (marker, rest) = (bytes[start + 1], &bytes[start + 2..]);
    // Markers that stand alone.
    if matches!(marker, 0x01 | 0xd0..=0xd9) {
        return Some((marker, &[], rest));
    }
    let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
    Some((marker, rest.get(2..length)?, rest.get(length..)?))
}

/// Whether the end marker is there. A decoder would fill what is missing with grey; Pillow refuses, and so do we.
fn complete(bytes: &[u8]) -> bool {
    segments(bytes).any(|(marker, _)| marker == 0xd9)
}
