//! The Inception network of the package `pytorch-fid`, for the Fréchet Inception distance.
//!
//! ```text
//! image file ─► RGB ─► [299, 299, 3], −1 to 1 ─► stem ─► blocks A, B, C, D, E ─► mean ─► [2048]
//! ```
//!
//! It computes what `pytorch_fid.inception.InceptionV3` computes with the weights
//! `pt_inception-2015-12-05-6726825d.pth`, TensorFlow's network of 2015. That network differs from
//! torchvision's: the average pools of four blocks leave out the padding, and the last block has a
//! maximum instead.
//!
//! Images are `[height, width, channels]`, so that a convolution is a matrix product of image
//! patches. It runs on the kernels of the towers, on the CPU.

mod convolution;
mod error;
mod image;
mod load;
mod network;
mod pool;
mod prepare;

use std::path::Path;

use pickscore_checkpoint::weights::{Tensor, read_tensors};
use pickscore_common::regular::read_regular;
use pickscore_pixels::{Limits, PixelError, decode};

pub use error::InceptionError;
use network::Network;

use crate::scorer::PerImage;

/// Number of features of an image.
pub const FEATURES: usize = 2048;
/// The address of the published weights.
pub const WEIGHTS: &str = "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/\
    pt_inception-2015-12-05-6726825d.pth";
/// Maximum size of a file of weights in bytes; the published one has 95 MB.
const LARGEST: u64 = 512 << 20;

/// The network with its weights.
#[derive(Debug)]
pub struct Inception {
    network: Network,
    limits: Limits,
}

impl Inception {
    /// Reads the weights as published, or the same tensors as safetensors.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or does not contain this network.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, InceptionError> {
        let file = path.display().to_string();
        let unread = |reason: String| InceptionError::File { file: file.clone(), reason };
        let bytes = read_regular(path, LARGEST).map_err(|error| unread(error.to_string()))?;
        let tensors = read_tensors(&bytes).map_err(|error| unread(error.to_string()))?;
        Self::new(tensors, limits)
    }

    /// Builds the network from the tensors of `pytorch-fid`'s state dict.
    ///
    /// # Errors
    ///
    /// If a tensor is missing or has another shape.
    pub fn new(tensors: Vec<Tensor>, limits: Limits) -> Result<Self, InceptionError> {
        Ok(Self { network: Network::new(tensors)?, limits })
    }

    /// The features of encoded images, each `[2048]`; on all cores with the feature `parallel`.
    pub fn features(&self, images: &[&[u8]]) -> PerImage<Vec<f32>> {
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            images.par_iter().map(|image| self.features_of(image)).collect()
        }
        #[cfg(not(feature = "parallel"))]
        images.iter().map(|image| self.features_of(image)).collect()
    }

    fn features_of(&self, image: &[u8]) -> Result<Vec<f32>, PixelError> {
        Ok(self.network.features(prepare::prepare(&decode(image, &self.limits)?)))
    }
}
