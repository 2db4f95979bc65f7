//! [`Pixels`] → embedding

#[cfg(feature = "train")]
use burn::tensor::{Int, Tensor, TensorData};
use pickscore_checkpoint::config::VisionConfig;
use pickscore_pixels::Pixels;

use super::{
    Linear,
    block::{Block, LayerNorm, pooled},
    kernels::Steps,
};

/// The vision transformer: patches and a class token, whose last state stands for the image.
#[derive(Debug)]
pub(super) struct VisionTower<S: Steps> {
    pub(super) config: VisionConfig,
    pub(super) steps: S,
    /// `[width, 3 · patch²]`
    pub(super) patch: Linear<S>,
    /// `[positions, width]`: the class token's first, with the class embedding in it.
    pub(super) position: S::Matrix,
    pub(super) pre_norm: LayerNorm<S>,
    pub(super) blocks: Vec<Block<S>>,
    pub(super) post_norm: LayerNorm<S>,
    /// `[projection, width]`
    pub(super) projection: Linear<S>,
}

impl<S: Steps> VisionTower<S> {
    /// Images → embeddings, not yet of unit length.
    ///
    /// # Shapes
    ///
    /// - images: `batch` × `[3, size, size]`; every one has the size of the configuration
    /// - output: `[batch, projection]`
    pub(super) fn forward(&self, images: &[&Pixels]) -> S::Matrix {
        let positions = self.config.positions();
        let every: Vec<usize> = (0..positions - 1).collect();
        let patches = self.patches(images, |_| &every);
        let embedded = self.patch.forward_over(&self.steps, patches, &self.position);
        self.pool(embedded, images.len(), positions)
    }

    /// `[batch · positions, width]`, the class token of each first → `[batch, projection]`
    fn pool(&self, embedded: S::Matrix, batch: usize, positions: usize) -> S::Matrix {
        let steps = &self.steps;
        let stream = self.pre_norm.forward(steps, &embedded);
        let rows: Vec<usize> = (0..batch).map(|sample| sample * positions).collect();
        let class = pooled(steps, &self.blocks, stream, positions, &rows);
        self.projection.forward(steps, self.post_norm.forward(steps, &class), None)
    }

    /// Images cut into patches, each flattened as the convolution's kernel is: channel, row,
    /// column. The patches of an image follow a row of zeros for the class token, whose product is
    /// zero.
    ///
    /// # Shapes
    ///
    /// - places: which patches of an image, the same number `kept` of each
    /// - output: `[batch · (1 + kept), 3 · patch²]`
    fn patches<'a>(&self, images: &[&Pixels], places: impl Fn(usize) -> &'a [usize]) -> S::Matrix {
        let (grid, patch) = (self.config.grid(), self.config.patch_size);
        let size = self.config.image_size;
        let length = 3 * patch * patch;
        let mut values = Vec::with_capacity(images.len() * (1 + grid * grid) * length);
        for (index, image) in images.iter().enumerate() {
            values.resize(values.len() + length, 0.0);
            for (down, across) in places(index).iter().map(|place| (place / grid, place % grid)) {
                for channel in 0..3 {
                    for row in 0..patch {
                        let line = channel * size + down * patch + row;
                        let start = line * size + across * patch;
                        values.extend_from_slice(&image.values[start..start + patch]);
                    }
                }
            }
        }
        self.steps.matrix(values, length)
    }
}

#[cfg(feature = "train")]
impl<S: Steps<Matrix = Tensor<2>>> VisionTower<S> {
    /// As [`VisionTower::forward`], from some patches of each image: what training sees under
    /// patch dropout.
    ///
    /// # Shapes
    ///
    /// - images: `batch` × `[3, size, size]`
    /// - seen: `batch` × `[kept]`, the patches' places in `0..grid²`; the same number of each image
    /// - output: `[batch, projection]`
    pub(super) fn forward_seen(&self, images: &[&Pixels], seen: &[Vec<usize>]) -> Tensor<2> {
        let positions = 1 + seen.first().map_or(0, Vec::len);
        let places: Vec<i64> = seen
            .iter()
            .flat_map(|seen| std::iter::once(0).chain(seen.iter().map(|&place| place as i64 + 1)))
            .collect();
        let places = TensorData::new(places, [images.len() * positions]);
        let places = Tensor::<1, Int>::from_data(places, &self.position.device());
        let places = self.position.clone().select(0, places);
        let patches = self.patches(images, |image| &seen[image]);
        let embedded = self.patch.forward_onto(&self.steps, patches, places);
        self.pool(embedded, images.len(), positions)
    }
}
