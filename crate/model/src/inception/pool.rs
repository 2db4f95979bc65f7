//! Pooling.

use super::image::Image;

/// The maximum of 3 × 3 pixels, without padding.
pub(super) fn maximum(image: &Image, stride: usize) -> Image {
    pool(image, stride, 0, &f32::max, &|value, _| value)
}

/// The maximum of the 3 × 3 pixels around each one.
pub(super) fn maximum_around(image: &Image) -> Image {
    pool(image, 1, 1, &f32::max, &|value, _| value)
}

/// The mean of the 3 × 3 pixels around each one; beyond the image there are none to count.
pub(super) fn mean_around(image: &Image) -> Image {
    pool(image, 1, 1, &|sum, value| sum + value, &|sum, count| sum / count)
}

/// The mean over all pixels: `[channels]`
pub(super) fn mean(image: &Image) -> Vec<f32> {
    let mut sums = vec![0.0_f64; image.channels];
    for pixel in image.values.chunks_exact(image.channels) {
        sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    let count = (image.height * image.width) as f64;
    sums.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// Combines 3 × 3 pixels, and finishes with the number of pixels in the image among them.
fn pool(
    image: &Image,
    stride: usize,
    padding: usize,
    combine: &dyn Fn(f32, f32) -> f32,
    finish: &dyn Fn(f32, f32) -> f32,
) -> Image {
    let &Image { height, width, channels, .. } = image;
    let size = |length: usize| (length + 2 * padding - 3) / stride + 1;
    let (rows, columns) = (size(height), size(width));
    let mut values = vec![0.0; rows * columns * channels];
    for (at, target) in values.chunks_exact_mut(channels).enumerate() {
        let (top, left) = (at / columns * stride, at % columns * stride);
        // Places count from the start of the padding.
        let inside = |start: usize, length: usize| {
            (start.max(padding) - padding)..(start + 3).min(length + padding) - padding
        };
        let mut count = 0.0;
        for y in inside(top, height) {
            for x in inside(left, width) {
                let source = &image.values[(y * width + x) * channels..][..channels];
                if count == 0.0 {
                    target.copy_from_slice(source);
                } else {
                    target.iter_mut().zip(source).for_each(|(value, &new)| *value = combine(*value, new));
                }
                count += 1.0;
            }
        }
        target.iter_mut().for_each(|value| *value = finish(*value, count));
    }
    Image { height: rows, width: columns, channels, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_are_those_of_torch() {
        // torch: x = arange(16).view(1, 1, 4, 4) % 7
        let values = (0..16).map(|at| (at % 7) as f32).collect();
        let image = Image { height: 4, width: 4, channels: 1, values };
        // F.max_pool2d(x, 3, 2), F.max_pool2d(x, 3, 1, 1)
        assert_eq!(maximum(&image, 2).values, [6.0]);
        let around = [5.0, 6.0, 6.0, 6.0, 5.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 4.0];
        assert_eq!(maximum_around(&image).values, around);
        // F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), times the number of pixels.
        let counts = [4.0, 6.0, 6.0, 4.0, 6.0, 9.0, 9.0, 6.0, 6.0, 9.0, 9.0, 6.0, 4.0, 6.0, 6.0, 4.0];
        let sums =
            [10.0, 18.0, 17.0, 11.0, 13.0, 24.0, 26.0, 18.0, 23.0, 32.0, 27.0, 14.0, 14.0, 17.0, 16.0, 8.0];
        let expected: Vec<f32> = sums.iter().zip(counts).map(|(sum, count)| sum / count).collect();
        assert_eq!(mean_around(&image).values, expected);
        // F.adaptive_avg_pool2d(x, 1)
        assert_eq!(mean(&image), [2.6875]);
    }
}
