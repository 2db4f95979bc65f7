//! The token embedding, which stays in host memory: a prompt needs 77 of its 49,408 rows. Only in training it is on the device, to have a gradient.

use std::sync::Arc;

#[cfg(feature = "train")]
use burn::tensor::Int;
use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::weights::Values;

/// Token embeddings `[vocabulary, width]`.
#[derive(Debug, Clone)]
pub struct TokenTable(Place);

#[derive(Debug, Clone)]
enum Place {
    Host(Arc<Values>, usize),
    /// Boxed: a tensor is many times larger than the other.
    #[cfg(feature = "train")]
    Device(Box<Tensor<2>>),
}

impl TokenTable {
    /// A table in host memory, whose rows have this width.
    pub(super) fn host(values: Values, width: usize) -> Self {
        Self(Place::Host(Arc::new(values), width))
    }

    /// A table that is being trained.
    #[cfg(feature = "train")]
    pub(super) fn trained(values: Tensor<2>) -> Self {
        Self(Place::Device(Box::new(values)))
    }

    /// The rows of `ids`, one after the other: `[ids, width]`.
    ///
    /// Every id is below the vocabulary's size.
    pub(super) fn rows(&self, ids: &[u32], device: &Device) -> Tensor<2> {
        match &self.0 {
            Place::Host(values, width) => {
                let rows = TensorData::new(host_rows(values, *width, ids), [ids.len(), *width]);
                Tensor::from_data(rows, (device, DType::F32))
            }
            #[cfg(feature = "train")]
            Place::Device(values) => {
                let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
                let ids = Tensor::<1, Int>::from_data(ids.as_slice(), (device, DType::I32));
                values.as_ref().clone().select(0, ids)
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
