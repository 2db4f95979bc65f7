//! Two steps at a time.
//!
//! One instruction multiplies and adds pairs of 16-bit integers, at twice the throughput of f32.
//! With VNNI it also adds the result to the sums.

use super::{
    group::{Group, Pair, Rounding, Tile},
    multiply::run,
    registers::{Multiplies, four::Four},
};
#[cfg(target_arch = "x86_64")]
use super::{
    multiply::{most_rows_on, run_on},
    registers::x86::Kind,
};
use crate::towers::cpu::tile::Heights;
use pickscore_checkpoint::weights::Blocks;

/// Most steps per block without overflow of its sum: 2³¹ / (127 · 32767), rounded down to a power
/// of two.
const MOST_BLOCK: usize = 512;

impl Group for Pair {
    const STEPS: usize = 2;
    const RUN: usize = 1024;
    type Input = [i16; 2];

    /// A block must consist of whole pairs, and its sum must fit in an `i32`.
    fn can_take(blocks: &Blocks) -> bool {
        blocks.block.is_multiple_of(2) && (2..=MOST_BLOCK).contains(&blocks.block)
    }

    fn rounding(row: &[f32]) -> Rounding {
        Rounding::fine(row, 0.0, 0.0)
    }

    #[inline(always)]
    fn store(numbers: &[u32], input: &mut [[i16; 2]]) {
        let input: &mut [i16] = bytemuck::cast_slice_mut(input);
        input.iter_mut().zip(numbers).for_each(|(x, number)| *x = *number as i16);
    }

    fn heights() -> Heights {
        #[cfg(target_arch = "x86_64")]
        if let Some(kind) = Kind::fastest() {
            return Heights::up_to(most_rows_on::<Self>(kind));
        }
        Heights::up_to(<Four as Multiplies<Self>>::MOST_ROWS)
    }

    fn multiply(tile: Tile<'_, Self>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(kind) = Kind::fastest() {
            return run_on(kind, tile);
        }
        run(Four, tile);
    }
}

/// Whether pairs are faster than f32 on this processor.
pub(in crate::towers::cpu) fn are_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return Kind::fastest().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    cfg!(target_family = "wasm")
}
