//! Four steps at a time with inputs of 8 bits, for `q8-fast`.
//!
//! One instruction multiplies and adds groups of four 8-bit integers, at four times the throughput
//! of f32, where the processor has one (VNNI on x86, FEAT_DotProd on ARM, relaxed SIMD in wasm). On
//! x86 without VNNI, inputs are rounded to 7 bits, because the products of larger ones saturate.

use super::{
    group::{Group, Quad, Rounding, Tile},
    quads,
};
#[cfg(target_arch = "x86_64")]
use super::{
    multiply::{most_rows_on, run_on},
    registers::x86::Kind,
};
use crate::towers::cpu::tile::Heights;
use pickscore_checkpoint::weights::Blocks;

impl Group for Quad<1> {
    const STEPS: usize = 4;
    const RUN: usize = 2048;
    type Input = [[u8; 4]; 1];

    fn can_take(blocks: &Blocks) -> bool {
        quads::can_take(blocks)
    }

    fn rounding(row: &[f32]) -> Rounding {
        Rounding::bytes(row, largest(), quads::flipped_by())
    }

    #[inline(always)]
    fn store(numbers: &[u32], input: &mut [[[u8; 4]; 1]]) {
        let flipped = quads::flipped();
        let input: &mut [u8] = bytemuck::cast_slice_mut(input);
        input.iter_mut().zip(numbers).for_each(|(x, number)| *x = *number as u8 ^ flipped);
    }

    fn heights() -> Heights {
        #[cfg(target_arch = "x86_64")]
        if let Some(kind) = kind() {
            return Heights::up_to(most_rows_on::<Self>(kind));
        }
        quads::heights::<1>()
    }

    fn multiply(tile: Tile<'_, Self>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(kind) = kind() {
            return run_on(kind, tile);
        }
        quads::run(tile);
    }
}

/// The largest byte that this processor multiplies correctly.
pub(super) fn largest() -> u8 {
    #[cfg(target_arch = "x86_64")]
    if let Some(kind) = kind() {
        return kind.largest_byte();
    }
    quads::largest_byte()
}

/// The fastest kind of registers.
#[cfg(target_arch = "x86_64")]
fn kind() -> Option<Kind> {
    Kind::all().next()
}

/// Whether this processor multiplies bytes at least as fast as it multiplies q8 weights otherwise.
pub(in crate::towers::cpu) fn are_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return kind().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    quads::bytes_are_fast()
}
