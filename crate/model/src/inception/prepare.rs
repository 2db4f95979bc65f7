//! Prepares images as `pytorch-fid` does.

use pickscore_pixels::Picture;

use super::image::Image;

/// Width and height of the network's input.
const SIZE: usize = 299;

/// Levels `[height, width, 3]` → `[299, 299, 3]` in −1 to 1.
///
/// torch's `F.interpolate(x / 255, size=(299, 299), mode="bilinear", align_corners=False)`, which
/// does not antialias, then 2x − 1.
pub(super) fn prepare(picture: &Picture) -> Image {
    let (rows, columns) = (Axis::new(picture.height()), Axis::new(picture.width()));
    let width = picture.width();
    let mut values = Vec::with_capacity(SIZE * SIZE * 3);
    for row in &rows.0 {
        for column in &columns.0 {
            for channel in 0..3 {
                let level =
                    |y: usize, x: usize| f32::from(picture.values()[(y * width + x) * 3 + channel]) / 255.0;
                let between = |y: usize| {
                    let [near, far] = column.places;
                    (1.0 - column.share) * level(y, near) + column.share * level(y, far)
                };
                let [near, far] = row.places;
                let value = (1.0 - row.share) * between(near) + row.share * between(far);
                values.push(2.0 * value - 1.0);
            }
        }
    }
    Image { height: SIZE, width: SIZE, channels: 3, values }
}

/// Where the values along one axis come from.
struct Axis(Vec<Source>);

/// Two neighbouring places, and the share of the second.
struct Source {
    places: [usize; 2],
    share: f32,
}

impl Axis {
    /// In f32, as torch computes it.
    fn new(length: usize) -> Self {
        let scale = length as f32 / SIZE as f32;
        let source = |at: usize| {
            let place = (scale * (at as f32 + 0.5) - 0.5).max(0.0);
            let near = (place as usize).min(length - 1);
            Source {
                places: [near, (near + 1).min(length - 1)],
                share: (place - near as f32).clamp(0.0, 1.0),
            }
        };
        Self((0..SIZE).map(source).collect())
    }
}
