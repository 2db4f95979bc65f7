//! The innermost integer loop: a tile of rows times a range of one panel's groups.

#[cfg(target_arch = "x86_64")]
use super::registers::x86::{Eight, Kind, Sixteen};
use super::{
    group::{Group, PanelGroups, Tile},
    registers::Multiplies,
};
use crate::towers::cpu::tile::LANES;

/// Computes the sums of a tile on the given kind of registers.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "calls functions compiled for instruction sets that not every processor has")]
pub(super) fn run_on<G: Group>(kind: Kind, tile: Tile<'_, G>)
where
    Sixteen: Multiplies<G>,
    Eight<true>: Multiplies<G>,
    Eight<false>: Multiplies<G>,
{
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn avx512_vnni<G: Group>(registers: Sixteen, tile: Tile<'_, G>)
    where
        Sixteen: Multiplies<G>,
    {
        run(registers, tile);
    }
    #[target_feature(enable = "avx2,fma,avxvnni")]
    fn avx_vnni<G: Group>(registers: Eight<true>, tile: Tile<'_, G>)
    where
        Eight<true>: Multiplies<G>,
    {
        run(registers, tile);
    }
    #[target_feature(enable = "avx2,fma")]
    fn avx2<G: Group>(registers: Eight<false>, tile: Tile<'_, G>)
    where
        Eight<false>: Multiplies<G>,
    {
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

/// Most rows of a tile on the given kind of registers.
#[cfg(target_arch = "x86_64")]
pub(super) fn most_rows_on<G: Group>(kind: Kind) -> usize
where
    Sixteen: Multiplies<G>,
    Eight<true>: Multiplies<G>,
    Eight<false>: Multiplies<G>,
{
    match kind {
        Kind::Avx512Vnni(_) => <Sixteen as Multiplies<G>>::MOST_ROWS,
        Kind::AvxVnni(_) => <Eight<true> as Multiplies<G>>::MOST_ROWS,
        Kind::Avx2(_) => <Eight<false> as Multiplies<G>>::MOST_ROWS,
    }
}

/// Computes the sums of a tile with a loop for its number of rows.
#[inline(always)]
pub(super) fn run<G: Group, R: Multiplies<G>>(registers: R, tile: Tile<'_, G>) {
    match tile.rows {
        1 => multiply::<G, R, 1>(registers, tile),
        2 => multiply::<G, R, 2>(registers, tile),
        3 => multiply::<G, R, 3>(registers, tile),
        4 => multiply::<G, R, 4>(registers, tile),
        rows if rows > R::MOST_ROWS => unreachable!("tiles have at most `most_rows` rows"),
        5 => multiply::<G, R, 5>(registers, tile),
        6 => multiply::<G, R, 6>(registers, tile),
        _ => multiply::<G, R, 7>(registers, tile),
    }
}

// Inlined, so that it is compiled for the selected instruction set. Wasm has only one, and there
// the browser's compiler runs out of registers within a larger function.
#[cfg_attr(not(target_family = "wasm"), inline(always))]
#[cfg_attr(target_family = "wasm", inline(never))]
fn multiply<G: Group, R: Multiplies<G>, const ROWS: usize>(registers: R, tile: Tile<'_, G>) {
    let width = R::COLUMNS;
    // Arrays of known length, so that totals that are few enough stay in registers.
    let (rows, sums_of_rows) = (tile.row_scales.first_chunk(), tile.sums.first_chunk_mut());
    let (Some(rows), Some(sums_of_rows)) = (rows, sums_of_rows) else { return };
    let PanelGroups { weight, scales: all_scales, block, before, columns } = tile.panel;
    let (input, weight) = (tile.input.as_chunks::<ROWS>().0, weight.as_chunks::<LANES>().0);
    let mut totals = registers.start::<ROWS>(rows, &columns);
    let mut ahead = tile.ahead.over(input.len());
    for first in (0..LANES).step_by(2 * width) {
        let (mut start, mut length) = (0, block - before);
        for scales in all_scales {
            let end = (start + length).min(input.len());
            let mut sums = [[registers.zero(); 2]; ROWS];
            for (input, weight) in input[start..end].iter().zip(&weight[start..end]) {
                // The last pass prefetches what follows.
                if first + 2 * width == LANES {
                    ahead.step();
                }
                // No closure, which would be compiled for the baseline if it were not inlined.
                let left = registers.load(&weight[first..first + width]);
                let right = registers.load(&weight[first + width..first + 2 * width]);
                for (group, sums) in input.iter().zip(&mut sums) {
                    let x = registers.splat(*group);
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
    registers.finish(rows, &totals, sums_of_rows);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::cpu::integer::{
        case::{Case, Run},
        group::{Pair, Quad},
        quads,
        registers::four::{self, Four},
    };

    /// All kinds of registers, not only the one that this processor selects.
    #[cfg(target_arch = "x86_64")]
    fn kinds<G: Group>() -> impl Iterator<Item = Run<G>>
    where
        Sixteen: Multiplies<G>,
        Eight<true>: Multiplies<G>,
        Eight<false>: Multiplies<G>,
    {
        let run = |kind| -> crate::towers::cpu::integer::case::Compute<G> {
            Box::new(move |tile| run_on(kind, tile))
        };
        Kind::all().map(move |kind| (format!("{kind:?}"), most_rows_on::<G>(kind), run(kind)))
    }
    #[cfg(not(target_arch = "x86_64"))]
    fn kinds<G: Group>() -> impl Iterator<Item = Run<G>> {
        std::iter::empty()
    }

    /// What multiplies bytes, with the largest byte that it multiplies correctly.
    fn byte_runs() -> Vec<(i32, Run<Quad<1>>)> {
        let four: Run<Quad<1>> = ("four".into(), four::MOST_ROWS, Box::new(quads::run_on_four));
        #[cfg(target_arch = "x86_64")]
        let most = Kind::all().map(|kind| i32::from(kind.largest_byte()));
        #[cfg(not(target_arch = "x86_64"))]
        let most = std::iter::empty();
        most.zip(kinds()).chain([(255, four)]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn pairs_equal_the_definition_on_all_kinds_of_registers(
            rows in 1usize..=7,
            groups in 1usize..150,
            block in prop::sample::select(vec![1usize, 3, 16, 256]),
            before in 0usize..256,
            seed: u64,
        ) {
            let mut runs: Vec<Run<Pair>> = kinds().collect();
            runs.push(("four".into(), four::MOST_ROWS, Box::new(|tile| run(Four, tile))));
            let case = Case { rows, groups, block, before: before % block, seed };
            case.check(runs, |x| (x * 32767.0) as i32, |x| x.map(|x| x as i16), |w| w)?;
        }

        #[test]
        fn bytes_equal_the_definition_on_all_kinds_of_registers(
            rows in 1usize..=7,
            groups in 1usize..150,
            // Extremes, whose neighbours' sums come close to the limits of 16 bits.
            extreme: bool,
            seed: u64,
        ) {
            let case = Case { rows, groups, block: 8, before: 0, seed };
            for (largest, run) in byte_runs() {
                let number = |x: f32| match extreme {
                    true if x > -0.8 => largest,
                    _ => ((x + 1.0) * 0.4999 * largest as f32) as i32,
                };
                case.check(vec![run], number, |x| [x.map(|x| x as u8)], Quad)?;
            }
        }
    }
}
