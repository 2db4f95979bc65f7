//! The innermost integer loop on ARM.
//!
//! A byte row is one byte of each input of a row, always signed: inputs of one byte are one byte
//! row, inputs of two bytes are two, first the upper bytes. Byte rows are multiplied in pairs. The
//! upper and the lower bytes of a row meet only after the last step.

use super::{
    group::{Group, Octet, PanelGroups, Quad, Tile},
    quads::BLOCK,
    registers::arm::{self, ByteRows, COLUMNS, Dot, Matrix},
};
use crate::towers::cpu::tile::{Heights, LANES};

/// Most byte rows of a tile. For eight columns, their sums and totals take 24 of 32 registers, and
/// the weights at most four.
const MOST: usize = 6;

/// The heights of tiles whose inputs have `bytes` bytes.
pub(super) const fn heights(bytes: usize) -> Heights {
    Heights { most: MOST / bytes, multiple: 2 / bytes }
}

/// Computes the sums of a tile with FEAT_DotProd.
#[allow(unsafe_code, reason = "calls a function compiled for instructions that not every processor has")]
pub(super) fn run_on_dot<const BYTES: usize>(registers: Dot, tile: Tile<'_, Quad<BYTES>>)
where
    Quad<BYTES>: Group,
{
    #[target_feature(enable = "neon,dotprod")]
    fn dot<G: Group>(registers: Dot, tile: Tile<'_, G>) {
        run::<G, Dot, 4>(registers, tile);
    }
    // SAFETY: `registers` proves that the processor has the instructions.
    unsafe { dot(registers, tile) }
}

/// Computes the sums of a tile with FEAT_I8MM.
#[allow(unsafe_code, reason = "calls a function compiled for instructions that not every processor has")]
pub(super) fn run_on_matrix<const BYTES: usize>(registers: Matrix, tile: Tile<'_, Octet<BYTES>>)
where
    Octet<BYTES>: Group,
{
    #[target_feature(enable = "neon,i8mm")]
    fn matrix<G: Group>(registers: Matrix, tile: Tile<'_, G>) {
        run::<G, Matrix, 8>(registers, tile);
    }
    // SAFETY: as in `run_on_dot`.
    unsafe { matrix(registers, tile) }
}

/// Computes the sums of a tile with a loop for its number of byte rows.
#[inline(always)]
fn run<G: Group, R: ByteRows<STEPS>, const STEPS: usize>(registers: R, tile: Tile<'_, G>) {
    match tile.rows * size_of::<G::Input>() / STEPS {
        2 => multiply::<G, R, STEPS, 1>(registers, tile),
        4 => multiply::<G, R, STEPS, 2>(registers, tile),
        _ => multiply::<G, R, STEPS, { MOST / 2 }>(registers, tile),
    }
}

#[inline(always)]
fn multiply<G: Group, R: ByteRows<STEPS>, const STEPS: usize, const PAIRS: usize>(
    registers: R,
    tile: Tile<'_, G>,
) {
    let PanelGroups { weight, scales, columns, .. } = tile.panel;
    let input = bytemuck::cast_slice::<_, u8>(tile.input).as_chunks::<STEPS>().0;
    let input = input.as_chunks::<2>().0.as_chunks::<PAIRS>().0;
    let weight = bytemuck::cast_slice::<_, i8>(weight).as_chunks::<STEPS>().0.as_chunks::<LANES>().0;
    let block = BLOCK / STEPS;
    for pass in 0..LANES / COLUMNS {
        let mut totals = [arm::zero_totals(); PAIRS];
        for ((input, weight), scales) in input.chunks(block).zip(weight.chunks(block)).zip(scales) {
            let mut sums = [arm::zero_sums(); PAIRS];
            for (input, weight) in input.iter().zip(weight) {
                let weight = registers.load(&weight.as_chunks().0[pass]);
                for (rows, sums) in input.iter().zip(&mut sums) {
                    *sums = registers.dot(registers.load_rows(rows), weight, *sums);
                }
            }
            let scales = registers.spread(&scales.as_chunks().0[pass]);
            for (sums, totals) in sums.into_iter().zip(&mut totals) {
                *totals = arm::scale(sums, scales, *totals);
            }
        }
        let columns = &columns.as_chunks().0[pass];
        for (pair, totals) in totals.into_iter().enumerate() {
            let [first, second] = registers.rows(totals);
            let mut finish = |row: usize, totals| {
                arm::finish(
                    totals,
                    &tile.row_scales[row],
                    columns,
                    &mut tile.sums[row].as_chunks_mut().0[pass],
                );
            };
            if size_of::<G::Input>() == STEPS {
                finish(2 * pair, first);
                finish(2 * pair + 1, second);
            } else {
                finish(pair, arm::join([first, second]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::cpu::integer::{
        case::{Case, Run},
        octets,
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn one_byte_row_equals_the_definition(
            pairs in 1usize..=3,
            groups in 1usize..100,
            extreme: bool,
            seed: u64,
        ) {
            let number = |x: f32| byte(x, extreme);
            let case = Case { rows: 2 * pairs, groups, block: 8, before: 0, seed };
            let runs = Dot::detect().map(|dot| -> Run<Quad<1>> {
                ("dot".into(), MOST, Box::new(move |tile| run_on_dot(dot, tile)))
            });
            case.check(runs.into_iter().collect(), number, |x| [x.map(|x| x as u8)], Quad)?;
            let case = Case { block: 4, ..case };
            let mut runs: Vec<Run<Octet<1>>> = vec![("plain".into(), MOST, Box::new(octets::plain))];
            runs.extend(Matrix::detect().map(|matrix| -> Run<Octet<1>> {
                ("matrix".into(), MOST, Box::new(move |tile| run_on_matrix(matrix, tile)))
            }));
            case.check(runs, number, |x| [x.map(|x| x as u8)], Octet)?;
        }

        #[test]
        fn two_byte_rows_equal_the_definition(
            rows in 1usize..=3,
            groups in 1usize..100,
            extreme: bool,
            seed: u64,
        ) {
            let number = |x: f32| if extreme { 257 * byte(x, true) } else { (x * 32500.0) as i32 };
            let upper = |x: i32| ((x + 128) >> 8) as u8;
            let case = Case { rows, groups, block: 8, before: 0, seed };
            let runs = Dot::detect().map(|dot| -> Run<Quad<2>> {
                ("dot".into(), MOST / 2, Box::new(move |tile| run_on_dot(dot, tile)))
            });
            case.check(runs.into_iter().collect(), number, |x| [x.map(upper), x.map(|x| x as u8)], Quad)?;
            let case = Case { block: 4, ..case };
            let mut runs: Vec<Run<Octet<2>>> = vec![("plain".into(), MOST / 2, Box::new(octets::plain))];
            runs.extend(Matrix::detect().map(|matrix| -> Run<Octet<2>> {
                ("matrix".into(), MOST / 2, Box::new(move |tile| run_on_matrix(matrix, tile)))
            }));
            case.check(runs, number, |x| [x.map(upper), x.map(|x| x as u8)], Octet)?;
        }
    }

    /// A signed byte; if `extreme`, often the largest or the smallest.
    fn byte(x: f32, extreme: bool) -> i32 {
        match extreme {
            true if x > 0.5 => 127,
            true if x < -0.5 => -128,
            _ => (x * 127.9) as i32,
        }
    }
}
