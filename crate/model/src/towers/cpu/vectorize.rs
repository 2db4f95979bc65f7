//! Loops compiled for every instruction set and selected at run time.

use pulp::{Arch, Simd, WithSimd};

/// Runs `task`, compiled for the best instruction set of this processor.
///
/// The closure and everything it calls must be `#[inline(always)]`; other functions are compiled
/// for the baseline instruction set.
#[inline(always)]
pub(super) fn vectorized(task: impl FnMut()) {
    Arch::new().dispatch(Task(task));
}

/// pulp also accepts closures, but calls them through a function that is not inlined and is thus
/// compiled for the baseline.
struct Task<F>(F);

impl<F: FnMut()> WithSimd for Task<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        (self.0)();
    }
}
