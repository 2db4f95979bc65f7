//! Nearest-neighbour resampling.

use super::axis::Axis;

/// Pillow's nearest-neighbour resampling, for images with a palette and single bits:
/// `values [rows.source, columns.source, 3]` → `[rows.kept, columns.kept, 3]`.
pub(crate) fn nearest(values: &[u8], columns: Axis, rows: Axis) -> Vec<u8> {
    let across = nearest_places(columns);
    let pixels = values.as_chunks::<3>().0;
    let row = |y: usize| across.iter().flat_map(move |&x| pixels[y * columns.source + x]);
    nearest_places(rows).into_iter().flat_map(row).collect()
}

/// Source positions: `ImagingScaleAffine` of Pillow's `Geometry.c`, which accumulates the scale.
fn nearest_places(axis: Axis) -> Vec<usize> {
    /// Longer axes exceed Pillow's memory, so that there is no reference to follow.
    const LONGEST: usize = 1 << 24;
    let scale = axis.source as f64 / axis.resized as f64;
    let (mut place, mut passed) = (scale * 0.5, axis.first);
    if axis.resized > LONGEST {
        (place, passed) = (scale * (axis.first as f64 + 0.5), 0);
    }
    for _ in 0..passed {
        place += scale;
    }
    let mut next = || {
        let at = (place as usize).min(axis.source - 1);
        place += scale;
        at
    };
    (0..axis.kept).map(|_| next()).collect()
}
