//! Token and position embeddings, which stay in host memory: a prompt needs 77 of the table's 49,408 rows. Only in training they are on the device, to have
//! gradients.

use std::sync::Arc;

#[cfg(feature = "train")]
use burn::tensor::Int;
use burn::tensor::{DType, Device, Tensor, TensorData};

use pickscore_checkpoint::weights::Values;

/// Token embeddings `[vocabulary, width]` and position embeddings `[context, width]`.
#[derive(Debug, Clone)]
pub struct TokenTable(Place);

#[derive(Debug, Clone)]
enum Place {
    Host {
        token: Arc<Values>,
        position: Arc<Vec<f32>>,
        width: usize,
    },
    /// Boxed: a tensor is many times larger than the other.
    #[cfg(feature = "train")]
    Device(Box<[Tensor<2>; 2]>),
}

impl TokenTable {
    /// Tables in host memory, whose rows have this width.
    pub(super) fn host(token: Values, position: Vec<f32>, width: usize) -> Self {
        Self(Place::Host { token: Arc::new(token), position: Arc::new(position), width })
    }

    /// Tables that are being trained.
    #[cfg(feature = "train")]
    pub(super) fn trained(token: Tensor<2>, position: Tensor<2>) -> Self {
        Self(Place::Device(Box::new([token, position])))
    }

    /// Token plus position of sequences of `length`, one after the other: `[ids, width]`.
    ///
    /// Every id is below the vocabulary's size, and the length at most the context.
    pub(super) fn embed(&self, ids: &[u32], length: usize, device: &Device) -> Tensor<2> {
        match &self.0 {
            Place::Host { token, position, width } => {
                let mut rows = host_rows(token, *width, ids);
                for sequence in rows.chunks_mut(length * width) {
                    sequence.iter_mut().zip(position.iter()).for_each(|(row, position)| *row += position);
                }
                Tensor::from_data(TensorData::new(rows, [ids.len(), *width]), (device, DType::F32))
            }
            #[cfg(feature = "train")]
            Place::Device(tables) => {
                let [token, position] = tables.as_ref().clone();
                let [_, width] = token.dims();
                let rows: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
                let rows = Tensor::<1, Int>::from_data(rows.as_slice(), (device, DType::I32));
                let rows = token.select(0, rows).reshape([ids.len() / length, length, width]);
                (rows + position.narrow(0, 0, length).unsqueeze()).reshape([ids.len(), width])
            }
        }
    }
}

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
