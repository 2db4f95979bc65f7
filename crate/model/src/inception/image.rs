//! Images between the layers.

/// An image with channels, `[height, width, channels]`.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) values: Vec<f32>,
}

impl Image {
    /// Joins the channels of images of equal size.
    pub(super) fn joined(images: &[Self]) -> Self {
        let Some(first) = images.first() else {
            return Self { height: 0, width: 0, channels: 0, values: Vec::new() };
        };
        let channels = images.iter().map(|image| image.channels).sum();
        let pixels = first.height * first.width;
        let mut values = Vec::with_capacity(pixels * channels);
        for pixel in 0..pixels {
            for Self { channels, values: from, .. } in images {
                values.extend_from_slice(&from[pixel * channels..(pixel + 1) * channels]);
            }
        }
        Self { height: first.height, width: first.width, channels, values }
    }
}
