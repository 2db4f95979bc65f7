//! The embedding of a prompt or an image.

/// A unit vector in the space shared by prompts and images: f32, `[projection]` (1024 for
/// PickScore).
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    values: Vec<f32>,
    length: f64,
}

impl Embedding {
    /// Normalises a tower's output to unit length. A zero vector stays zero.
    pub fn normalised(mut values: Vec<f32>) -> Self {
        let length = values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        if length > 0.0 {
            values.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
        }
        Self { values, length }
    }

    /// A unit vector of a tower's output of another length.
    #[must_use]
    pub fn with_length(self, length: f64) -> Self {
        Self { length, ..self }
    }

    /// The components, `[projection]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Length of the tower's output before normalisation.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// Consumes the embedding and returns its components, `[projection]`.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// Cosine similarity with another embedding of the same model, −1 to 1.
    pub fn cosine(&self, other: &Self) -> f32 {
        self.values.iter().zip(&other.values).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>() as f32
    }
}
