//! The part of an axis to compute.

/// The part of an axis to compute: of `resized` output pixels, `kept` from `first` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) source: usize,
    pub(crate) resized: usize,
    pub(crate) first: usize,
    pub(crate) kept: usize,
}
