//! ImageReward's resize and crop, before the conversion to RGB.

use super::Processor;
use crate::{
    mode::Mode,
    original::Original,
    resample::{Made, Plain, nearest, resample},
};

impl Processor {
    /// Resizes and crops an image in its own mode.
    pub(super) fn crop_original(&self, original: &Original) -> Original {
        let (width, bytes, mode) = (original.width(), original.values(), original.mode());
        // The shortest edge has the right size, so the crop is within the image.
        let ((columns, _), (rows, _)) = self.axes(width, original.height());
        let stride = width * mode.bytes();
        let plain = Plain { bytes, stride };
        let unchanged = columns.resized == columns.source && rows.resized == rows.source;
        let values = match mode {
            Mode::Rgb => resample::<u8, 3>(&plain, columns, rows),
            Mode::Indexed => nearest(bytes, columns, rows),
            Mode::Rgba if !unchanged => {
                let premultiplied = Made { bytes, stride, make: premultiply };
                let mut values = resample::<u8, 4>(&premultiplied, columns, rows);
                values.as_chunks_mut().0.iter_mut().for_each(unpremultiply);
                values
            }
            Mode::Rgba | Mode::Cmyk => resample::<u8, 4>(&plain, columns, rows),
            Mode::IndexedAlpha if unchanged => resample::<u8, 3>(&plain, columns, rows),
            Mode::IndexedAlpha => vec![0; 3 * self.size * self.size],
            Mode::Whole16 { swapped: false } => {
                let make = |bytes: &[u8], row: &mut Vec<u16>| {
                    row.extend(bytes.as_chunks().0.iter().map(|&two| u16::from_ne_bytes(two)));
                };
                let values = resample::<u16, 1>(&Made { bytes, stride, make }, columns, rows);
                values.into_iter().flat_map(u16::to_ne_bytes).collect()
            }
            Mode::Whole16 { swapped: true } => {
                let make = |bytes: &[u8], row: &mut Vec<u16>| {
                    row.extend(bytes.as_chunks().0.iter().map(|&two| u16::from_ne_bytes(two).swap_bytes()));
                };
                let values = resample::<u16, 1>(&Made { bytes, stride, make }, columns, rows);
                values.into_iter().map(u16::swap_bytes).flat_map(u16::to_ne_bytes).collect()
            }
            Mode::Whole32 => {
                let make = |bytes: &[u8], row: &mut Vec<i32>| {
                    row.extend(bytes.as_chunks().0.iter().map(|&four| i32::from_ne_bytes(four)));
                };
                let values = resample::<i32, 1>(&Made { bytes, stride, make }, columns, rows);
                values.into_iter().flat_map(i32::to_ne_bytes).collect()
            }
            Mode::Float => {
                let make = |bytes: &[u8], row: &mut Vec<f32>| {
                    row.extend(bytes.as_chunks().0.iter().map(|&four| f32::from_ne_bytes(four)));
                };
                let values = resample::<f32, 1>(&Made { bytes, stride, make }, columns, rows);
                values.into_iter().flat_map(f32::to_ne_bytes).collect()
            }
        };
        original.with(self.size, self.size, values)
    }
}

/// `rgba2rgbA` of Pillow's `Convert.c`.
fn premultiply(bytes: &[u8], row: &mut Vec<u8>) {
    row.extend(bytes.as_chunks().0.iter().flat_map(|&[red, green, blue, alpha]| {
        let times_alpha = |level: u8| {
            let product = u32::from(level) * u32::from(alpha) + 128;
            // The product divided by 255 and rounded.
            (((product >> 8) + product) >> 8) as u8
        };
        [times_alpha(red), times_alpha(green), times_alpha(blue), alpha]
    }));
}

/// `rgbA2rgba` of Pillow's `Convert.c`.
fn unpremultiply(pixel: &mut [u8; 4]) {
    let [colors @ .., alpha] = pixel;
    if !matches!(alpha, 0 | 255) {
        let over_alpha =
            |level: &mut u8| *level = (255 * u32::from(*level) / u32::from(*alpha)).min(255) as u8;
        colors.iter_mut().for_each(over_alpha);
    }
}
