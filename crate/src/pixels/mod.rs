//! encoded image → [`Pixels`]

/// An image as the vision tower reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixels {
    /// Width and height.
    pub size: usize,
    /// Normalised values, `[3, size, size]`.
    pub values: Vec<f32>,
}
