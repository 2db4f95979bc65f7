//! GIF: the first frame on its canvas, as Pillow lays it.

use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use super::{Format, Limits};
use crate::{Picture, PixelError};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, PixelError> {
    let wrong = |error: gif::DecodingError| Format::Gif.damaged(error);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    let memory = std::num::NonZeroU64::new(limits.bytes() as u64);
    options.set_memory_limit(memory.map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    let mut decoder = options.read_info(bytes).map_err(wrong)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    limits.check(width as u64, height as u64)?;
    let info = decoder.next_frame_info().map_err(wrong)?;
    let frame = info.ok_or_else(|| Format::Gif.damaged("it has no frame"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (across, down) = (usize::from(frame.width), usize::from(frame.height));
    let transparent = frame.transparent.unwrap_or(0);
    let local = frame.palette.clone();
    // Where a frame reaches beyond the canvas, Pillow lets the canvas grow.
    let (width, height) = (width.max(left + across), height.max(top + down));
    limits.check(width as u64, height as u64)?;
    limits.check(across as u64, down as u64)?;
    let mut indexes = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut indexes).map_err(wrong)?;

    let palette = local.or_else(|| decoder.global_palette().map(<[u8]>::to_vec));
    let palette = palette.ok_or_else(|| Format::Gif.damaged("it has no palette"))?;
    let color = |index: u8| {
        let start = usize::from(index) * 3;
        palette.get(start..start + 3).map_or([0; 3], |color| [color[0], color[1], color[2]])
    };
    let mut values: Vec<u8> = Vec::with_capacity(width * height * 3);
    // Around the frame lies the transparent colour, which stays a colour when alpha is dropped.
    let around = color(transparent);
    for y in 0..height {
        let inside = y.checked_sub(top).filter(|y| *y < down);
        for x in 0..width {
            let at = inside.and_then(|y| Some(y * across + x.checked_sub(left).filter(|x| *x < across)?));
            values.extend(at.and_then(|at| indexes.get(at)).map_or(around, |&index| color(index)));
        }
    }
    Picture::from_rgb(width, height, values, limits)
}
