//! Eight steps at a time, on ARM with FEAT_I8MM.
//!
//! One instruction multiplies two byte rows by two columns: twice as much as a dot product.

use super::{
    byte_rows,
    group::{Group, Octet, Rounding, RowScale, Tile},
    quads::{self, ZERO},
    registers::arm::Matrix,
};
use crate::towers::cpu::tile::{Heights, LANES};
use pickscore_checkpoint::weights::Blocks;

/// The bit to flip in each input byte, which makes it signed and 128 less.
const SIGN: u8 = 0x80;
/// How much less an input byte is in a product.
const LESS: f32 = 128.0;

impl Group for Octet<1> {
    const STEPS: usize = 8;
    /// The weights of a panel take half of a common L1 cache.
    const RUN: usize = 1024;
    type Input = [[u8; 8]; 1];

    fn can_take(blocks: &Blocks) -> bool {
        quads::can_take(blocks)
    }

    fn rounding(row: &[f32]) -> Rounding {
        Rounding::bytes(row, u8::MAX, LESS)
    }

    #[inline(always)]
    fn store(numbers: &[u32], input: &mut [[[u8; 8]; 1]]) {
        let input: &mut [u8] = bytemuck::cast_slice_mut(input);
        input.iter_mut().zip(numbers).for_each(|(x, number)| *x = *number as u8 ^ SIGN);
    }

    fn heights() -> Heights {
        byte_rows::heights(1)
    }

    fn multiply(tile: Tile<'_, Self>) {
        multiply(tile);
    }
}

impl Group for Octet<2> {
    const STEPS: usize = 8;
    const RUN: usize = 512;
    /// The upper bytes of eight inputs, then their lower bytes.
    type Input = [[u8; 8]; 2];

    fn can_take(blocks: &Blocks) -> bool {
        quads::can_take(blocks)
    }

    fn rounding(row: &[f32]) -> Rounding {
        Rounding::fine(row, ZERO, ZERO - 257.0 * LESS)
    }

    #[inline(always)]
    fn store(numbers: &[u32], input: &mut [[[u8; 8]; 2]]) {
        let all = input.iter_mut().zip(numbers.as_chunks::<8>().0);
        all.for_each(|(x, numbers)| *x = [8, 0].map(|bits| numbers.map(|x| (x >> bits) as u8 ^ SIGN)));
    }

    fn heights() -> Heights {
        byte_rows::heights(2)
    }

    fn multiply(tile: Tile<'_, Self>) {
        multiply(tile);
    }
}

/// Whether octets are faster than quads on this processor.
pub(in crate::towers::cpu) fn are_fast() -> bool {
    Matrix::detect().is_some()
}

fn multiply<const BYTES: usize>(tile: Tile<'_, Octet<BYTES>>)
where
    Octet<BYTES>: Group<Input = [[u8; 8]; BYTES]>,
{
    match Matrix::detect() {
        Some(registers) => byte_rows::run_on_matrix(registers, tile),
        None => plain(tile),
    }
}

/// Computes the sums of a tile on any processor, without regard to speed.
pub(super) fn plain<const BYTES: usize>(tile: Tile<'_, Octet<BYTES>>)
where
    Octet<BYTES>: Group<Input = [[u8; 8]; BYTES]>,
{
    let Tile { rows, input, row_scales, panel, sums, .. } = tile;
    for (row, RowScale { scale, zero }) in row_scales.iter().enumerate() {
        for (column, sum) in sums[row].iter_mut().enumerate() {
            let total: f32 = (0..input.len() / rows)
                .map(|group| {
                    let (x, weight) = (input[group * rows + row], panel.weight[group * LANES + column]);
                    let number =
                        |step: usize| x.iter().fold(0, |x, byte| 256 * x + i32::from(byte[step] as i8));
                    let products = (0..8).map(|step| number(step) * i32::from(weight.0[step]));
                    products.sum::<i32>() as f32 * panel.scales[group / panel.block][column]
                })
                .sum();
            *sum = scale * (total - zero * panel.columns[column]);
        }
    }
}
