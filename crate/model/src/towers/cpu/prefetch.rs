//! Loads memory into the caches before it is read.

#[cfg(target_arch = "x86_64")]
pub(super) use std::arch::x86_64::{_MM_HINT_T0 as FIRST_LEVEL, _MM_HINT_T1 as SECOND_LEVEL};
#[cfg(not(target_arch = "x86_64"))]
pub(super) const FIRST_LEVEL: i32 = 0;
#[cfg(not(target_arch = "x86_64"))]
pub(super) const SECOND_LEVEL: i32 = 1;

/// Whether [`prefetch`] has an effect.
pub(super) const PREFETCHES: bool = cfg!(target_arch = "x86_64");

/// Prefetches the cache line at an address, which need not be valid.
#[inline(always)]
#[allow(unsafe_code, reason = "prefetching is an intrinsic that takes any address")]
pub(super) fn prefetch<const LEVEL: i32>(address: *const u8) {
    // SAFETY: prefetching never faults, whatever the address. SSE is part of x86-64.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::x86_64::_mm_prefetch::<LEVEL>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// What the tiles after the current one read.
///
/// Without the weights, a single image, which has few rows, would spend 10–20 % of the time waiting
/// for memory. Without the input, sixteen images of ViT-H/14 would spend a third: theirs does not
/// fit in any cache, and is read again for each group of panels.
#[derive(Clone, Copy, Default)]
pub(super) struct Ahead<'a> {
    pub(super) weight: &'a [u8],
    pub(super) input: &'a [u8],
}

impl Ahead<'_> {
    /// Prefetches it evenly, into the L2 cache, in `steps` calls of [`Prefetching::step`]: all of
    /// it, if that is at most a cache line a step.
    #[inline(always)]
    pub(super) fn over(self, steps: usize) -> Prefetching {
        let stream = |memory: &[u8]| Stream {
            start: memory.as_ptr(),
            offset: 0,
            advance: memory.len() * FRACTIONS / steps.max(1),
        };
        Prefetching([stream(self.weight), stream(self.input)])
    }
}

/// Prefetches while a tile is multiplied.
pub(super) struct Prefetching([Stream; 2]);

impl Prefetching {
    /// Prefetches the next cache lines.
    #[inline(always)]
    pub(super) fn step(&mut self) {
        for stream in &mut self.0 {
            prefetch::<SECOND_LEVEL>(stream.start.wrapping_add(stream.offset / FRACTIONS));
            stream.offset += stream.advance;
        }
    }
}

struct Stream {
    start: *const u8,
    /// In [`FRACTIONS`] of a byte, since many tiles share a panel's weights.
    offset: usize,
    advance: usize,
}

const FRACTIONS: usize = 256;
