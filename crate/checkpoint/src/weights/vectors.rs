//! A hash of a model's vectors, which identifies its weights in every file format and precision.

use std::collections::BTreeMap;

use half::f16;
use sha2::{Digest as _, Sha256};

/// Hashes of a model's vectors: biases, norms, positions and the logit scale.
///
/// Vectors are kept in f32 in every precision. They are rounded to f16 here, so that checkpoints
/// in f32 and f16 of the same model have the same hash.
#[derive(Debug, Default)]
pub(super) struct Vectors(BTreeMap<usize, [u8; 32]>);

impl Vectors {
    /// Adds the values of a vector by the index of its parameter.
    pub(super) fn add(&mut self, parameter: usize, values: &[f32]) {
        let mut hash = Sha256::new();
        for values in values.chunks(1024) {
            let rounded: Vec<u8> =
                values.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect();
            hash.update(rounded);
        }
        self.0.insert(parameter, hash.finalize().into());
    }

    /// The hash of all of them, in the order of the parameters.
    pub(super) fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        self.0.values().for_each(|vector| hash.update(vector));
        hash.finalize().into()
    }
}
