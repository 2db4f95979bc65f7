//! Two steps at a time.
//!
//! One instruction multiplies and adds pairs of 16-bit integers, at twice the throughput of f32.
//! With VNNI it also adds the result to the sums.

#[cfg(target_arch = "x86_64")]
use super::registers::x86::{Eight, Kind, Sixteen};
use super::{
    group::{Group, Pair, PanelGroups, Tile},
    registers::{Registers, four::Four},
};
use crate::towers::cpu::tile::{self, LANES};
use pickscore_checkpoint::weights::Blocks;

/// Most steps per block without overflow of its sum: 2³¹ / (127 · 32767), rounded down to a power
/// of two.
const MOST_BLOCK: usize = 512;

impl Group for Pair {
    const STEPS: usize = 2;
    type Input = [i16; 2];
    const ZERO: f32 = 0.0;

    /// A block must consist of whole pairs, and its sum must fit in an `i32`.
    fn can_take(blocks: &Blocks) -> bool {
        blocks.block.is_multiple_of(2) && (2..=MOST_BLOCK).contains(&blocks.block)
    }

    fn excess() -> f32 {
        0.0
    }

    #[inline(always)]
    fn store(numbers: &[u32], input: &mut [[i16; 2]]) {
        let input: &mut [i16] = bytemuck::cast_slice_mut(input);
        input.iter_mut().zip(numbers).for_each(|(x, number)| *x = *number as i16);
    }

    fn most_rows() -> usize {
        #[cfg(target_arch = "x86_64")]
        return Kind::fastest().map_or(Four::MOST_ROWS, Kind::most_rows);
        #[cfg(not(target_arch = "x86_64"))]
        Four::MOST_ROWS
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

/// Computes the sums of a tile on the given kind of registers.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "calls functions compiled for instruction sets that not every processor has")]
fn run_on(kind: Kind, tile: Tile<'_, Pair>) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn avx512_vnni(registers: Sixteen, tile: Tile<'_, Pair>) {
        run(registers, tile);
    }
    #[target_feature(enable = "avx2,fma,avxvnni")]
    fn avx_vnni(registers: Eight<true>, tile: Tile<'_, Pair>) {
        run(registers, tile);
    }
    #[target_feature(enable = "avx2,fma")]
    fn avx2(registers: Eight<false>, tile: Tile<'_, Pair>) {
        run(registers, tile);
    }
    // SAFETY: a value of each register type proves that the processor has the instruction sets for
    // which the function is compiled.
    unsafe {
        match kind {
            Kind::Avx512Vnni(registers) => avx512_vnni(registers, tile),
            Kind::AvxVnni(registers) => avx_vnni(registers, tile),
            Kind::Avx2(registers) => avx2(registers, tile),
        }
    }
}

/// Computes the sums of a tile with a loop for its number of rows.
#[inline(always)]
fn run<R: Registers>(registers: R, tile: Tile<'_, Pair>) {
    match tile.rows {
        1 => multiply::<R, 1>(registers, tile),
        2 => multiply::<R, 2>(registers, tile),
        3 => multiply::<R, 3>(registers, tile),
        4 => multiply::<R, 4>(registers, tile),
        rows if rows > R::MOST_ROWS => unreachable!("tiles have at most `most_rows` rows"),
        5 => multiply::<R, 5>(registers, tile),
        6 => multiply::<R, 6>(registers, tile),
        _ => multiply::<R, 7>(registers, tile),
    }
}

// Inlined, so that it is compiled for the selected instruction set. Wasm has only one, and there
// the browser's compiler runs out of registers within a larger function.
#[cfg_attr(not(target_family = "wasm"), inline(always))]
#[cfg_attr(target_family = "wasm", inline(never))]
fn multiply<R: Registers, const ROWS: usize>(registers: R, tile: Tile<'_, Pair>) {
    let width = R::COLUMNS;
    let input = tile.input.as_chunks::<ROWS>().0;
    let PanelGroups { weight, scales: all_scales, block, before, start: totals } = tile.panel;
    let weight = weight.as_chunks::<LANES>().0;
    let mut totals = [totals; ROWS];
    let mut next = tile.next.as_ptr();
    let advance = tile.next.len() / input.len().max(1);
    for first in (0..LANES).step_by(2 * width) {
        let (mut start, mut length) = (0, block - before);
        for scales in all_scales {
            let end = (start + length).min(input.len());
            let mut sums = [[registers.zero(); 2]; ROWS];
            for (input, weight) in input[start..end].iter().zip(&weight[start..end]) {
                // The last pass prefetches what follows.
                if first + 2 * width == LANES {
                    tile::prefetch::<{ tile::SECOND_LEVEL }>(next);
                    next = next.wrapping_add(advance);
                }
                // No closure, which would be compiled for the baseline if it were not inlined.
                let left = registers.widen(&weight[first..first + width]);
                let right = registers.widen(&weight[first + width..first + 2 * width]);
                for (pair, sums) in input.iter().zip(&mut sums) {
                    let x = registers.splat(*pair);
                    *sums = [registers.dot(x, left, sums[0]), registers.dot(x, right, sums[1])];
                }
            }
            for (sums, totals) in sums.iter().zip(&mut totals) {
                for (sum, at) in sums.iter().zip([first, first + width]) {
                    registers.scale(*sum, &scales[at..at + width], &mut totals[at..at + width]);
                }
            }
            (start, length) = (end, block);
        }
    }
    tile.finish(&totals);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::{cpu::tile::MOST_ROWS, definitions::numbers};

    type Run = dyn Fn(Tile<'_, Pair>);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        /// Tests all kinds, not only the one that this processor selects.
        #[test]
        fn all_kinds_of_registers_equal_the_definition(
            rows in 1usize..=7,
            pairs in 1usize..150,
            block in prop::sample::select(vec![1usize, 3, 16, 256]),
            before in 0usize..256,
            seed: u64,
        ) {
            let before = before % block;
            let values = |length: usize, most: f32, seed: u64| numbers(length, seed).into_iter().map(move |x| x * most);
            let input: Vec<[i16; 2]> =
                values(2 * pairs * rows, 32767.0, seed).map(|x| x as i16).collect::<Vec<_>>().as_chunks().0.to_vec();
            let weight: Vec<Pair> =
                values(2 * pairs * LANES, 127.0, seed ^ 1).map(|x| x as i8).collect::<Vec<_>>().as_chunks().0.to_vec();
            let blocks = (before + pairs).div_ceil(block);
            let scales: Vec<f32> = values(blocks * LANES, 0.01, seed ^ 2).collect();
            let row_scales: Vec<f32> = values(rows, 1.0, seed ^ 3).collect();
            let start = [0.5; LANES];

            let mut runs: Vec<(String, usize, Box<Run>)> =
                vec![("plain".into(), Four::MOST_ROWS, Box::new(|tile| run(Four, tile)))];
            #[cfg(target_arch = "x86_64")]
            for kind in Kind::all() {
                runs.push((format!("{kind:?}"), kind.most_rows(), Box::new(move |tile| run_on(kind, tile))));
            }
            for (name, most, run) in runs {
                let rows = rows.min(most);
                let input = &input[..pairs * rows];
                let mut sums = [[f32::NAN; LANES]; MOST_ROWS];
                let scales = scales.as_chunks().0;
                let panel = PanelGroups { weight: &weight, scales, block, before, start };
                run(Tile { rows, input, row_scales: &row_scales, panel, next: &[], sums: &mut sums });
                for row in 0..rows {
                    for lane in 0..LANES {
                        let (mut expected, mut magnitude) = (0.5, 0.5);
                        for pair in 0..pairs {
                            let scale = f64::from(scales[(before + pair) / block][lane]);
                            for step in 0..2 {
                                let x = f64::from(input[pair * rows + row][step]);
                                let product = x * f64::from(weight[pair * LANES + lane][step]) * scale;
                                expected += product;
                                magnitude += product.abs();
                            }
                        }
                        let row_scale = f64::from(row_scales[row]);
                        let error = (f64::from(sums[row][lane]) - expected * row_scale).abs();
                        prop_assert!(error <= 1e-5 * magnitude * row_scale.abs(), "{name}: row {row}, column {lane}, {error}");
                    }
                }
            }
        }
    }
}
