//! Preprocessing: transformers' `CLIPImageProcessor` (`image_processing_clip.py`), and the
//! transforms of HPS v2 and ImageReward.

mod config;
mod crop;
mod modes;
mod pad;

use crate::{
    decode::{decode, decode_original},
    error::PixelError,
    limits::Limits,
    original::Original,
    picture::Picture,
    pixels::Pixels,
};

/// CLIP's published mean of each channel.
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// CLIP's published standard deviation of each channel.
const DEVIATION: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// The size of an image before the crop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// Length of the shortest edge; the aspect ratio is kept.
    Shortest(usize),
    /// Both edges; the aspect ratio is not kept.
    To {
        /// Width.
        width: usize,
        /// Height.
        height: usize,
    },
}

/// The steps of preprocessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// transformers' `CLIPImageProcessor`: convert to RGB, resize with Pillow's bicubic filter,
    /// crop the centre. Beyond the image, the crop is black.
    Clip,
    /// HPS v2 and v2.1, as in `image_transform(size, is_train=False, resize_longest_max=True)` of
    /// the package `hpsv2`: convert to RGB and to a tensor of 0 to 1, resize the longest edge with
    /// torch's antialiased bicubic filter without clamping, pad with zeros.
    ///
    /// Some images that make the authors' code fail are supported: alpha is dropped, an image whose
    /// longest edge already has the right size is padded too, and an edge has at least one pixel.
    Hps,
    /// ImageReward, as in `_transform(size)` of the package `image-reward`, which is that of
    /// OpenAI's `clip`: resize the shortest edge with Pillow's bicubic filter in the image's own
    /// mode, crop the centre, convert to RGB. Palette images are resized by nearest neighbour, and
    /// colors are premultiplied by alpha for the resize.
    ImageReward,
}

/// Converts images to [`Pixels`].
#[derive(Debug, Clone, PartialEq)]
pub struct Processor {
    /// Width and height of the result.
    pub size: usize,
    /// The steps of preprocessing.
    pub method: Method,
    /// The size before the crop, for [`Method::Clip`].
    pub resize: Resize,
    /// Factor for levels, usually 1/255, for [`Method::Clip`]. The other methods divide by 255.
    pub rescale: f64,
    /// Mean of each channel, which is subtracted.
    pub mean: [f32; 3],
    /// Standard deviation of each channel, by which the channel is divided.
    pub deviation: [f32; 3],
    /// Limits on the images.
    pub limits: Limits,
}

impl Processor {
    /// CLIP's published values, for a model with this image size.
    pub fn clip(size: usize) -> Self {
        let resize = Resize::Shortest(size);
        Self {
            size,
            method: Method::Clip,
            resize,
            rescale: 1.0 / 255.0,
            mean: MEAN,
            deviation: DEVIATION,
            limits: Limits::default(),
        }
    }

    /// The published values of HPS v2 and v2.1, whose image size is 224.
    pub fn hps(size: usize) -> Self {
        Self { method: Method::Hps, ..Self::clip(size) }
    }

    /// ImageReward's published values; its image size is 224.
    pub fn image_reward(size: usize) -> Self {
        Self { method: Method::ImageReward, ..Self::clip(size) }
    }

    /// Decodes an image and prepares it.
    ///
    /// # Errors
    ///
    /// See [`PixelError`].
    pub fn pixels(&self, bytes: &[u8]) -> Result<Pixels, PixelError> {
        match self.method {
            Method::ImageReward => Ok(self.prepare_original(decode_original(bytes, &self.limits)?)),
            Method::Clip | Method::Hps => Ok(self.prepare(&decode(bytes, &self.limits)?)),
        }
    }

    /// Prepares an image that another program decoded: RGBA levels `[height, width, 4]`, not
    /// premultiplied, such as a canvas provides.
    ///
    /// # Errors
    ///
    /// See [`Picture::from_rgb`].
    pub fn pixels_of_rgba(&self, width: usize, height: usize, rgba: &[u8]) -> Result<Pixels, PixelError> {
        match self.method {
            Method::ImageReward => {
                let original = Original::from_rgba(width, height, rgba.to_vec(), &self.limits)?;
                Ok(self.prepare_original(original))
            }
            Method::Clip | Method::Hps => {
                Ok(self.prepare(&Picture::from_rgba(width, height, rgba, &self.limits)?))
            }
        }
    }

    /// Prepares a decoded RGB image.
    pub fn prepare(&self, picture: &Picture) -> Pixels {
        match self.method {
            Method::Hps => self.pad(picture),
            Method::Clip | Method::ImageReward => self.normalise(&self.crop(picture)),
        }
    }

    /// Prepares a decoded image in its own mode, which matters for ImageReward only.
    pub fn prepare_original(&self, original: Original) -> Pixels {
        match self.method {
            Method::ImageReward => self.normalise(self.crop_original(&original).into_picture().values()),
            Method::Clip | Method::Hps => self.prepare(&original.into_picture()),
        }
    }

    /// Levels `[size, size, 3]` → values `[3, size, size]`.
    fn normalise(&self, levels: &[u8]) -> Pixels {
        let mut values = Vec::with_capacity(levels.len());
        for channel in 0..3 {
            let table: [f32; 256] = std::array::from_fn(|level| {
                let rescaled = match self.method {
                    // The reference rescales in f64 and rounds to f32.
                    Method::Clip => (level as f64 * self.rescale) as f32,
                    Method::Hps | Method::ImageReward => level as f32 / 255.0,
                };
                (rescaled - self.mean[channel]) / self.deviation[channel]
            });
            values.extend(levels.iter().skip(channel).step_by(3).map(|&level| table[usize::from(level)]));
        }
        Pixels { size: self.size, values }
    }
}
