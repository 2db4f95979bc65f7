//! Plain loops, compiled once for each instruction set and chosen at run time.

use pulp::{Arch, Simd, WithSimd};

/// Runs `task` as compiled for the best instruction set of this processor.
///
/// The closure, and whatever it calls, must be `#[inline(always)]`: only what is inlined here is
/// compiled for more than the lowest.
#[inline(always)]
pub(super) fn vectorized(task: impl FnMut()) {
    Arch::new().dispatch(Task(task));
}

/// pulp takes closures as well, but calls them by value, through a function that is not inlined and
/// so has the lowest instruction set.
struct Task<F>(F);

impl<F: FnMut()> WithSimd for Task<F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        (self.0)();
    }
}
