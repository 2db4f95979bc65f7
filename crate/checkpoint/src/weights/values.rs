//! The values of a parameter, and their precision.

use half::f16;

/// The precision of a model's matrices. Vectors (biases, norms, positions) are always f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32-bit floats, the reference.
    F32,
    /// 16-bit floats, with half the memory.
    F16,
    /// 8-bit integers in blocks with a shared scale, with a little over a quarter of the memory.
    Q8,
    /// Stored as [`Precision::Q8`]. The CPU also rounds the inputs of matrix products to 8 bits,
    /// which is faster and less accurate.
    Q8Fast,
}

impl Precision {
    /// All precisions.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Q8, Self::Q8Fast];

    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8 => "q8",
            Self::Q8Fast => "q8-fast",
        }
    }

    /// The precision with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|precision| precision.name() == name)
    }

    /// The precision of the values in memory and in files.
    pub fn stored(self) -> Self {
        match self {
            Self::F32 | Self::F16 | Self::Q8 => self,
            Self::Q8Fast => Self::Q8,
        }
    }
}

/// The values of one parameter, row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 16-bit floats.
    F16(Vec<f16>),
    /// 8-bit blocks.
    Q8(Blocks),
}

/// Symmetric 8-bit quantisation: `x ≈ value · scale of its block`.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// `[rows, columns]`, in −127..=127.
    pub values: Vec<i8>,
    /// One scale per block: `[rows, ceil(columns / block)]`.
    pub scales: Vec<f32>,
    /// Number of adjacent columns in a block. The last block of a row may be shorter.
    pub block: usize,
}

impl Blocks {
    /// Converts the values to f32, `[rows, columns]`.
    pub fn unpack(&self, columns: usize) -> Vec<f32> {
        let per_row = columns.div_ceil(self.block);
        let rows = self.values.chunks(columns).zip(self.scales.chunks(per_row));
        let parts = rows.flat_map(|(values, scales)| values.chunks(self.block).zip(scales));
        parts.flat_map(|(values, scale)| values.iter().map(move |&q| f32::from(q) * scale)).collect()
    }

    /// The sum of each row's values: `[rows]`
    pub fn row_sums(&self, columns: usize) -> Vec<f32> {
        let per_row = columns.div_ceil(self.block);
        let rows = self.values.chunks_exact(columns).zip(self.scales.chunks_exact(per_row));
        let scaled = |(values, scale): (&[i8], &f32)| {
            let sum: i32 = values.iter().map(|&q| i32::from(q)).sum();
            f64::from(sum) * f64::from(*scale)
        };
        rows.map(|(values, scales)| values.chunks(self.block).zip(scales).map(scaled).sum::<f64>() as f32)
            .collect()
    }
}

impl Values {
    /// Converts the values to f32, `[rows, columns]`.
    pub fn into_f32(self, columns: usize) -> Vec<f32> {
        match self {
            Self::F32(values) => values,
            Self::F16(values) => values.iter().map(|x| x.to_f32()).collect(),
            Self::Q8(blocks) => blocks.unpack(columns),
        }
    }
}
