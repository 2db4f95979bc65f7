//! The resize and centre crop of CLIP and ImageReward.

use super::{Method, Processor, Resize};
use crate::{
    picture::Picture,
    resample::{Axis, Plain, resample},
};

impl Processor {
    /// Resizes and crops an image for [`Method::Clip`] or [`Method::ImageReward`]: levels
    /// `[size, size, 3]`.
    pub fn crop(&self, picture: &Picture) -> Vec<u8> {
        let size = self.size;
        let ((columns, left), (rows, top)) = self.axes(picture.width(), picture.height());
        let source = Plain { bytes: picture.values(), stride: picture.width() * 3 };
        let inner = resample::<u8, 3>(&source, columns, rows);
        if columns.kept == size && rows.kept == size {
            return inner;
        }
        let mut padded = vec![0; size * size * 3];
        for (row, inner) in inner.chunks_exact(columns.kept * 3).enumerate() {
            padded[((top + row) * size + left) * 3..][..inner.len()].copy_from_slice(inner);
        }
        padded
    }

    /// The columns and rows to keep, each with its position in the result.
    pub(super) fn axes(&self, width: usize, height: usize) -> ((Axis, usize), (Axis, usize)) {
        let (across, down) = self.resized(width, height);
        let axis = |source, resized| crop_axis(self.method, source, resized, self.size);
        (axis(width, across), axis(height, down))
    }

    /// Width and height before the crop: `get_resize_output_image_size` of transformers'
    /// `image_transforms.py`, and torchvision's `Resize`.
    fn resized(&self, width: usize, height: usize) -> (usize, usize) {
        let resize = match self.method {
            Method::ImageReward => Resize::Shortest(self.size),
            Method::Clip | Method::Hps => self.resize,
        };
        match resize {
            Resize::To { width, height } => (width, height),
            Resize::Shortest(edge) => {
                let (short, long) = (width.min(height), width.max(height));
                // Python divides integers as floats, and truncates.
                let long = (edge as f64 * long as f64 / short as f64) as usize;
                if width <= height { (edge, long) } else { (long, edge) }
            }
        }
    }
}

/// The part of an axis to keep and its position in the result: `center_crop` of transformers'
/// `image_transforms.py`, and torchvision's, which rounds half to even.
fn crop_axis(method: Method, source: usize, resized: usize, crop: usize) -> (Axis, usize) {
    if resized >= crop {
        let beyond = resized - crop;
        let first = match method {
            Method::ImageReward => beyond / 2 + usize::from(beyond % 4 == 3),
            Method::Clip | Method::Hps => beyond / 2,
        };
        return (Axis { source, resized, first, kept: crop }, 0);
    }
    // transformers rounds the padding up and the crop's negative start down, which cancels out.
    let padding = (crop - resized).div_ceil(2);
    (Axis { source, resized, first: 0, kept: resized }, padding)
}
