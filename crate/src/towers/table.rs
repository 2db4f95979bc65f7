//! The token embedding, which stays in host memory: a prompt needs 77 of its 49,408 rows.

use std::sync::Arc;

use crate::weights::Values;

/// Token embeddings `[vocabulary, width]`.
#[derive(Debug, Clone)]
pub struct TokenTable {
    pub(super) values: Arc<Values>,
    pub(super) width: usize,
}

impl TokenTable {
    /// The rows of `ids`, one after the other: `[ids, width]`.
    ///
    /// Every id is below the vocabulary's size.
    pub(super) fn rows<'a>(&self, ids: impl Iterator<Item = &'a u32>) -> Vec<f32> {
        let width = self.width;
        let mut rows = Vec::new();
        for &id in ids {
            let start = id as usize * width;
            match &*self.values {
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
}
