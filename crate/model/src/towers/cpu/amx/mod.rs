//! Products on Intel's AMX, which multiplies tiles of bf16 values sixteen times as fast as AVX-512
//! multiplies f32 values, and tiles of bytes twice as fast again.
//!
//! A bf16 value has the exponent of an f32 value and 8 of its 24 significant bits. An f32 value is
//! therefore the sum of three bf16 terms, each of which rounds what the previous ones leave. The
//! product of two sums of terms is the sum of the products of their terms; those below the
//! precision that is asked for are left out:
//!
//! | precision | terms of an input | of a weight | products | relative error of a product |
//! |---|---|---|---|---|
//! | f32 | 3 | 3 | 6 | 2⁻²⁴, as in f32 |
//! | f16 | 3 | 2, exactly | 5 | 2⁻²⁴ |
//! | q8 | 2 | 2 | 3 | 2⁻¹⁵ |
//!
//! The sums of all products are f32. Inputs are split once per product, weights each time a thread
//! starts on a part of them, so they take no more memory than elsewhere (`split.rs`). AMX takes
//! subnormal terms for zero, and values above 3.39e38 are rounded to infinity.
//!
//! `q8-fast` multiplies bytes (`bytes.rs`).

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod absent;
mod bytes;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod processor;
mod split;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub(super) use absent::Amx;
pub(super) use bytes::{Bytes, Rounded, round_input};
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(super) use processor::Amx;
pub(super) use split::{split_block, split_input, split_weight};

use super::tile::{Heights, LANES};

/// Steps that one instruction multiplies in bf16.
pub(super) const STEPS: usize = 32;
/// Rows, or columns, of a tile register.
const HEIGHT: usize = 16;
/// Most rows of a tile: two tile registers.
pub(super) const ROWS: usize = 2 * HEIGHT;
/// The heights of tiles. Both of a tile's registers have half of its rows.
pub(super) const HEIGHTS: Heights = Heights { most: ROWS, multiple: 2 };
/// The sums of a tile, `[rows, LANES]`.
pub(super) type Sums = [[f32; LANES]; ROWS];

/// One term of a tile's inputs, or of a panel's weights, for [`STEPS`] steps: two tile registers.
///
/// - Inputs: `[2, HEIGHT, STEPS]`. The first half of the tile's rows are in the first register, the
///   others in the second; if they are fewer, the rest is unused.
/// - Weights: `[2, STEPS / 2, HEIGHT, 2]`. Each register has sixteen columns, with neighbouring
///   steps next to each other.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(super) struct Term([[[u16; STEPS]; HEIGHT]; 2]);

/// How many f32 values hold `count` items, wherever their memory begins.
pub(super) fn memory<Item>(count: usize) -> usize {
    (count * size_of::<Item>() + align_of::<Item>()) / size_of::<f32>()
}

/// Views at least [`memory`] values as items. Their contents are unspecified.
pub(super) fn in_memory<Item: bytemuck::Pod>(memory: &mut [f32], count: usize) -> &mut [Item] {
    &mut bytemuck::pod_align_to_mut(memory).1[..count]
}
