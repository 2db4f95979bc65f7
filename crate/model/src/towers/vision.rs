//! [`Pixels`] → embedding

#[cfg(feature = "train")]
use burn::tensor::Int;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::{Block, LayerNorm, Linear, block::pooled};
use pickscore_checkpoint::config::VisionConfig;
use pickscore_pixels::Pixels;

/// The vision transformer: patches and a class token, whose last state stands for the image.
#[derive(Debug, Clone)]
pub struct VisionTower {
    pub(super) config: VisionConfig,
    /// `[width, 3 · patch²]`
    pub(super) patch: Linear,
    /// `[positions, width]`: the class token's first, with the class embedding in it.
    pub(super) position: Tensor<2>,
    pub(super) pre_norm: LayerNorm,
    pub(super) blocks: Vec<Block>,
    pub(super) post_norm: LayerNorm,
    /// `[projection, width]`
    pub(super) projection: Linear,
}

impl VisionTower {
    /// Images → embeddings, not yet of unit length.
    ///
    /// # Shapes
    ///
    /// - images: `batch` × `[3, size, size]`; every one has the size of the configuration
    /// - output: `[batch, projection]`
    pub(super) fn forward(&self, images: &[&Pixels], device: &Device) -> Tensor<2> {
        let positions = self.config.positions();
        let every: Vec<usize> = (0..positions - 1).collect();
        let patches = self.patches(images, |_| &every, device);
        self.pool(self.patch.forward_over(patches, self.position.clone()), positions)
    }

    /// The same of some patches of each image: what training sees under patch dropout.
    ///
    /// # Shapes
    ///
    /// - images: `batch` × `[3, size, size]`
    /// - seen: `batch` × `[kept]`, the patches' places in `0..grid²`; the same number of each image
    /// - output: `[batch, projection]`
    #[cfg(feature = "train")]
    pub(super) fn forward_seen(&self, images: &[&Pixels], seen: &[Vec<usize>], device: &Device) -> Tensor<2> {
        let positions = 1 + seen.first().map_or(0, Vec::len);
        let places: Vec<i64> = seen
            .iter()
            .flat_map(|seen| std::iter::once(0).chain(seen.iter().map(|&place| place as i64 + 1)))
            .collect();
        let places = TensorData::new(places, [images.len() * positions]);
        let places = self.position.clone().select(0, Tensor::<1, Int>::from_data(places, device));
        let patches = self.patches(images, |image| &seen[image], device);
        self.pool(self.patch.forward_onto(patches, places), positions)
    }

    /// `[batch · positions, width]`, the class token of each first → `[batch, projection]`
    fn pool(&self, embedded: Tensor<2>, positions: usize) -> Tensor<2> {
        let batch = embedded.dims()[0] / positions;
        let stream = self.pre_norm.forward(embedded);
        let rows: Vec<usize> = (0..batch).map(|sample| sample * positions).collect();
        let class = pooled(&self.blocks, stream, positions, &rows);
        self.projection.forward(self.post_norm.forward(class), None)
    }

    /// Images cut into patches, each flattened as the convolution's kernel is: channel, row, column. Before those of an image comes a row of zeros, whose
    /// product is nothing, for the class token.
    ///
    /// # Shapes
    ///
    /// - places: which patches of an image, the same number `kept` of each
    /// - output: `[batch · (1 + kept), 3 · patch²]`
    fn patches<'a>(
        &self,
        images: &[&Pixels],
        places: impl Fn(usize) -> &'a [usize],
        device: &Device,
    ) -> Tensor<2> {
        let (grid, patch, size) = (self.config.grid(), self.config.patch_size, self.config.image_size);
        let length = 3 * patch * patch;
        let mut values = Vec::with_capacity(images.len() * (1 + grid * grid) * length);
        for (index, image) in images.iter().enumerate() {
            values.resize(values.len() + length, 0.0);
            for (down, across) in places(index).iter().map(|place| (place / grid, place % grid)) {
                for (channel, row) in (0..3).flat_map(|channel| (0..patch).map(move |row| (channel, row))) {
                    let start = (channel * size + down * patch + row) * size + across * patch;
                    values.extend_from_slice(&image.values[start..start + patch]);
                }
            }
        }
        let shape = [values.len() / length, length];
        Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
    }
}
