//! [`Pixels`] → embedding

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
        let positions = self.config.positions();
        let width = self.config.transformer.width;
        let patches = self.patch.forward(self.patches(images, device), None).cast(DType::F32);
        let patches = patches.reshape([batch, positions - 1, width]);
        let class = self.class.clone().unsqueeze::<3>().expand([batch, 1, width]);
        let embedded = Tensor::cat(vec![class, patches], 1) + self.position.clone().unsqueeze::<3>();

        let stream = self.pre_norm.forward(embedded.reshape([batch * positions, width]));
        let rows: Vec<usize> = (0..batch).map(|sample| sample * positions).collect();
        let class = pooled(&self.blocks, stream, positions, &rows);
        self.projection.forward(self.post_norm.forward(class), None)
    }

    /// Images cut into patches, each flattened as the convolution's kernel is: channel, row, column.
    ///
    /// # Shapes
    ///
    /// - output: `[batch · grid², 3 · patch²]`
    fn patches(&self, images: &[&Pixels], device: &Device) -> Tensor<2> {
        let (grid, patch, size) = (self.config.grid(), self.config.patch_size, self.config.image_size);
        let mut values = Vec::with_capacity(images.len() * grid * grid * 3 * patch * patch);
        for image in images {
            for (down, across) in (0..grid).flat_map(|down| (0..grid).map(move |across| (down, across))) {
                for (channel, row) in (0..3).flat_map(|channel| (0..patch).map(move |row| (channel, row))) {
                    let start = (channel * size + down * patch + row) * size + across * patch;
                    values.extend_from_slice(&image.values[start..start + patch]);
                }
            }
        }
        let shape = [images.len() * grid * grid, 3 * patch * patch];
        Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
    }
}
