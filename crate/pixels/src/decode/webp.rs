//! WebP: still images, and the first frame of animations.

use image_webp::WebPDecoder;

use crate::{error::PixelError, format::Format, limits::Limits, mode::Mode, original::Original};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Original, PixelError> {
    let wrong = |error| Format::WebP.damaged(error);
    // Files shorter than the container claims are refused, as libwebp does.
    let claimed = bytes.get(4..8).and_then(|length| length.try_into().ok()).map_or(0, u32::from_le_bytes);
    if (bytes.len() as u64) < u64::from(claimed) + 8 {
        return Err(Format::WebP.damaged(format_args!(
            "it has {} bytes of {}",
            bytes.len(),
            u64::from(claimed) + 8
        )));
    }
    let mut decoder = WebPDecoder::new(std::io::Cursor::new(bytes)).map_err(wrong)?;
    decoder.set_memory_limit(limits.bytes());
    let (width, height) = decoder.dimensions();
    limits.check(width.into(), height.into())?;
    let size = decoder.output_buffer_size().ok_or_else(|| Format::WebP.damaged("it is too large"))?;
    let mut buffer = vec![0; size];
    if decoder.is_animated() {
        decoder.read_frame(&mut buffer).map_err(wrong)?;
    } else {
        decoder.read_image(&mut buffer).map_err(wrong)?;
    }
    let (width, height) = (width as usize, height as usize);
    let mode = if decoder.has_alpha() { Mode::Rgba } else { Mode::Rgb };
    Original::new(width, height, mode, buffer, limits)
}
