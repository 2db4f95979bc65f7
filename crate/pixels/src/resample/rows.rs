//! The rows of an image.

use super::sample::Sample;

/// A source of rows.
pub(crate) trait Rows<T>: Sync {
    /// A row, `[width, CHANNELS]`, which may be computed into `scratch`.
    fn row<'a>(&'a self, row: usize, scratch: &'a mut Vec<T>) -> &'a [T];
}

/// Rows of bytes.
pub(crate) struct Plain<'a> {
    pub(crate) bytes: &'a [u8],
    /// Bytes per row.
    pub(crate) stride: usize,
}

impl Rows<u8> for Plain<'_> {
    fn row<'a>(&'a self, row: usize, _: &'a mut Vec<u8>) -> &'a [u8] {
        &self.bytes[row * self.stride..][..self.stride]
    }
}

/// Rows converted from bytes by a function.
pub(crate) struct Made<'a, T> {
    pub(crate) bytes: &'a [u8],
    /// Bytes per row.
    pub(crate) stride: usize,
    pub(crate) make: fn(&[u8], &mut Vec<T>),
}

impl<T: Sample> Rows<T> for Made<'_, T> {
    fn row<'a>(&'a self, row: usize, scratch: &'a mut Vec<T>) -> &'a [T] {
        scratch.clear();
        (self.make)(&self.bytes[row * self.stride..][..self.stride], scratch);
        scratch
    }
}
