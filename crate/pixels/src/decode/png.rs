//! PNG, with Pillow's way of bringing every kind to 8-bit RGB.

use png::{BitDepth, ColorType, Decoder, Limits as PngLimits, Transformations};

use super::{Format, Limits};
use crate::{Picture, PixelError};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PixelError> {
    let wrong = |error: png::DecodingError| Format::Png.damaged(error);
    let mut decoder =
        Decoder::new_with_limits(std::io::Cursor::new(bytes), PngLimits { bytes: limits.bytes() });
    // What may expand without end, and says nothing about a pixel.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Palettes and 1, 2 or 4 bits become 8; 16 bits stay, because Pillow's way down to 8 is its own.
    decoder.set_transformations(Transformations::EXPAND);
    let header = decoder.read_header_info().map_err(wrong)?;
    limits.check(header.width.into(), header.height.into())?;
    let mut reader = decoder.read_info().map_err(wrong)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let kind = reader.output_color_type();
    let mut values = Vec::with_capacity(width * height * 3);
    if reader.info().interlaced {
        let size = reader.output_buffer_size().ok_or_else(|| Format::Png.damaged("it is too large"))?;
        let mut buffer = vec![0; size];
        reader.next_frame(&mut buffer).map_err(wrong)?;
        to_rgb(&buffer, kind, &mut values);
    } else {
        while values.len() < width * height * 3 {
            let row = reader.next_row().map_err(wrong)?;
            let row = row.ok_or_else(|| Format::Png.damaged("it ends before its last row"))?;
            to_rgb(row.data(), kind, &mut values);
        }
    }
    match reader.finish() {
        // The checksums come after the pixels they are for. That the trailer is missing harms nobody, and Pillow accepts it.
        Err(png::DecodingError::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(wrong(error)),
        Ok(()) => {}
    }
    Picture::from_rgb(width, height, values, limits)
}

/// Appends samples of a kind as RGB.
fn to_rgb(samples: &[u8], kind: (ColorType, BitDepth), values: &mut Vec<u8>) {
    // Pillow takes the high byte of 16 bits, except of plain grey, which it reads as whole numbers and cuts at 255.
    let clipped = |[high, low]: [u8; 2]| if high == 0 { low } else { 255 };
    match kind {
        (ColorType::Grayscale, BitDepth::Sixteen) => {
            values.extend(samples.as_chunks().0.iter().flat_map(|&grey| [clipped(grey); 3]));
        }
        (ColorType::GrayscaleAlpha, BitDepth::Sixteen) => {
            values.extend(samples.as_chunks().0.iter().flat_map(|&[high, _, _, _]| [high; 3]));
        }
        (ColorType::Rgb, BitDepth::Sixteen) => {
            values.extend(samples.as_chunks().0.iter().flat_map(|&[r, _, g, _, b, _]| [r, g, b]));
        }
        (ColorType::Rgba, BitDepth::Sixteen) => {
            values.extend(samples.as_chunks().0.iter().flat_map(|&[r, _, g, _, b, _, _, _]| [r, g, b]));
        }
        (ColorType::Grayscale, _) => values.extend(samples.iter().flat_map(|&grey| [grey; 3])),
        (ColorType::GrayscaleAlpha, _) => {
            values.extend(samples.as_chunks().0.iter().flat_map(|&[grey, _]| [grey; 3]));
        }
        (ColorType::Rgb | ColorType::Indexed, _) => values.extend_from_slice(samples),
        (ColorType::Rgba, _) => {
            values.extend(samples.as_chunks().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]))
        }
    }
}
