//! Numbers → 8-bit blocks.

/// Neighbouring columns that share a scale.
pub(super) const BLOCK: usize = 32;

/// Rounds one block to `−127..=127` times the scale that it returns.
///
/// `source` and `target` are equally long. The largest number is met exactly; the error of the others is at most half the scale.
pub(super) fn block(source: &[f32], target: &mut [i8]) -> f32 {
    let largest = source.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let scale = largest / 127.0;
    // A block of zeros, or of numbers so small that their scale has no reciprocal.
    let inverse = if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 };
    for (target, x) in target.iter_mut().zip(source) {
        *target = (x * inverse).round() as i8;
    }
    scale
}
