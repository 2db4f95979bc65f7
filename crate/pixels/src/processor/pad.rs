//! HPS v2's resize and padding.

use super::Processor;
use crate::{
    picture::Picture,
    pixels::Pixels,
    resample::{Axis, Element, Made, resample},
};

impl Processor {
    /// Resizes an image, pads it with zeros and normalises it.
    pub(super) fn pad(&self, picture: &Picture) -> Pixels {
        let size = self.size;
        let (width, height) = (picture.width(), picture.height());
        let scale = size as f64 / width.max(height) as f64;
        let axis = |source: usize| {
            let resized = ((source as f64 * scale).round_ties_even() as usize).clamp(1, size);
            (Axis { source, resized, first: 0, kept: resized }, (size - resized) / 2)
        };
        let ((columns, left), (rows, top)) = (axis(width), axis(height));
        let make = |bytes: &[u8], row: &mut Vec<Element>| {
            row.extend(bytes.iter().map(|&level| Element(f32::from(level) / 255.0)));
        };
        let source = Made { bytes: picture.values(), stride: width * 3, make };
        // In parts where the image is so tall that the intermediate result would be larger than
        // itself.
        let part = if height > 1 << 20 { 16 } else { rows.kept };
        let parts = (0..rows.kept).step_by(part).flat_map(|first| {
            let kept = part.min(rows.kept - first);
            resample::<Element, 3>(&source, columns, Axis { first, kept, ..rows })
        });
        let inner: Vec<Element> = parts.collect();
        let mut values = Vec::with_capacity(3 * size * size);
        for channel in 0..3 {
            let normalised = |value: f32| (value - self.mean[channel]) / self.deviation[channel];
            let start = values.len();
            values.resize(start + size * size, normalised(0.0));
            for (row, inner) in inner.chunks_exact(columns.kept * 3).enumerate() {
                let output = &mut values[start + (top + row) * size + left..][..columns.kept];
                for (output, pixel) in output.iter_mut().zip(inner.as_chunks::<3>().0) {
                    *output = normalised(pixel[channel].0);
                }
            }
        }
        Pixels { size, values }
    }
}
