//! A convolution with its normalisation and ReLU, as a matrix product of image patches.

use super::image::Image;
use crate::towers::Dense;

/// Maximum size of the patches of one product in bytes, so that they stay in the cache.
const PATCHES: usize = 1 << 20;

/// The place of a convolution's patches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Height and width.
    pub(super) kernel: [usize; 2],
    pub(super) stride: usize,
    /// Rows and columns of zeros on each side.
    pub(super) padding: [usize; 2],
}

/// `BasicConv2d` of torchvision: a convolution without bias, batch normalisation, ReLU.
#[derive(Debug)]
pub(super) struct Convolution {
    window: Window,
    /// `[outputs, height · width · inputs]`, with the normalisation folded in.
    dense: Dense,
}

impl Convolution {
    pub(super) fn new(window: Window, dense: Dense) -> Self {
        Self { window, dense }
    }

    /// `[height, width, inputs]` → `[rows, columns, outputs]`
    pub(super) fn apply(&self, image: &Image) -> Image {
        let Window { kernel, stride, padding } = self.window;
        let size = |length: usize, axis: usize| (length + 2 * padding[axis] - kernel[axis]) / stride + 1;
        let (rows, columns) = (size(image.height, 0), size(image.width, 1));
        let (pixels, channels) = (rows * columns, self.dense.outputs());
        let mut values = vec![0.0; pixels * channels];
        if kernel == [1, 1] && stride == 1 {
            self.dense.apply(pixels, &image.values, &mut values);
        } else {
            let inputs = kernel[0] * kernel[1] * image.channels;
            let at_once = (PATCHES / (inputs * size_of::<f32>())).clamp(1, pixels);
            let mut patches = vec![0.0; at_once * inputs];
            for start in (0..pixels).step_by(at_once) {
                let range = start..(start + at_once).min(pixels);
                let patches = &mut patches[..range.len() * inputs];
                for (pixel, patch) in range.clone().zip(patches.chunks_exact_mut(inputs)) {
                    self.window.copy(image, [pixel / columns, pixel % columns], patch);
                }
                let target = &mut values[range.start * channels..range.end * channels];
                self.dense.apply(range.len(), patches, target);
            }
        }
        values.iter_mut().for_each(|value| *value = value.max(0.0));
        Image { height: rows, width: columns, channels, values }
    }
}

impl Window {
    /// Copies the patch of an output pixel, `[height, width, inputs]`.
    fn copy(self, image: &Image, [row, column]: [usize; 2], patch: &mut [f32]) {
        let channels = image.channels;
        let width = self.kernel[1] * channels;
        // Places count from the start of the padding.
        let left = column * self.stride;
        let first = left.max(self.padding[1]);
        let last = (left + self.kernel[1]).min(image.width + self.padding[1]);
        for (line, target) in patch.chunks_exact_mut(width).enumerate() {
            let y = row * self.stride + line;
            if y < self.padding[0] || y >= image.height + self.padding[0] {
                target.fill(0.0);
                continue;
            }
            let start = ((y - self.padding[0]) * image.width + first - self.padding[1]) * channels;
            let (before, after) = ((first - left) * channels, (last - left) * channels);
            target[..before].fill(0.0);
            target[before..after].copy_from_slice(&image.values[start..start + after - before]);
            target[after..].fill(0.0);
        }
    }
}
