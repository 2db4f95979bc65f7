//! The innermost integer loop: a tile of rows times a range of one panel's groups.

#[cfg(target_arch = "x86_64")]
use super::registers::x86::{Eight, Kind, Sixteen};
use super::{
    group::{Group, PanelGroups, Tile},
    registers::Multiplies,
};
use crate::towers::cpu::tile::{self, LANES};

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
    use crate::towers::{
        cpu::{
            integer::{
                group::{Pair, Quad, RowScale},
                quads,
                registers::four::{self, Four},
            },
            tile::MOST_ROWS,
        },
        definitions::numbers,
    };

    type Compute<G> = dyn Fn(Tile<'_, G>);
    /// A name, the most rows, and what computes a tile.
    type Run<G> = (String, usize, Box<Compute<G>>);

    /// All kinds of registers, not only the one that this processor selects.
    #[cfg(target_arch = "x86_64")]
    fn kinds<G: Group>() -> impl Iterator<Item = Run<G>>
    where
        Sixteen: Multiplies<G>,
        Eight<true>: Multiplies<G>,
        Eight<false>: Multiplies<G>,
    {
        let run = |kind| -> Box<Compute<G>> { Box::new(move |tile| run_on(kind, tile)) };
        Kind::all().map(move |kind| (format!("{kind:?}"), most_rows_on::<G>(kind), run(kind)))
    }
    #[cfg(not(target_arch = "x86_64"))]
    fn kinds<G: Group>() -> impl Iterator<Item = Run<G>> {
        std::iter::empty()
    }

    /// A tile of pseudorandom numbers.
    #[derive(Debug)]
    struct Case {
        rows: usize,
        groups: usize,
        /// Groups per block, and groups of the first block that precede the tile.
        block: usize,
        before: usize,
        seed: u64,
    }

    impl Case {
        fn values(&self, length: usize, most: f32, salt: u64) -> impl Iterator<Item = f32> {
            numbers(length, self.seed ^ salt).into_iter().map(move |x| x * most)
        }

        /// Compares the runs with the definition. `input` packs a row's numbers of a group, and
        /// `weight` a column's weights.
        fn check<G: Group, const STEPS: usize>(
            &self,
            runs: Vec<Run<G>>,
            number: impl Fn(f32) -> i32,
            input: impl Fn([i32; STEPS]) -> G::Input,
            weight: impl Fn([i8; STEPS]) -> G,
        ) -> Result<(), TestCaseError> {
            let &Self { rows, groups, block, before, .. } = self;
            let numbers: Vec<i32> = self.values(STEPS * groups * rows, 1.0, 0).map(number).collect();
            let bytes: Vec<i8> = self.values(STEPS * groups * LANES, 127.5, 1).map(|x| x as i8).collect();
            let packed: Vec<_> = numbers.as_chunks().0.iter().map(|&x| input(x)).collect();
            let weight: Vec<_> = bytes.as_chunks().0.iter().map(|&w| weight(w)).collect();
            let blocks = (before + groups).div_ceil(block);
            let scales: Vec<f32> = self.values(blocks * LANES, 0.01, 2).collect();
            let row_scales = self.values(rows, 1.0, 3).zip(self.values(rows, 300.0, 4));
            let row_scales: Vec<_> = row_scales.map(|(scale, zero)| RowScale { scale, zero }).collect();
            let columns: Vec<f32> = self.values(LANES, 1.0, 5).collect();
            let columns = *columns.first_chunk().expect("as many as lanes");
            for (name, most, run) in runs {
                // Each kind of registers has its own limit; the numbers are laid out by rows.
                if rows > most {
                    continue;
                }
                let mut sums = [[f32::NAN; LANES]; MOST_ROWS];
                let panel =
                    PanelGroups { weight: &weight, scales: scales.as_chunks().0, block, before, columns };
                run(Tile {
                    rows,
                    input: &packed,
                    row_scales: &row_scales,
                    panel,
                    next: &[],
                    sums: &mut sums,
                });
                for (row, lane) in (0..rows).flat_map(|row| (0..LANES).map(move |lane| (row, lane))) {
                    let RowScale { scale: row_scale, zero } = row_scales[row];
                    let start = -f64::from(zero) * f64::from(columns[lane]);
                    let (mut expected, mut magnitude) = (start, start.abs());
                    for (group, step) in
                        (0..groups).flat_map(|group| (0..STEPS).map(move |step| (group, step)))
                    {
                        let x = f64::from(numbers[(group * rows + row) * STEPS + step]);
                        let w = f64::from(bytes[(group * LANES + lane) * STEPS + step]);
                        let product = x * w * f64::from(scales[(before + group) / block * LANES + lane]);
                        (expected, magnitude) = (expected + product, magnitude + product.abs());
                    }
                    let row_scale = f64::from(row_scale);
                    let error = (f64::from(sums[row][lane]) - expected * row_scale).abs();
                    let bound = 1e-5 * magnitude * row_scale.abs();
                    prop_assert!(error <= bound, "{name}: row {row}, column {lane}, {error}");
                }
            }
            Ok(())
        }
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
            // Extremes, whose neighbours' sums would saturate in 16 bits.
            extreme: bool,
            seed: u64,
        ) {
            let mut runs: Vec<Run<Quad<1>>> = kinds().collect();
            runs.push(("four".into(), four::MOST_ROWS, Box::new(quads::run)));
            let case = Case { rows, groups, block: 8, before: 0, seed };
            let number = |x: f32| match extreme {
                true if x > -0.8 => 255,
                _ => ((x + 1.0) * 127.9) as i32,
            };
            let weight = |w: [i8; 4]| Quad(w);
            case.check(runs, number, |x| [x.map(|x| x as u8)], weight)?;
        }
    }
}
