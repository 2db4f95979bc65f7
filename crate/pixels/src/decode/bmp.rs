//! BMP.

use image::{ColorType, ImageDecoder, codecs::bmp::BmpDecoder};

use super::{Format, Limits};
use crate::{Picture, PixelError};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PixelError> {
    let wrong = |error| Format::Bmp.damaged(error);
    let decoder = BmpDecoder::new(std::io::Cursor::new(bytes)).map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    limits.check(width.into(), height.into())?;
    let kind = decoder.color_type();
    let mut buffer = vec![0; width as usize * height as usize * usize::from(kind.bytes_per_pixel())];
    decoder.read_image(&mut buffer).map_err(wrong)?;
    if let Some(bits) = few_bits(bytes) {
        for pixel in buffer.chunks_exact_mut(usize::from(kind.bytes_per_pixel())) {
            pixel.iter_mut().zip(bits).for_each(|(level, bits)| *level = cut(*level, bits));
        }
    }
    let (width, height) = (width as usize, height as usize);
    match kind {
        ColorType::Rgba8 => Picture::from_rgba(width, height, &buffer, limits),
        ColorType::L8 => {
            let values = buffer.iter().flat_map(|&grey| [grey; 3]).collect();
            Picture::from_rgb(width, height, values, limits)
        }
        _ => Picture::from_rgb(width, height, buffer, limits),
    }
}

/// Bits of red, green and blue, where a pixel has 16 in all.
fn few_bits(bytes: &[u8]) -> Option<[u32; 3]> {
    let word =
        |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
    let bits_per_pixel = word(28)? & 0xffff;
    // The masks follow the first header's 40 bytes, or are part of a longer one; without them it is five bits each.
    const BITFIELDS: u32 = 3;
    let masks = if word(30)? == BITFIELDS { [word(54)?, word(58)?, word(62)?] } else { [0x1f; 3] };
    (bits_per_pixel == 16).then(|| masks.map(u32::count_ones))
}

/// A level that was rounded up from few bits → as Pillow brings it up, which cuts the fraction off.
fn cut(level: u8, bits: u32) -> u8 {
    let most = (1 << bits.clamp(1, 8)) - 1;
    let value = (u32::from(level) * most + 127) / 255;
    // At most 255, because `value` is at most `most`.
    (value * 255 / most) as u8
}
