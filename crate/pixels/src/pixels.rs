//! A preprocessed image.

/// A preprocessed image, the input of the vision tower.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    /// Width and height.
    pub size: usize,
    /// Normalised values, `[3, size, size]`.
    pub values: Vec<f32>,
}
