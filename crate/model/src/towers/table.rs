//! Token and position embeddings. For scoring they stay in host memory, since a prompt reads at
//! most 77 of the table's 49,408 rows. Training keeps them on the device, where they have
//! gradients.

use std::fmt::Debug;

#[cfg(feature = "train")]
use burn::tensor::{DType, Int, Tensor};
use pickscore_checkpoint::weights::Values;

use super::steps::Steps;

/// A table of token and position embeddings.
pub(super) trait Table<S: Steps>: Debug + Send + Sync {
    /// Adds token and position embeddings: ids `[batch · length]` → `[batch · length, width]`
    ///
    /// Every ID is below the vocabulary size, and `length` is at most the context length.
    fn embed(&self, steps: &S, ids: &[u32], length: usize) -> S::Matrix;
}

/// A table in host memory.
#[derive(Debug)]
pub(super) struct HostTable {
    /// `[vocabulary, width]`
    pub(super) token: Values,
    /// `[context, width]`
    pub(super) position: Vec<f32>,
    pub(super) width: usize,
}

impl<S: Steps> Table<S> for HostTable {
    fn embed(&self, steps: &S, ids: &[u32], length: usize) -> S::Matrix {
        let mut rows = host_rows(&self.token, self.width, ids);
        for sequence in rows.chunks_mut(length * self.width) {
            let pairs = sequence.iter_mut().zip(self.position.iter());
            pairs.for_each(|(row, position)| *row += position);
        }
        steps.matrix(rows, self.width)
    }
}

/// A table with gradients.
#[cfg(feature = "train")]
#[derive(Debug)]
pub(super) struct TrainedTable {
    /// `[vocabulary, width]`
    pub(super) token: Tensor<2>,
    /// `[context, width]`
    pub(super) position: Tensor<2>,
}

#[cfg(feature = "train")]
impl<S: Steps<Matrix = Tensor<2>>> Table<S> for TrainedTable {
    fn embed(&self, _: &S, ids: &[u32], length: usize) -> Tensor<2> {
        let [_, width] = self.token.dims();
        let rows: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let device = self.token.device();
        let rows = Tensor::<1, Int>::from_data(rows.as_slice(), (&device, DType::I32));
        let rows = self.token.clone().select(0, rows);
        let rows = rows.reshape([ids.len() / length, length, width]);
        let position = self.position.clone().narrow(0, 0, length).unsqueeze();
        (rows + position).reshape([ids.len(), width])
    }
}

/// Looks up rows of a stored table: values `[vocabulary, width]`, ids `[n]` → `[n, width]`
fn host_rows(values: &Values, width: usize, ids: &[u32]) -> Vec<f32> {
    let mut rows = Vec::with_capacity(ids.len() * width);
    for &id in ids {
        let start = id as usize * width;
        match values {
            Values::F32(values) => rows.extend_from_slice(&values[start..start + width]),
            Values::F16(values) => rows.extend(values[start..start + width].iter().map(|x| x.to_f32())),
            Values::Q8(blocks) => {
                let per_row = width.div_ceil(blocks.block);
                let scales = &blocks.scales[id as usize * per_row..][..per_row];
                let parts = blocks.values[start..start + width].chunks(blocks.block).zip(scales);
                rows.extend(
                    parts.flat_map(|(values, scale)| values.iter().map(move |&q| f32::from(q) * scale)),
                );
            }
        }
    }
    rows
}
