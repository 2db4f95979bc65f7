//! Where a prompt or an image lies in the space that both share.

/// A point of unit length in the space that prompts and images share, `[projection]` (1024 for PickScore), always f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// Scales a tower's output to unit length. A vector without direction (zero) stays zero.
    pub fn normalised(mut values: Vec<f32>) -> Self {
        let length = values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        if length > 0.0 {
            values.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
        }
        Self(values)
    }

    /// The numbers, `[projection]`.
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The numbers, `[projection]`.
    pub fn into_values(self) -> Vec<f32> {
        self.0
    }

    /// Cosine of the angle between two embeddings of the same model, −1 to 1.
    pub fn cosine(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() as f32
    }
}
