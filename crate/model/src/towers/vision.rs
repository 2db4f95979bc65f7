//! The vision tower: [`Pixels`] → embedding.

#[cfg(feature = "train")]
use burn::tensor::{Int, Tensor, TensorData};
use pickscore_checkpoint::config::VisionConfig;
use pickscore_pixels::Pixels;

use super::{
    block::{Block, LayerNorm, pooled},
    linear::Linear,
    steps::Steps,
};

/// The vision transformer over a class token and patches. The embedding is computed from the final
/// state of the class token.
#[derive(Debug)]
pub(super) struct VisionTower<S: Steps> {
    pub(super) config: VisionConfig,
    pub(super) steps: S,
    /// `[width, 3 · patch²]`
    pub(super) patch: Linear<S>,
    /// `[positions, width]`, with the class embedding added to the first row.
    pub(super) position: S::Matrix,
    pub(super) pre_norm: LayerNorm<S>,
    pub(super) blocks: Vec<Block<S>>,
    pub(super) post_norm: LayerNorm<S>,
    /// `[projection, width]`
    pub(super) projection: Linear<S>,
}

impl<S: Steps> VisionTower<S> {
    /// Embeds images, without normalising to unit length.
    ///
    /// # Shapes
    ///
    /// - images: `batch` × `[3, size, size]`, with `size` as in the configuration
    /// - output: `[batch, projection]`
    pub(super) fn forward(&self, images: &[&Pixels]) -> S::Matrix {
        let positions = self.config.positions();
        let every: Vec<usize> = (0..positions - 1).collect();
        let patches = patches(&self.steps, &self.config, images, |_| &every);
        let embedded = self.patch.forward_add_repeated(&self.steps, patches, &self.position);
        self.pool(embedded, images.len(), positions)
    }

    /// Runs the blocks and pools the class token, the first row of each image:
    /// `[batch · positions, width]` → `[batch, projection]`
    fn pool(&self, embedded: S::Matrix, batch: usize, positions: usize) -> S::Matrix {
        let steps = &self.steps;
        let stream = self.pre_norm.forward(steps, &embedded);
        let rows: Vec<usize> = (0..batch).map(|sample| sample * positions).collect();
        let class = pooled(steps, &self.blocks, stream, positions, &rows);
        self.projection.forward(steps, self.post_norm.forward(steps, &class), None)
    }
}

#[cfg(feature = "train")]
impl<S: Steps<Matrix = Tensor<2>>> VisionTower<S> {
    /// As [`VisionTower::forward`], from a subset of the patches. Used for patch dropout.
    ///
    /// # Shapes
    ///
    /// - images: `batch` × `[3, size, size]`
    /// - seen: `batch` × `[kept]`, indices of patches in `0..grid²`
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
        let patches = patches(&self.steps, &self.config, images, |image| &seen[image]);
        let embedded = self.patch.forward_add(&self.steps, patches, places);
        self.pool(embedded, images.len(), positions)
    }
}

/// Cuts images into patches, each flattened in the order of the convolution's weight: channel,
/// row, column. The first row of each image is zero; it belongs to the class token.
///
/// # Shapes
///
/// - places: the indices of the patches of image `i`, `[kept]` for every image
/// - output: `[batch · (1 + kept), 3 · patch²]`
pub(super) fn patches<'a, S: Steps>(
    steps: &S,
    config: &VisionConfig,
    images: &[&Pixels],
    places: impl Fn(usize) -> &'a [usize],
) -> S::Matrix {
    let (grid, patch) = (config.grid(), config.patch_size);
    let size = config.image_size;
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
    steps.matrix(values, length)
}
