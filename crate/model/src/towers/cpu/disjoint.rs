//! An output that threads write in disjoint pieces.

use std::marker::PhantomData;

/// A mutable slice shared between threads, each of which writes other elements.
pub(super) struct Disjoint<'a> {
    start: *mut f32,
    length: usize,
    slice: PhantomData<&'a mut [f32]>,
}

// SAFETY: all access goes through `pointer` and `slice`, whose callers guarantee that no two
// threads access the same element.
#[allow(unsafe_code, reason = "threads write interleaved columns, which slices cannot express")]
unsafe impl Sync for Disjoint<'_> {}

impl<'a> Disjoint<'a> {
    pub(super) fn new(values: &'a mut [f32]) -> Self {
        Self { start: values.as_mut_ptr(), length: values.len(), slice: PhantomData }
    }

    /// A pointer to the element at `offset`, which is at most the length.
    pub(super) fn pointer(&self, offset: usize) -> *mut f32 {
        debug_assert!(offset <= self.length);
        self.start.wrapping_add(offset)
    }

    /// The `length` elements from `offset` on.
    ///
    /// # Safety
    ///
    /// The range lies within the slice, and no other reference to any of its elements is alive.
    #[inline(always)]
    #[allow(unsafe_code, reason = "threads write interleaved columns, which slices cannot express")]
    #[allow(clippy::mut_from_ref, reason = "the caller guarantees that the range is not shared")]
    pub(super) unsafe fn slice(&self, offset: usize, length: usize) -> &mut [f32] {
        debug_assert!(offset + length <= self.length);
        // SAFETY: the caller guarantees that the range is valid and not shared.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(offset), length) }
    }
}
