//! [`Pixels`] → embedding

#[cfg(feature = "train")]
use burn::tensor::Int;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::{Block, LayerNorm, Linear, block::pooled};
use crate::{config::VisionConfig, pixels::Pixels};

/// The vision transformer: patches and a class token, whose last state stands for the image.
#[derive(Debug, Clone)]
pub struct VisionTower {
    pub(super) config: VisionConfig,
    /// `[1, width]`
    pub(super) class: Tensor<2>,
    /// `[width, 3 · patch²]`
    pub(super) patch: Linear,
    /// `[positions, width]`: the class token's first.
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
        let batch = images.len();
        let (positions, width) = (self.config.positions(), self.config.transformer.width);
        let every: Vec<usize> = (0..positions - 1).collect();
        let patches = self.patch.forward(self.patches(images, |_| &every, device), None).cast(DType::F32);
        let patches = patches.reshape([batch, positions - 1, width]);
        let class = self.class.clone().unsqueeze::<3>().expand([batch, 1, width]);
        let embedded = Tensor::cat(vec![class, patches], 1) + self.position.clone().unsqueeze::<3>();
        self.pool(embedded)
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
        let batch = images.len();
        let (kept, width) = (seen.first().map_or(0, Vec::len), self.config.transformer.width);
        let patches = self.patch.forward(self.patches(images, |image| &seen[image], device), None);
        let places: Vec<i64> = seen.iter().flatten().map(|&place| place as i64 + 1).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [batch * kept]), device);
        let patches = patches.cast(DType::F32) + self.position.clone().select(0, places);
        let class = self.class.clone() + self.position.clone().narrow(0, 0, 1);
        let class = class.unsqueeze::<3>().expand([batch, 1, width]);
        self.pool(Tensor::cat(vec![class, patches.reshape([batch, kept, width])], 1))
    }

    /// `[batch, positions, width]`, the class token first → `[batch, projection]`
    fn pool(&self, embedded: Tensor<3>) -> Tensor<2> {
        let [batch, positions, width] = embedded.dims();
        let stream = self.pre_norm.forward(embedded.reshape([batch * positions, width]));
        let rows: Vec<usize> = (0..batch).map(|sample| sample * positions).collect();
        let class = pooled(&self.blocks, stream, positions, &rows);
        self.projection.forward(self.post_norm.forward(class), None)
    }

    /// Images cut into patches, each flattened as the convolution's kernel is: channel, row, column.
    ///
    /// # Shapes
    ///
    /// - places: which patches of an image, the same number `kept` of each
    /// - output: `[batch · kept, 3 · patch²]`
    fn patches<'a>(
        &self,
        images: &[&Pixels],
        places: impl Fn(usize) -> &'a [usize],
        device: &Device,
    ) -> Tensor<2> {
        let (grid, patch, size) = (self.config.grid(), self.config.patch_size, self.config.image_size);
        let length = 3 * patch * patch;
        let mut values = Vec::with_capacity(images.len() * grid * grid * length);
        for (index, image) in images.iter().enumerate() {
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
