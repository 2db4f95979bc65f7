//! What one parameter's numbers are stored as.

use half::f16;

/// What the matrices of a model are stored as. Vectors (biases, norms, positions) are always f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floats: the reference.
    F32,
    /// 16-bit floats: half the memory.
    F16,
    /// 8-bit integers in blocks that share a scale: a little over a quarter of the memory.
    Q8,
}

/// The numbers of one parameter, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 16-bit floats.
    F16(Vec<f16>),
    /// 8-bit blocks.
    Q8(Blocks),
}

/// Symmetric 8-bit quantisation: `x ≈ values · scale of its block`.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// `[rows, columns]`, in −127..=127.
    pub values: Vec<i8>,
    /// One for each `block` neighbours of a row: `[rows, ceil(columns / block)]`.
    pub scales: Vec<f32>,
    /// How many neighbouring columns share a scale. A row's last block may be shorter.
    pub block: usize,
}

impl Blocks {
    /// The numbers as f32, `[rows, columns]`.
    pub fn unpack(&self, columns: usize) -> Vec<f32> {
        let per_row = columns.div_ceil(self.block);
        let rows = self.values.chunks(columns).zip(self.scales.chunks(per_row));
        let parts = rows.flat_map(|(values, scales)| values.chunks(self.block).zip(scales));
        parts.flat_map(|(values, scale)| values.iter().map(move |&q| f32::from(q) * scale)).collect()
    }
}

impl Values {
    /// The numbers as f32, `[rows, columns]`.
    pub fn into_f32(self, columns: usize) -> Vec<f32> {
        match self {
            Self::F32(values) => values,
            Self::F16(values) => values.iter().map(|x| x.to_f32()).collect(),
            Self::Q8(blocks) => blocks.unpack(columns),
        }
    }
}
